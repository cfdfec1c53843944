"""The web process as it is deployed, behind a real socket, and requests written by hand."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from tests.support.ports import free_port
from tests.support.stack import PATIENCE, ROOT, until
from webapp.api.limits import WINDOW_SECONDS
from webapp.core.config import Settings

# Just before a window of the API's limits ends: what began in one would be counted in two.
TURN_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back. ``status`` is 0 when the line was cut without an answer."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True)
class Server:
    port: int

    def get(self, path: str = "/health", *lines: str) -> Answer:
        """Ask with these header lines; without one of its own, ``Host`` is this machine."""
        hosts = [line for line in lines if line.lower().startswith("host:")]
        given = [*([] if hosts else [f"Host: 127.0.0.1:{self.port}"]), *lines]
        return self.send("\r\n".join([f"GET {path} HTTP/1.1", *given, "Connection: close"]))

    def send(self, head: str, body: bytes = b"") -> Answer:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            # Whoever is sent too much may answer and hang up before all of it is on its way.
            with suppress(ConnectionError):
                line.sendall(f"{head}\r\n\r\n".encode() + body)
            return _read(line)

    def answers(self) -> bool:
        try:
            return self.get().status == 200
        except OSError:
            return False


def _read(line: socket.socket) -> Answer:
    response = HTTPResponse(line)
    try:
        response.begin()
    except (ConnectionError, ValueError, IndexError):
        return Answer(0, {}, "")
    with response:
        text = response.read().decode(errors="replace")
        return Answer(response.status, dict(response.getheaders()), text)


@contextmanager
def served(settings: Settings, folder: Path, **changed: str) -> Iterator[Server]:
    """gunicorn as its configuration has it, with the settings that are given by name."""
    server = Server(free_port())
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.sqlalchemy_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "PORT": str(server.port),
        "WEB_WORKERS": "1",
        **changed,
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"]
    with (folder / "web.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        until(server.answers, "the web process answers")
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE)


def within_one_window() -> None:
    """Requests are counted by quarters of an hour of the clock: when one is about to end, wait."""
    left = WINDOW_SECONDS - time.time() % WINDOW_SECONDS
    if left < TURN_SECONDS:
        time.sleep(left)
