"""Copies of an SQLite file, and what shows that one is whole.

Both ways by SQLite's own backup call: out of one read transaction, which keeps no writer waiting,
and into the file as one write transaction, which others see whole or not at all.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, select, table

from webapp.core.db import BUSY_TIMEOUT_MS
from webapp.ops.copies.archive import PRIVATE, BackupFailed

MEMBER = "flightdeck.db"
READ_ONLY, EXISTING, NEW = "ro", "rw", "rwc"
# Virtual tables, and those behind them: their rows are those of the table that they index.
TABLES = (
    "SELECT name FROM sqlite_master AS one WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
    "ESCAPE '\\' AND name <> 'alembic_version' AND NOT EXISTS (SELECT 1 FROM sqlite_master "
    "AS virtual WHERE virtual.sql LIKE 'CREATE VIRTUAL%' AND (one.name = virtual.name "
    "OR substr(one.name, 1, length(virtual.name) + 1) = virtual.name || '_')) ORDER BY name"
)


def connect(path: Path, mode: str = EXISTING) -> sqlite3.Connection:
    """A connection that makes no file by itself, unless ``mode`` is ``NEW``."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
    )


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupFailed(f"{path} cannot be used as a database: {error}.") from None


def copy_out(source: Path, draft: Path) -> tuple[str, dict[str, int]]:
    """Copy the file as it is at one moment. Returns its migration and its rows by table."""
    if not source.exists():
        raise BackupFailed(f"There is no database at {source}.")
    # Made before SQLite does, so that nobody else can read it.
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    with in_words(source), closing(connect(source)) as live, closing(connect(draft)) as copy:
        live.execute("BEGIN")
        found = revision_of(live), rows_of(live)
        # All at once: in steps it would begin anew with each write that comes between.
        live.backup(copy)
        live.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode=DELETE")
    return found


def copy_in(draft: Path, target: Path) -> None:
    """Put the draft in the place of what the target holds, in one transaction of the target."""
    if not target.exists():
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
    with in_words(target), closing(connect(draft)) as copy, closing(connect(target)) as live:
        copy.backup(live)
        live.execute("PRAGMA journal_mode=WAL")


def revision_of(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def rows_of(connection: sqlite3.Connection) -> dict[str, int]:
    names = [name for (name,) in connection.execute(TABLES)]
    counts = {name: str(select(func.count()).select_from(table(name))) for name in names}
    return {name: connection.execute(query).fetchone()[0] for name, query in counts.items()}


def check(path: Path, revision: str, rows: dict[str, int]) -> None:
    """Raises ``BackupFailed`` unless the file is whole, and holds just these rows."""
    with in_words(path), closing(connect(path)) as copy:
        problem = problem_of(copy)
        found = revision_of(copy), rows_of(copy)
    if problem:
        raise BackupFailed(f"The copy is damaged: {problem}.")
    if found != (revision, rows):
        raise BackupFailed("The copy has other rows than it says. It is of no use.")


def problem_of(connection: sqlite3.Connection) -> str | None:
    """What is broken in the file: its pages and indexes, or rows that refer to nothing."""
    found = [text for (text,) in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        return "; ".join(found)
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    return f"a row of {lost[0]} refers to one of {lost[2]} that is not there" if lost else None
