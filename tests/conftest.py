"""Fixtures of all tests: databases, application, client, operators; and a closed network."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy.orm import Session, scoped_session

from tests import factories
from tests.support import client as clients
from tests.support import network, required, sizes
from tests.support.applications import Applications
from tests.support.databases import PostgresDatabase, SqliteDatabase, SqliteTemplate
from tests.support.postgres import Postgres, find_programs, start_postgres
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.auth.models import Operator
from webapp.core.config import Settings
from webapp.core.db import db

SECRET_KEY = "a key for tests only, of at least 32 characters"

# Every commit is written out to a disk, and waited for; in memory it costs nothing.
MEMORY = Path("/dev", "shm")
ROOM_BYTES = 2 * 1024**3

_applications = Applications()

# How quickly a machine draws says nothing of us; and only make soak draws something new each time.
hypothesis_settings.register_profile(
    "flightdeck",
    deadline=None,
    print_blob=True,
    derandomize=not sizes.SOAK,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("flightdeck")


def pytest_configure() -> None:
    sizes.agree_on_seed()
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES:
        # Where pytest makes the tests' own folders.
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are processors: what waits for a browser or a process needs none."""
    return 2 * (os.cpu_count() or 1)


def pytest_report_header() -> str:
    return sizes.summary()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs for long, unless that is what was asked for."""
    left_out = [item for item in items if item.get_closest_marker("soak")]
    if left_out and not sizes.SOAK:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


def pytest_collection_finish() -> None:
    """What is there by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure found by a seed says how to see it again."""
    report = yield
    if report.failed and (item.get_closest_marker("sized") or item.get_closest_marker("soak")):
        report.sections.append(("replay", sizes.replay(item.nodeid)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = required.summary(
        str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())
    )
    if lines:
        terminalreporter.section("left out", yellow=True, bold=True)
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing gets in from the developer's settings, and nothing out to the network."""
    names = {name.upper() for name in Settings.model_fields}
    with pytest.MonkeyPatch.context() as patch, network.loopback_only():
        for name in list(os.environ):
            if name.upper().removesuffix("_FILE") in names:
                patch.delenv(name)
        # What Hypothesis has worked out about characters is there for whatever else runs it.
        patch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path_factory.mktemp("hypothesis")))
        # A .env file is read from the current folder.
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def sqlite_database(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> SqliteDatabase:
    return SqliteDatabase(sqlite_template, tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres | None]:
    """The tests' own PostgreSQL; ``None`` where it is not installed."""
    programs = find_programs()
    if programs is None:
        yield None
        return
    server = start_postgres(programs)
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: Postgres | None) -> Postgres:
    """The same for one test, which is skipped without it."""
    return postgres_server or required.do_without(required.POSTGRESQL)


@pytest.fixture(scope="session")
def postgres_database(
    postgres_server: Postgres | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresDatabase | None]:
    if postgres_server is None:
        yield None
        return
    database = PostgresDatabase(postgres_server, tmp_path_factory.mktemp("postgresql"))
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database: each test that uses it runs on both kinds."""
    if request.param == "sqlite":
        file: SqliteDatabase = request.getfixturevalue("sqlite_database")
        return file.fresh()
    database: PostgresDatabase | None = request.getfixturevalue("postgres_database")
    return database.fresh() if database else required.do_without(required.POSTGRESQL)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        instance_dir=tmp_path / "instance",
        secret_key=SECRET_KEY,
        log_level="WARNING",
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application, its context pushed: factories and queries can be used at once."""
    with _applications.lent(settings) as app:
        yield app


@pytest.fixture
def db_session(app: Flask) -> scoped_session[Session]:
    return db.session


@pytest.fixture
def client(app: Flask) -> clients.Client:
    """Someone who is not signed in."""
    client = app.test_client()
    assert isinstance(client, clients.Client)
    return client


@pytest.fixture
def manager(app: Flask) -> Operator:
    return factories.operator(email="manager@example.com", role="manager")


@pytest.fixture
def viewer(app: Flask) -> Operator:
    return factories.operator(email="viewer@example.com", role="viewer")


@pytest.fixture
def manager_client(client: clients.Client, manager: Operator) -> clients.Client:
    """The client, signed in as someone who may change things."""
    return clients.signed_in(client, manager)


@pytest.fixture
def viewer_client(client: clients.Client, viewer: Operator) -> clients.Client:
    """The client, signed in as someone who may only read."""
    return clients.signed_in(client, viewer)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with start_sandbox(folder, campaigns=40, advertisers=8, agencies=3) as started:
        yield started


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """An ad server, as good as new for each test."""
    sandbox_process.control("POST", "reset", {})
    return sandbox_process
