"""Databases for the tests: made once by the real migrations, emptied before each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
from flask import Flask

from tests.support.postgres import Postgres
from webapp.app import create_app
from webapp.core.config import Settings
from webapp.core.db import Base, db

NAME = "flightdeck_tests"
TESTS_PER_TRUNCATION = 50


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """A new application with its context pushed; afterwards every connection is closed."""
    with in_context(create_app(settings)) as app:
        yield app


@contextmanager
def in_context(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()


def migrate(url: str, instance: Path) -> None:
    """Bring a database to the newest version by the real migrations."""
    settings = Settings(database_url=url, instance_dir=instance, log_level="WARNING")
    with application(settings):
        flask_migrate.upgrade()


class SqliteTemplate:
    """A migrated, empty file, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "template.db"
        migrate(f"sqlite:///{self._file}", folder)

    def fresh(self, folder: Path) -> str:
        target = folder / "flightdeck.db"
        shutil.copyfile(self._file, target)
        return f"sqlite:///{target}"


class SqliteDatabase:
    """One address for all tests. Behind it, each has a file of its own.

    With one address, the application and its SQL are kept from test to test. Links are followed
    before anything is opened, so whoever still has an earlier test's file open does no harm.
    """

    def __init__(self, template: SqliteTemplate, folder: Path) -> None:
        self._template = template
        self._folder = folder
        self._link = folder / "current.db"
        self._number = 0

    def fresh(self) -> str:
        last = self._folder / str(self._number)
        self._number += 1
        folder = self._folder / str(self._number)
        folder.mkdir()
        self._template.fresh(folder)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(folder / "flightdeck.db")
        shutil.rmtree(last, ignore_errors=True)
        return f"sqlite:///{self._link}"


class PostgresDatabase:
    """One migrated database, its rows deleted before each test."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        self._url = server.create_database(NAME)
        migrate(self._url, folder)
        self._connection = server.connect(NAME)
        self._connection.execute("SET lock_timeout = '60s'")
        # The record's triggers, which refuse to have it emptied, are not for this connection.
        self._connection.execute("SET session_replication_role = replica")
        tables = Base.metadata.sorted_tables
        self._delete = ";".join(str(table.delete()) for table in reversed(tables))
        self._truncate = "TRUNCATE " + ", ".join(table.name for table in tables)
        self._number = 0

    def fresh(self) -> str:
        # Deleting the few rows of a test is quicker than truncating every table. What was deleted
        # still lies there, and makes every search longer, until the table is truncated.
        self._number += 1
        thorough = self._number % TESTS_PER_TRUNCATION == 0
        self._connection.execute(self._truncate if thorough else self._delete)
        return self._url

    def close(self) -> None:
        self._connection.close()
