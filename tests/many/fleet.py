"""Several web and worker processes on one database, as on several machines; any may be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.support.ports import free_port
from tests.support.sandbox import Sandbox
from tests.support.stack import PATIENCE, until
from webapp.core.config import Settings

ROOT = Path(__file__).resolve().parents[2]
WEB = ["gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"]
WORKER = ["flask", "--app", "wsgi", "worker"]


@dataclass
class Fleet:
    """``start`` as many as wanted; whoever is left is ended with the ``with`` block."""

    settings: Settings
    sandbox: Sandbox
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: list[str], **settings: object) -> subprocess.Popen[bytes]:
        """Each has a folder of its own, as on a machine of its own."""
        number = len(self.processes)
        own = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": self.settings.sqlalchemy_url,
            "INSTANCE_DIR": str(self.folder / f"machine-{number}"),
            "SECRET_KEY": "one key for all machines of this test",
            "ENCRYPTION_KEY": "one-key-for-all-machines-of-this-test-00000=",
            "MEGAPHONE_BASE_URL": self.sandbox.base_url,
            "MEGAPHONE_API_TOKEN": self.sandbox.token,
            "MEGAPHONE_ORG_ID": self.sandbox.organization,
            "MEGAPHONE_REQUESTS_PER_MINUTE": "0",
            "SYNC_INTERVAL_MINUTES": "1",
            "WEB_WORKERS": "1",
        }
        given = {name.upper(): str(value) for name, value in settings.items()}
        with (self.folder / f"output-{number}.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=own | given,
                stdout=output,
                stderr=output,
            )
        self.processes.append(process)
        return process

    def web(self, **settings: object) -> tuple[subprocess.Popen[bytes], str]:
        """A web server, when it answers, and its address."""
        port = free_port()
        process = self.start(WEB, port=port, **settings)
        until(lambda: answers(port), "the web process answers")
        return process, f"http://127.0.0.1:{port}"

    def logged(self, process: subprocess.Popen[bytes]) -> str:
        machine = self.folder / f"machine-{self.processes.index(process)}"
        return (machine / "log" / "flightdeck.log").read_text()

    def by_pid(self, pid: int) -> subprocess.Popen[bytes]:
        (found,) = [each for each in self.processes if each.pid == pid]
        return found


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=30).ok
    except requests.RequestException:
        return False


@contextmanager
def fleet(settings: Settings, sandbox: Sandbox, folder: Path) -> Iterator[Fleet]:
    made = Fleet(settings, sandbox, folder)
    try:
        yield made
    finally:
        running = [each for each in made.processes if each.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
