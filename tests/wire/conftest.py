"""The worker's real jobs against a front that spoils answers, with a sandbox behind it.

What an answer does is the same on both databases; these run on SQLite.
"""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.databases import SqliteDatabase
from tests.support.desk import Desk, connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from tests.wire.broken import MOST_BODY
from tests.wire.front import Front
from webapp.adservers.megaphone import paging
from webapp.core.config import Settings
from webapp.core.http import Limits

# Nothing here takes long when it goes well: everything is on this machine.
LIMITS = Limits(connect=1.0, read=1.0, total=1.4, body_bytes=MOST_BODY)
PAGE_SIZE = 5


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=12, advertisers=4) as started:
        yield started


@pytest.fixture
def database_url(sqlite_database: SqliteDatabase) -> str:
    return sqlite_database.fresh()


@pytest.fixture
def front(sandbox_process: Sandbox) -> Iterator[Front]:
    sandbox_process.control("POST", "reset", {})
    with Front(sandbox_process.port) as started:
        yield started


@pytest.fixture
def settings(settings: Settings, sandbox_process: Sandbox, front: Front) -> Settings:
    return with_credential(settings, sandbox_process, f"{front.url}/api")


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch, front: Front) -> None:
    """Three pages of campaigns while any answer is spoilt; else one, which is quicker."""
    first_cursor = paging.first_cursor

    def small_pages(page_size: int | None = None) -> str:
        return first_cursor(page_size or (PAGE_SIZE if front.rules else paging.PAGE_SIZE))

    monkeypatch.setattr(paging, "first_cursor", small_pages)


@pytest.fixture
def desk(app: Flask, settings: Settings, sandbox_process: Sandbox) -> Desk:
    return connected(settings, sandbox_process, LIMITS)
