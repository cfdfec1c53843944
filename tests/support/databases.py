"""Databases for the tests: made once by the real migrations, emptied before each test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.postgres import Postgres
from webapp.core.db import Base

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "flightdeck_tests"


def migrate(url: str, instance: Path, *arguments: str) -> str:
    """Run ``flask db`` as an operator would, in a process of its own; returns what it printed."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "db", *(arguments or ("upgrade",))],
        cwd=REPOSITORY,
        env={**kept, "DATABASE_URL": url, "INSTANCE_DIR": str(instance), "LOG_LEVEL": "WARNING"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


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
