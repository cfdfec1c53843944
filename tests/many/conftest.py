"""For tests with many processes: one PostgreSQL, one sandbox, and looking at what they did."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.many.fleet import Fleet, fleet
from tests.support import required
from tests.support.databases import PostgresDatabase
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.core.config import Settings
from webapp.core.db import db, reading

# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0


@pytest.fixture
def database_url(postgres_database: PostgresDatabase | None) -> str:
    return (
        postgres_database.fresh() if postgres_database else required.do_without(required.POSTGRESQL)
    )


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=40) as started:
        yield started


@pytest.fixture
def machines(app: Flask, settings: Settings, sandbox: Sandbox, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(settings, sandbox, tmp_path) as made:
        yield made


def seen(query: Callable[[], Any]) -> Any:
    with reading():
        db.session.expire_all()
        found = query()
        db.session.rollback()
    return found


def wait_for(query: Callable[[], Any], what: str) -> float:
    """Seconds until the answer was a true one."""
    began = time.monotonic()
    while not seen(query):
        assert time.monotonic() - began < PATIENCE, what
        time.sleep(0.1)
    return time.monotonic() - began
