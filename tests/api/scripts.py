"""A script at the API, as the tests have it: a token, and calls that check what is always so."""

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.support.client import Client

BASE = "/api/v1"


@dataclass(frozen=True)
class Script:
    """Calls with one token. Each gives the answer's JSON, or the whole answer with ``call``."""

    client: Client
    token: str

    def call(
        self, method: str, path: str, status: int = 200, body: Any = None, **headers: str
    ) -> TestResponse:
        """``If_Match=…`` is the header ``If-Match``. Nothing waits for a worker unless asked to."""
        sent = {"Authorization": f"Bearer {self.token}", "Prefer": "respond-async"}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        answer = self.client.open(BASE + path, method=method, json=body, headers=sent)
        assert answer.status_code == status, answer.text
        assert answer.headers["X-Request-Id"]
        return answer

    def get(self, path: str, status: int = 200) -> Any:
        return self.call("GET", path, status).json

    def post(self, path: str, body: Any, status: int = 202, **headers: str) -> Any:
        return self.call("POST", path, status, body, **headers).json

    def put(self, path: str, body: Any, status: int = 202, **headers: str) -> Any:
        return self.call("PUT", path, status, body, **headers).json
