"""The socket side: a small threaded HTTP/1.1 server that can also misbehave on purpose.

It speaks WSGI to the app and keeps connections alive. Unlike a well-bred server it can cut, stall,
dribble and promise more than it sends, as the app's :class:`Delivery` says.
"""

import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Response

from webapp.sandbox.delivery import KEY, Delivery

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_BODY = 5 * 1024 * 1024
CHUNK = 1024 * 1024
# Linger switched on for zero seconds: closing then resets instead of finishing.
RUDE = struct.pack("ii", 1, 0)


class WireServer(ThreadingMixIn, TCPServer):
    """One thread per connection; none of them keeps the process from ending."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, app: "WSGIApplication") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.app = app
        self.stopping = threading.Event()
        super().__init__((host, port), WireHandler)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is no error of ours; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class WireHandler(BaseHTTPRequestHandler):
    """Reads a request whole, asks the app, and delivers the answer as planned."""

    protocol_version = "HTTP/1.1"
    server_version = "megaphone-sandbox"
    sys_version = ""
    timeout = 120
    disable_nagle_algorithm = True
    server: WireServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet: the log of requests is read through the control endpoint."""

    def serve(self) -> None:
        """Answer one request of any verb."""
        body = self._read_body()
        if body is None:
            return
        delivery = Delivery(stopping=self.server.stopping)
        environ = self._environ(body) | {KEY: delivery}
        answer = Response.from_app(self.server.app, environ, buffered=True)
        self._deliver(answer, delivery)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        refused = _refusal(length, self.headers.get("Transfer-Encoding"))
        if refused:
            self.close_connection = True
            self.send_error(refused)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = value
        return environ

    def _deliver(self, answer: Response, delivery: Delivery) -> None:
        stopped = self._wait(delivery.delay + (delivery.silence or 0.0))
        if stopped or delivery.cut or delivery.silence is not None:
            self._hang_up(rudely=delivery.reset)
            return
        body = answer.get_data()
        head = self._head(answer, len(body) + delivery.padding, delivery)
        if self.command == "HEAD":
            body = b""
        if delivery.keep is not None:
            body = body[: int(len(body) * delivery.keep)]
        self._send(head, body, delivery)
        delivery.complete = delivery.keep is None
        if delivery.keep is not None or not delivery.sized:
            self._hang_up()

    def _head(self, answer: Response, length: int, delivery: Delivery) -> bytes:
        lines = [f"HTTP/1.1 {answer.status}", f"Date: {self.date_time_string()}"]
        lines += [f"Server: {self.server_version}"]
        lines += [f"{k}: {v}" for k, v in answer.headers.items() if k != "Content-Length"]
        if delivery.sized and answer.status_code not in (204, 304):
            lines.append(f"Content-Length: {length}")
        if self.close_connection or not delivery.sized:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send(self, head: bytes, body: bytes, delivery: Delivery) -> None:
        if delivery.rate and delivery.slow_head:
            self._dribble(head + body, delivery.rate)
        elif delivery.rate:
            self.connection.sendall(head)
            self._dribble(body, delivery.rate)
        elif delivery.padding:
            self.connection.sendall(head + body[:1])
            self._pad(delivery.padding)
            self.connection.sendall(body[1:])
        else:
            self.connection.sendall(head + body)

    def _dribble(self, data: bytes, rate: float) -> None:
        for each in data:
            self.connection.sendall(bytes((each,)))
            if self._wait(1 / rate):
                return

    def _pad(self, size: int) -> None:
        blank = b" " * CHUNK
        while size > 0 and not self.server.stopping.is_set():
            self.connection.sendall(blank[:size])
            size -= CHUNK

    def _wait(self, seconds: float) -> bool:
        return seconds > 0 and self.server.stopping.wait(seconds)

    def _hang_up(self, *, rudely: bool = False) -> None:
        self.close_connection = True
        if rudely:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RUDE)
            os.close(self.connection.detach())


def _refusal(length: str, encoding: str | None) -> int | None:
    if encoding:
        return 411
    if not (length.isascii() and length.isdigit()):
        return 400
    return 413 if len(length) > 9 or int(length) > MAX_BODY else None


for _verb in VERBS:
    setattr(WireHandler, f"do_{_verb}", WireHandler.serve)
