"""A mail server and a webhook, on real sockets of this machine, that fail in the ways asked for."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import SecretStr


@dataclass
class MailServer:
    """What came in, and how it is answered. ``answers`` maps a command to what is said to it."""

    port: int = 0
    scheme: str = "smtp"
    context: ssl.SSLContext | None = None
    answers: dict[str, str] = field(default_factory=dict)
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: bool = False

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"{self.scheme}://127.0.0.1:{self.port}")


class _MailHandler(socketserver.StreamRequestHandler):
    server: "_MailTcpServer"

    def handle(self) -> None:
        state = self.server.state
        if state.context and state.scheme == "smtps":
            self._encrypt(state.context)
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            command = line.split(":")[0].split()[0].upper()
            if command == "QUIT":
                return self._say("221 bye")
            if not self._answer(command, line, state):
                return None
        return None

    def _answer(self, command: str, line: str, state: MailServer) -> bool:
        if command in state.answers:
            if state.answers[command]:
                self._say(state.answers[command])
            return bool(state.answers[command])
        if command == "EHLO":
            more = ["STARTTLS"] if state.context and not state.encrypted else []
            names = ["here", "AUTH PLAIN", *more]
            for name in names[:-1]:
                self._say(f"250-{name}")
            self._say(f"250 {names[-1]}")
        elif command == "STARTTLS" and state.context:
            self._say("220 go on")
            self._encrypt(state.context)
        elif command == "AUTH":
            state.logins.append(line.split()[2])
            self._say("235 welcome")
        elif command == "DATA":
            self._take(state)
        else:
            if command == "RCPT":
                state.recipients.append(line.partition("<")[2].partition(">")[0])
            self._say("250 ok")
        return True

    def _take(self, state: MailServer) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        message = message_from_bytes(b"".join(lines).replace(b"\r\n", b"\n"), policy=policy.default)
        assert isinstance(message, EmailMessage)
        state.messages.append(message)
        self._say("250 taken")

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _encrypt(self, context: ssl.SSLContext) -> None:
        super().finish()
        self.request = context.wrap_socket(self.request, server_side=True)
        self.setup()
        self.server.state.encrypted = True

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _MailTcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, state: MailServer) -> None:
        self.state = state
        super().__init__(("127.0.0.1", 0), _MailHandler)

    def handle_error(self, *_arguments: object) -> None:
        """Whoever does not trust our certificate hangs up: nothing to print."""


@contextmanager
def mail_server(**values: object) -> Iterator[MailServer]:
    state = MailServer(**values)
    server = _MailTcpServer(state)
    state.port = server.server_address[1]
    with _running(server):
        yield state


@dataclass
class HookServer:
    """What was posted, and the statuses it is answered with, the last of them from then on."""

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [200])
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self.port}/in?of=flightdeck")


@contextmanager
def hook_server() -> Iterator[HookServer]:
    state = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.calls.append((dict(self.headers), body))
            self.send_response(state.statuses[min(len(state.calls), len(state.statuses)) - 1])
            self.send_header("Location", f"http://127.0.0.1:{state.port}/away")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    with _running(server):
        yield state


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """One on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
