"""A server on a real socket that answers each request with scripted bytes, or misbehaves."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

Behaviour = Callable[[socket.socket], None]
Script = bytes | Behaviour


def answer(
    body: bytes | str = b"[]",
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
    *,
    kind: str = "application/json",
) -> bytes:
    """A whole, well-formed answer."""
    if isinstance(body, str):
        body = body.encode()
    lines = {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def hang_up(sock: socket.socket) -> None:
    """Take the request and close without a word."""
    sock.close()


def silence(sock: socket.socket) -> None:
    """Take the request and never answer; ends when the client gives up."""
    with suppress(OSError):
        sock.recv(1)


@dataclass
class Clock:
    """Stands still until it is moved: a client's time is over when a script says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def dribble(data: bytes, clock: Clock | None = None, pause: float = 0.02) -> Behaviour:
    """Send one byte at a time; each takes a tenth of a second by the client's clock, if given."""

    def behave(sock: socket.socket) -> None:
        with suppress(OSError):
            for index in range(len(data)):
                sock.sendall(data[index : index + 1])
                if clock:
                    clock.now += 0.1
                time.sleep(pause)

    return behave


def cut(data: bytes) -> Behaviour:
    """Send this and close, whatever was promised."""

    def behave(sock: socket.socket) -> None:
        sock.sendall(data)
        sock.close()

    return behave


class WireServer:
    """Plays one script per request, in order; the last one again and again."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts) or [answer()]
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def play(self, *scripts: Script) -> None:
        """Go on with other scripts."""
        self._scripts = list(scripts)

    def wait_for_requests(self, number: int) -> None:
        """Who gives up waiting may do so before its request was read here."""
        end = time.monotonic() + 60
        while len(self.bodies) < number:
            assert time.monotonic() < end, f"{len(self.bodies)} requests came"
            time.sleep(0.01)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in [self._listener, *self._open]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(timeout=60)
            assert not thread.is_alive()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._open.append(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError), sock.makefile("rb") as reader, sock:
            while self._read_request(reader.readline, reader.read):
                script = self._next_script()
                if callable(script):
                    script(sock)
                    return
                sock.sendall(script)

    def _next_script(self) -> Script:
        """What to do about the request that was read last."""
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    def _read_request(self, readline: Callable[[], bytes], read: Callable[[int], bytes]) -> bool:
        lines: list[str] = []
        while (line := readline().decode("latin-1")) not in {"\r\n", ""}:
            lines.append(line.rstrip())
        if not lines:
            return False
        length = next(
            (int(each[15:]) for each in lines if each.lower().startswith("content-length:")), 0
        )
        self.heads.append("\n".join(lines))
        self.bodies.append(read(length))
        return True
