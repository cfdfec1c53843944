"""Starts the real launcher as ``make run`` does, in a folder of its own, and looks after it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from tests.support.ports import free_port

REPOSITORY = Path(__file__).parents[2]
SUMMARY_END = "Ctrl-C stops all."
# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0


class Launcher:
    """A started launcher. Leaving the ``with`` block stops it and checks nothing was left."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.began, self.took = time.monotonic(), 0.0
        self.port = free_port()
        self.output = folder / f"output-{time.monotonic_ns()}.txt"
        self.session = requests.Session()
        self.session.trust_env = False
        # The sandbox's usual port is everybody's: two that start at once would both find it free.
        ports = {"PORT": self.port, "SANDBOX_PORT": free_port()}
        given = ports | {"WEB_WORKERS": 1, "SANDBOX_CAMPAIGNS": 30} | settings
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment["PYTHONPATH"] = str(REPOSITORY)
        environment |= {name: str(value) for name, value in given.items() if value is not None}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "webapp.launcher"],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        return self.line("and password")

    def line(self, label: str) -> str:
        found = re.search(rf"^  {label} +(\S.*)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def started(self) -> Self:
        wait_for(lambda: SUMMARY_END in self.said or self.process.poll() is not None, self)
        assert self.process.poll() is None, self.said
        self.took = time.monotonic() - self.began
        return self

    def ended(self) -> int:
        """Wait for its own end. Returns the exit status."""
        return self.process.wait(PATIENCE)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.ended()

    def sign_in(self, email: str, password: str) -> bool:
        page = self.session.get(f"{self.address}/sign-in", timeout=PATIENCE)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token, page.text
        form = {"csrf_token": token[1], "email": email, "password": password}
        answer = self.session.post(f"{self.address}/sign-in", data=form, timeout=PATIENCE)
        return answer.status_code == 200 and "/sign-in" not in answer.url

    def children(self) -> dict[int, str]:
        """Process ids of everything below it, with their commands."""
        found: dict[int, str] = {}
        below = {self.process.pid}
        while below:
            below = {pid for pid, parent in parents().items() if parent in below}
            found |= {pid: command_of(pid) for pid in below}
        return found

    def child(self, part: str) -> int | None:
        """The child (not one of its own children) whose command holds this."""
        mine = [pid for pid, parent in parents().items() if parent == self.process.pid]
        return next((pid for pid in mine if part in command_of(pid)), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)


def parents() -> dict[int, int]:
    """Every process's parent, the zombies left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(entry.name)] = int(parent)
    return found


def command_of(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def alive(pids: dict[int, str]) -> dict[int, str]:
    running = parents()
    # A number may have been given to another process meanwhile.
    return {p: c for p, c in pids.items() if p in running and command_of(p) == c}


def wait_for(condition: Callable[[], object], launcher: Launcher | None = None) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {launcher.said if launcher else ''}")
        time.sleep(0.05)
