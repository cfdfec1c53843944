"""A server in front of the sandbox: it hands each request on, or answers it as it was told.

A request that was told to be *applied* reaches the sandbox all the same; only its answer is spoilt.
"""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.adservers.wire import Script, WireServer
from tests.support.sandbox import PATIENCE

HOP_BY_HOP = ("connection", "content-length", "transfer-encoding", "keep-alive")


@dataclass(frozen=True)
class Real:
    """What the sandbox answered. ``but`` gives it with something else in it, as bytes to send."""

    status: str
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    def but(
        self, body: bytes | str | None = None, status: str = "", **headers: str | None
    ) -> bytes:
        """Headers are named with underscores; ``None`` leaves one out."""
        content = self.body if body is None else body
        content = content.encode() if isinstance(content, str) else content
        changed = {name.replace("_", "-").title(): value for name, value in headers.items()}
        lines = {"Content-Length": str(len(content)), **self.headers, **changed}
        head = "".join(f"{k}: {v}\r\n" for k, v in lines.items() if v is not None)
        return f"HTTP/1.1 {status or self.status}\r\n{head}\r\n".encode() + content

    def with_value(self, value: object, **headers: str | None) -> bytes:
        return self.but(json.dumps(value), **headers)


Spoil = Callable[[Real], Script]
NOTHING = Real("200 OK", {"Content-Type": "application/json"}, b"")


@dataclass
class Rule:
    """Answer requests of this method, whose path ends so, as ``spoil`` says."""

    method: str
    ending: str
    spoil: Spoil
    applied: bool = True
    times: int | None = None
    page: int | None = None
    hits: int = field(default=0)

    def wants(self, method: str, target: str) -> bool:
        parts = urlsplit(target)
        fits = method == self.method and parts.path.endswith(self.ending)
        fits = fits and (self.page is None or f"page={self.page}&" in f"{parts.query}&")
        return fits and (self.times is None or self.hits < self.times)


class Front(WireServer):
    """``rules`` are for the requests to spoil; without one a request is handed on."""

    def __init__(self, sandbox_port: int) -> None:
        self._sandbox_port = sandbox_port
        self.rules: list[Rule] = []
        super().__init__()

    def spoil(self, method: str, ending: str, spoil: Spoil, **options: Any) -> Rule:
        self.rules.append(Rule(method, ending, spoil, **options))
        return self.rules[-1]

    def recover(self) -> None:
        """From now on everything is handed on."""
        self.rules.clear()

    def _next_script(self) -> Script:
        method, target, _ = self.heads[-1].splitlines()[0].split(" ")
        for rule in self.rules:
            if rule.wants(method, target):
                rule.hits += 1
                return rule.spoil(self._hand_on(method, target) if rule.applied else NOTHING)
        return self._hand_on(method, target).but()

    def _hand_on(self, method: str, target: str) -> Real:
        names = (line.split(": ", 1) for line in self.heads[-1].splitlines()[1:])
        headers = {name: value for name, value in names if name.lower() not in HOP_BY_HOP}
        connection = http.client.HTTPConnection("127.0.0.1", self._sandbox_port, timeout=PATIENCE)
        try:
            # Compressed answers would have to be opened before they are spoilt.
            headers["Accept-Encoding"] = "identity"
            connection.request(method, target, body=self.bodies[-1] or None, headers=headers)
            answer = connection.getresponse()
            kept = {k.title(): v for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP}
            return Real(f"{answer.status} {answer.reason}", kept, answer.read())
        finally:
            connection.close()


def always(script: Script) -> Spoil:
    """The same, whatever the sandbox said."""
    return lambda _: script


def member(**changes: object) -> Spoil:
    """The record that was answered, with other members; a list's first row."""

    def spoil(real: Real) -> Script:
        value = real.value
        row = value[0] if isinstance(value, list) else value
        row.update(changes)
        return real.with_value(value)

    return spoil


def rows(change: Callable[[list[Any]], list[Any]]) -> Spoil:
    """The list that was answered, with other rows."""
    return lambda real: real.with_value(change(real.value))


def header(**changes: str | None) -> Spoil:
    """The answer with other headers."""
    return lambda real: real.but(None, **changes)
