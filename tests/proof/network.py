"""The network between the worker and the sandbox, without sockets: it loses, delays and spoils.

Each request is handed to the sandbox's WSGI application by a transport of ``requests``, so that the
whole client of ours runs as it is. What becomes of a request is its *fate*.
"""

import contextvars
import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from flask import Flask
from requests.adapters import HTTPAdapter
from werkzeug.wrappers import Response

from tests.proof.clock import VirtualClock
from webapp.core import http
from webapp.core.http import HttpSession

ADDRESS = "http://127.0.0.1:9/api"
LATENCY = 0.2
TIMEOUT = 10.0
# A request is applied within so long of being sent, or never: what the protocol builds on.
SETTLE = 120.0
HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"


@dataclass(frozen=True)
class Fate:
    """What becomes of one request.

    ``refused``: no connection. ``lost``: sent, never applied, no answer. ``cut``: applied, no
    answer. ``late``: no answer, applied after ``seconds``. ``stale``: answered at once, the answer
    takes ``seconds`` to arrive. ``status`` (with ``retry_after``): answered so instead of applied.
    ``broken``: applied, and answered so. ``garbage``: applied, and answered with ``text``.
    """

    kind: str
    seconds: float = 0.0
    status: int = 500
    retry_after: str | None = None
    text: str = HTML

    def __str__(self) -> str:
        words = {"late": f" {self.seconds:.0f} s", "stale": f" {self.seconds:.0f} s"}
        words |= dict.fromkeys(("status", "broken"), f" {self.status}")
        return self.kind + words.get(self.kind, "")


@dataclass
class Sent:
    """One request on its way: what was known of it when its first byte left."""

    number: int
    method: str
    path: str
    at: float
    body: dict[str, Any] | None = None
    change_id: int | None = None
    campaign_id: int | None = None
    marked: dict[str, Any] | None = None
    last_event: int = 0
    applied_event: int | None = None
    status: int | None = None
    too_late: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def request_id(self) -> str:
        return f"call-{self.number}"


@dataclass
class Watcher:
    """Who is told of each request: before and as it leaves, when it is applied and answered."""

    before: Callable[[requests.PreparedRequest], None] = lambda _: None
    leaving: Callable[[Sent], None] = lambda _: None
    applied: Callable[[Sent], None] = lambda _: None
    answered: Callable[[Sent], None] = lambda _: None


class Network:
    """``fate`` says what becomes of a request; ``sent`` remembers each that left."""

    def __init__(self, app: Flask, clock: VirtualClock) -> None:
        self.app = app
        self.clock = clock
        self.latency: Callable[[str], float] = lambda _: LATENCY
        self.fate: Callable[[requests.PreparedRequest], Fate | None] = lambda _: None
        self.watcher = Watcher()
        self.sent: list[Sent] = []

    def session(self, user_agent: str) -> HttpSession:
        """What ``Outside.http`` wants: a session whose every request comes here."""
        session = HttpSession(user_agent, self.clock.monotonic)
        session.mount("http://", _Transport(self))
        return session

    def told_gone(self) -> frozenset[str]:
        """The records that the ad server has once said not to have, rightly or not."""
        gone = (sent for sent in self.sent if sent.status in (404, 410))
        return frozenset(sent.path.rpartition("/")[2] for sent in gone)

    def exchange(self, request: requests.PreparedRequest) -> urllib3.HTTPResponse:
        self.watcher.before(request)
        fate = self.fate(request)
        if fate and fate.kind == "refused":
            raise requests.ConnectionError("no connection")
        # As a socket does: from here on nobody can know whether the other side acted.
        watch = http._current.get()
        if watch is not None:
            watch.begin_sending()
        sent = self._note(request)
        answer = self._deliver(request, sent, fate)
        self.clock.move(self.latency(request.url or ""))
        self.watcher.answered(sent)
        if answer is None:
            self.clock.move(TIMEOUT)
            raise requests.ReadTimeout("no answer")
        sent.status = answer.status
        return answer

    def _note(self, request: requests.PreparedRequest) -> Sent:
        path = urlsplit(request.url or "").path
        sent = Sent(len(self.sent) + 1, request.method or "", path, self.clock.elapsed)
        if request.body:
            sent.body = json.loads(request.body)
        self.watcher.leaving(sent)
        self.sent.append(sent)
        return sent

    def _deliver(
        self, request: requests.PreparedRequest, sent: Sent, fate: Fate | None
    ) -> urllib3.HTTPResponse | None:
        kind = fate.kind if fate else ""
        if fate is None or kind == "stale":
            answer = self._apply(request, sent)
            self.clock.move(fate.seconds if fate else 0)
            return answer
        if kind == "late":
            sent.too_late = fate.seconds > SETTLE
            self.clock.after(fate.seconds, lambda: self._apply(request, sent))
        elif kind not in ("lost", "status"):
            self._apply(request, sent)
        return _instead(fate)

    def _apply(self, request: requests.PreparedRequest, sent: Sent) -> urllib3.HTTPResponse:
        """Let the sandbox act on it, apart from whatever our own code has in hand."""
        environ = _environ(request, sent)
        self.watcher.applied(sent)
        answer = contextvars.Context().run(Response.from_app, self.app, environ, buffered=True)
        return _answer(answer.status_code, dict(answer.headers), answer.get_data())


class _Transport(HTTPAdapter):
    def __init__(self, network: Network) -> None:
        super().__init__(max_retries=0)
        self._network = network

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        return self.build_response(request, self._network.exchange(request))


def _answer(status: int, headers: dict[str, str], body: bytes) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        body=BytesIO(body), headers=headers, status=status, preload_content=False
    )


def _instead(fate: Fate) -> urllib3.HTTPResponse | None:
    """What arrives in place of the answer; ``None`` for nothing."""
    if fate.kind in ("status", "broken"):
        headers = {"Retry-After": fate.retry_after} if fate.retry_after else {}
        return _answer(fate.status, headers, b'{"error":"so said the fault"}')
    if fate.kind == "garbage":
        return _answer(200, {"Content-Type": "text/html"}, fate.text.encode())
    return None


def _environ(request: requests.PreparedRequest, sent: Sent) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body = request.body or b""
    data = body.encode() if isinstance(body, str) else body
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path),
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(data)),
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "HTTP_X_REQUEST_ID": sent.request_id,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": BytesIO(data),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return environ | {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in request.headers.items()
        if name.lower() not in ("content-type", "content-length", "host")
    }
