"""A plain client for the v1 paths, as a stranger would write it."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import requests

from tests.support.sandbox import Sandbox

# A busy machine takes its time; only what fails waits for so long.
TIMEOUT = 60


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Ask until it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Caller:
    """Sends the token; ``path`` is relative to the organisation."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(sandbox.headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.sandbox.organization_url}/{path}"
        options.setdefault("timeout", TIMEOUT)
        return self.session.request(method, url, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, body: object, **options: Any) -> requests.Response:
        return self.send("POST", path, json=body, **options)

    def put(self, path: str, body: object, **options: Any) -> requests.Response:
        return self.send("PUT", path, json=body, **options)

    def delete(self, path: str) -> requests.Response:
        return self.send("DELETE", path)

    def campaign(self, at: int = 0) -> dict[str, Any]:
        """The campaign at that place of the list."""
        found: list[dict[str, Any]] = self.get("campaigns?per_page=500").json()
        return found[at]

    def advertiser(self, at: int = 0) -> dict[str, Any]:
        found: list[dict[str, Any]] = self.get("advertisers?per_page=500").json()
        return found[at]

    def ids(self, query: str = "per_page=500") -> list[str]:
        return [each["id"] for each in self.get(f"campaigns?{query}").json()]

    def new_without_asking(self, **options: Any) -> requests.Response:
        """The same, without first asking which advertisers there are."""
        found = self.sandbox.control("GET", "advertisers")["advertisers"]
        body = {"title": "Spring launch", "advertiserId": found[0]["id"]}
        return self.post("campaigns", body, **options)

    def new(self, **members: object) -> requests.Response:
        """A POST that is right but for what is given."""
        body = {"title": "Spring launch", "advertiserId": self.advertiser()["id"], **members}
        return self.post("campaigns", body)
