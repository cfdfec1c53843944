"""The stages that worlds are played on, one for each kind of database."""

import gc
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proof.stage import PostgresRows, SqliteCopy, Stage, open_stage
from tests.support import required
from tests.support.databases import PostgresDatabase, SqliteTemplate

MEMORY = Path("/dev", "shm")


def settle(stage: Stage) -> Stage:
    """The application stays for all schedules: the collector need not look through it each time."""
    gc.collect()
    gc.freeze()
    return stage


@pytest.fixture(scope="module")
def quick_folder() -> Iterator[Path]:
    """In memory, where the system has such a place: every commit is written out otherwise."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def stage(sqlite_template: SqliteTemplate, quick_folder: Path) -> Iterator[Stage]:
    with open_stage(SqliteCopy(sqlite_template, quick_folder), quick_folder) as opened:
        yield settle(opened)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def any_stage(request: pytest.FixtureRequest, quick_folder: Path) -> Iterator[Stage]:
    """The same on both kinds."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            template: SqliteTemplate = request.getfixturevalue("sqlite_template")
            copy = SqliteCopy(template, quick_folder)
            yield settle(stack.enter_context(open_stage(copy, quick_folder)))
            return
        database: PostgresDatabase | None = request.getfixturevalue("postgres_database")
        if database is None:
            required.do_without(required.POSTGRESQL)
        yield settle(stack.enter_context(open_stage(PostgresRows(database), quick_folder)))
