"""The worker's real jobs against a front that spoils answers, with a sandbox behind it.

What an answer does is the same on both databases; these run on SQLite.
"""

from collections.abc import Iterator
from typing import cast

import pytest
from flask import Flask

from tests.support.databases import SqliteDatabase
from tests.support.desk import Desk, connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from tests.wire.broken import ENDLESS, MOST_BODY
from tests.wire.front import Front
from webapp.adservers.megaphone import paging
from webapp.core.config import Settings
from webapp.core.http import Limits

# What is answered is waited for, however busy this machine is; what never is, not for long.
PATIENT = Limits(connect=30.0, read=30.0, total=60.0, body_bytes=MOST_BODY)
SHORT = Limits(connect=30.0, read=1.0, total=1.4, body_bytes=MOST_BODY)
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


class LimitsWhileSpoilt:
    """Short ones while an answer that never ends may come, patient ones before and after."""

    def __init__(self, front: Front, *, is_endless: bool) -> None:
        self._front, self._is_endless = front, is_endless

    def __getattr__(self, name: str) -> float:
        is_short = self._is_endless and self._front.rules
        return float(getattr(SHORT if is_short else PATIENT, name))


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    app: Flask,
    settings: Settings,
    sandbox_process: Sandbox,
    front: Front,
) -> Desk:
    given = getattr(request.node, "callspec", None)
    is_endless = given is not None and given.params.get("script") in ENDLESS
    limits = LimitsWhileSpoilt(front, is_endless=is_endless)
    return connected(settings, sandbox_process, cast("Limits", limits))
