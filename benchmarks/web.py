"""The web server as in production, with one worker, and someone who is signed in to it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import requests

from benchmarks.instance import EMAIL, PASSWORD, Instance
from benchmarks.report import percentile

START_SECONDS = 30.0
STOP_SECONDS = 15.0
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "python:webapp.ops.serving"]
ONE_WORKER = ["--workers", "1", "--threads", "4", "--worker-class", "gthread"]
FRAGMENT = {"HX-Request": "true"}
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Visitor:
    """A browser's part: one kept-alive connection and its cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = requests.Session()
        self._session.trust_env = False

    def sign_in(self) -> None:
        """By the form, as people do."""
        page = self.get("/sign-in").text
        token = CSRF.search(page)
        if token is None:
            raise SystemExit("The sign-in page has no form.")
        form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
        answer = self._session.post(
            f"{self.address}/sign-in", data=form, allow_redirects=False, timeout=30
        )
        if answer.status_code != requests.codes.found:
            raise SystemExit(f"Signing in failed with {answer.status_code}.")

    def get(self, path: str, *, fragment: bool = False) -> requests.Response:
        answer = self._session.get(
            self.address + path,
            headers=FRAGMENT if fragment else None,
            allow_redirects=False,
            timeout=120,
        )
        if answer.status_code != requests.codes.ok:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def open(self, path: str) -> requests.Response:
        """An answer that is read piece by piece, while it comes."""
        answer = self._session.get(self.address + path, stream=True, timeout=30)
        if answer.status_code != requests.codes.ok:
            raise SystemExit(f"{path} answered {answer.status_code}.")
        return answer

    def size(self, path: str) -> int:
        """Bytes of an answer's body on the wire, compressed."""
        answer = self.open(path)
        return len(answer.raw.read(decode_content=False))

    def time(self, path: str, *, fragment: bool = False) -> float:
        """Milliseconds from asking to having the whole answer."""
        started = time.perf_counter()
        self.get(path, fragment=fragment)
        return (time.perf_counter() - started) * 1000


@contextmanager
def serving(made: Instance, application: str = "wsgi:app") -> Iterator[str]:
    """The running web server; gives its address."""
    port = _free_port()
    environment = {**made.environment(), "PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    command = [*GUNICORN, *ONE_WORKER, application]
    name = application.rpartition(":")[2].strip("()")
    with background(made, f"web-{name}", command, environment) as process:
        _wait_until(lambda: _answers(address), process)
        yield address


@contextmanager
def background(
    made: Instance, name: str, command: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the instance that is ended with the block; it prints into the log folder."""
    made.log_folder.mkdir(exist_ok=True)
    with (made.log_folder / f"{name}-output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=made.folder, env=dict(environment), stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def middle_and_slow(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    return round(percentile(times, 0.5), 1), round(percentile(times, 0.95), 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The web server did not start.")
        time.sleep(0.1)
