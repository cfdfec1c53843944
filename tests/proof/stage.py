"""What worlds are played on: one application and one database, put back for each in milliseconds.

The ad server is the sandbox in this process; it starts from the same records each time, and the
database from having read them all once.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from tests.proof.clock import VirtualClock
from tests.proof.network import ADDRESS
from tests.support.databases import PostgresDatabase, SqliteTemplate, application
from webapp.core import clock
from webapp.core import db as core_db
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.sandbox import paging
from webapp.sandbox.app import create_app
from webapp.sandbox.seed import Plan
from webapp.sandbox.settings import Settings as SandboxSettings
from webapp.sandbox.standin import KEY, Standin
from webapp.sandbox.state import State

TOKEN = "sandbox"
ORGANIZATION = "2f6ad6b0-5f1c-11f0-8de9-0242ac120002"
CAMPAIGNS, ADVERTISERS, AGENCIES = 12, 3, 2
# The ad server's own limit: a dozen campaigns are then four pages.
ROWS_A_PAGE, ALL_ROWS = 4, 500
SEED = 7


class Stage:
    """``fresh`` empties or restores the database and the sandbox, and gives both a new clock.

    ``on_step`` is told of each ``begin`` and ``commit`` of a transaction before it happens.
    """

    def __init__(self, app: Flask, settings: Settings, database: "Restorable") -> None:
        self.app = app
        self.settings = settings
        self.clock = VirtualClock()
        self.on_step: Callable[[str], None] = lambda _: None
        self._database = database
        self._state = State(Path(":memory:"), self._true_now)
        nothing = Plan(0, 0, 0, SEED, ORGANIZATION, 0)
        self.sandbox = create_app(Standin(self._state, TOKEN, SandboxSettings(), nothing))

    def fresh(self) -> tuple[VirtualClock, Standin, bool]:
        """A new clock, a sandbox as at the start, and whether the database has read it already."""
        self.set_rows_a_page(ROWS_A_PAGE)
        self.clock = VirtualClock()
        now_ms = int(self.clock.true_now().timestamp() * 1000)
        plan = Plan(CAMPAIGNS, ADVERTISERS, AGENCIES, SEED, ORGANIZATION, now_ms)
        standin = Standin(self._state, TOKEN, SandboxSettings(requests_per_minute=0), plan)
        standin.reset(plan)
        self.sandbox.extensions[KEY] = standin
        return self.clock, standin, self._database.restore()

    def set_rows_a_page(self, number: int) -> None:
        """The ad server's own limit from now on."""
        paging.MAX_PER_PAGE = number

    def keep(self) -> None:
        """Remember the database as it is now: the next world starts from here."""
        self._database.keep()

    def _true_now(self) -> datetime:
        return self.clock.true_now()

    def now(self) -> datetime:
        return self.clock.now()

    def begin(self, _: object) -> None:
        self.on_step("begin")

    def commit(self, _: object) -> None:
        self.on_step("commit")

    def close(self) -> None:
        self._state.close()


class Restorable:
    """A database that can be put back to how it was."""

    def restore(self) -> bool:
        """Whether it holds what was kept; it is empty otherwise."""
        raise NotImplementedError

    def keep(self) -> None:
        raise NotImplementedError


class SqliteCopy(Restorable):
    """Copied back page by page, under the connections that are open."""

    def __init__(self, template: SqliteTemplate, folder: Path) -> None:
        self.url = template.fresh(folder)
        self._file = folder / "flightdeck.db"
        self._kept: sqlite3.Connection | None = None

    def restore(self) -> bool:
        if self._kept is None:
            return False
        with closing(sqlite3.connect(self._file)) as live:
            self._kept.backup(live)
        return True

    def keep(self) -> None:
        self._kept = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(self._file)) as live:
            live.backup(self._kept)


class PostgresRows(Restorable):
    """Emptied; what is to be there is read anew."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self.url = database.fresh()

    def restore(self) -> bool:
        self._database.fresh()
        return False

    def keep(self) -> None:
        """Nothing is kept: copying the rows back would take as long as reading them anew."""


@contextmanager
def open_stage(database: SqliteCopy | PostgresRows, folder: Path) -> Iterator[Stage]:
    """A stage on this database. Every module's clock is the stage's until it is closed.

    There can be one at a time.
    """
    settings = Settings(
        database_url=database.url,
        instance_dir=folder / "instance",
        secret_key="a key for tests only, of at least 32 characters",
        log_level="ERROR",
        megaphone_base_url=ADDRESS,
        megaphone_api_token=TOKEN,
        megaphone_org_id=ORGANIZATION,
        megaphone_requests_per_minute=0,
    )
    with pytest.MonkeyPatch.context() as patch, application(settings) as app:
        stage = Stage(app, settings, database)
        # Given back its value when the stage is closed.
        patch.setattr(paging, "MAX_PER_PAGE", ROWS_A_PAGE)
        # One thread: a lock that is taken is not given back by waiting.
        patch.setattr(core_db, "BUSY_TIMEOUT_MS", 0)
        _set_clock(patch, stage)
        # Ours comes before the one that begins on SQLite: until then nothing is locked.
        event.remove(Engine, "begin", core_db._begin_sqlite)
        event.listen(Engine, "begin", stage.begin)
        event.listen(Engine, "begin", core_db._begin_sqlite)
        event.listen(db.session, "before_commit", stage.commit)
        try:
            yield stage
        finally:
            event.remove(Engine, "begin", stage.begin)
            event.remove(db.session, "before_commit", stage.commit)
            stage.close()


def _set_clock(patch: pytest.MonkeyPatch, stage: Stage) -> None:
    """Modules import the clock by name, so each has to be given the other one."""
    if not _has_clock(clock):
        raise RuntimeError("another stage is open")
    for name, module in list(sys.modules.items()):
        if name.startswith("webapp.") and _has_clock(module):
            patch.setattr(module, "utc_now", stage.now)


def _has_clock(module: Any) -> bool:
    return getattr(module, "utc_now", None) is utc_now
