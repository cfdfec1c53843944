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


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """The application with its context pushed; afterwards every connection is closed."""
    app = create_app(settings)
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


class PostgresDatabase:
    """One migrated database, its rows deleted before each test."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        self._url = server.create_database(NAME)
        migrate(self._url, folder)
        self._connection = server.connect(NAME)

    def fresh(self) -> str:
        # Deleting the few rows of a test is quicker than truncating every table.
        tables = reversed(Base.metadata.sorted_tables)
        deletes = ";".join(str(table.delete()) for table in tables)
        self._connection.execute(f"SET lock_timeout = '10s'; {deletes}")
        return self._url

    def close(self) -> None:
        self._connection.close()
