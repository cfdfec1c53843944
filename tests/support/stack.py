"""All of Flightdeck as it really runs: sandbox, worker and web, each a process, on free ports."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

from flask import Flask

from tests import factories
from tests.support.databases import SqliteTemplate, application
from tests.support.ports import free_port
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.core.config import Settings
from webapp.core.db import db, reading
from webapp.sync.models import COMPLETE, SyncRun

ROOT = Path(__file__).resolve().parents[2]
# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0
MANAGER, VIEWER = "manager@example.com", "viewer@example.com"

T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    """The running parts. ``app`` looks into the same database; use it through :meth:`data`."""

    url: str
    sandbox: Sandbox
    app: Flask

    @contextmanager
    def data(self) -> Iterator[None]:
        """Records made in the block by factories are there for the pages afterwards."""
        with self.app.app_context():
            yield
            db.session.commit()

    def read(self, query: Callable[[], T]) -> T:
        """Ask the database without taking its write lock."""
        with self.app.app_context(), reading():
            return query()

    def written(self, external_id: str) -> list[str]:
        """The methods of the writes that took effect for the campaign with this external id."""
        return [
            str(write["method"])
            for write in self.sandbox.applied_writes()
            if write["marker"] == external_id
        ]


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something to become true, and fail when it does not in good time."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} seconds"
        time.sleep(0.05)


@contextmanager
def running_stack(folder: Path, **changed: object) -> Iterator[Stack]:
    """Start everything, with the first sync done, and stop it all at the end.

    ``changed`` are settings that differ from the usual ones.
    """
    port = free_port()
    with start_sandbox(folder, campaigns=120, advertisers=20, agencies=6) as sandbox:
        settings = _settings(folder, sandbox, port).model_copy(update=changed)
        with application(settings) as app:
            factories.operator("manager", email=MANAGER)
            factories.operator("viewer", email=VIEWER)
            db.session.commit()
        stack = Stack(f"http://127.0.0.1:{port}", sandbox, app)
        environment = _environment(settings)
        with (
            _process(["flask", "--app", "wsgi", "worker"], environment, folder / "worker.txt"),
            _process(
                ["gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"],
                environment,
                folder / "web.txt",
            ),
        ):
            until(lambda: _answers(port), "the web process answers")
            until(lambda: stack.read(_is_synced), "the first sync is complete")
            yield stack


def _settings(folder: Path, sandbox: Sandbox, port: int) -> Settings:
    return Settings(
        database_url=SqliteTemplate(folder).fresh(folder),
        instance_dir=folder / "instance",
        port=port,
        web_workers=1,
        megaphone_base_url=sandbox.base_url,
        megaphone_api_token=sandbox.token,
        megaphone_org_id=sandbox.organization,
        megaphone_requests_per_minute=0,
        log_level="WARNING",
    )


def _environment(settings: Settings) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = settings.model_dump(exclude_unset=True)
    for name, value in given.items():
        secret = getattr(value, "get_secret_value", None)
        kept[name.upper()] = str(secret() if secret else value)
    return kept


@contextmanager
def _process(command: list[str], environment: dict[str, str], output: Path) -> Iterator[None]:
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=file, stderr=file
        )
    try:
        yield
        assert process.poll() is None, f"{command[0]} ended early: {output.read_text()[-2000:]}"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _is_synced() -> bool:
    return db.session.query(SyncRun).filter_by(state=COMPLETE).first() is not None
