"""The state file: its tables, and opening it for one process at a time."""

import fcntl
import sqlite3
from pathlib import Path
from typing import IO

MEMORY = Path(":memory:")
VERSION = "1"

DROPS = (
    "DROP TABLE IF EXISTS meta",
    "DROP TABLE IF EXISTS records",
    "DROP TABLE IF EXISTS applied_writes",
)
META = "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
# Agencies, advertisers and campaigns: ``kind`` tells them apart, ``position`` orders them.
RECORDS = (
    "CREATE TABLE records (position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " id TEXT NOT NULL, advertiser_id TEXT, updated_at TEXT NOT NULL, words TEXT NOT NULL,"
    " body TEXT NOT NULL)"
)
WRITES = (
    "CREATE TABLE applied_writes (number INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL,"
    " sender TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, remote_id TEXT NOT NULL,"
    " body TEXT, changed TEXT NOT NULL, request_id TEXT NOT NULL, marker TEXT)"
)
KEPT = (
    "CREATE TRIGGER writes_are_kept BEFORE DELETE ON applied_writes"
    " BEGIN SELECT RAISE(ABORT, 'the log of writes only grows'); END"
)
FINAL = (
    "CREATE TRIGGER writes_are_final BEFORE UPDATE ON applied_writes"
    " BEGIN SELECT RAISE(ABORT, 'the log of writes only grows'); END"
)
TABLES = (META, RECORDS, WRITES, KEPT, FINAL)
# Made after the rows: one sorted build is several times faster than 100,000 single inserts.
INDEXES = (
    "CREATE UNIQUE INDEX records_by_id ON records (id)",
    "CREATE INDEX records_by_advertiser ON records (advertiser_id) WHERE advertiser_id IS NOT NULL",
    "CREATE INDEX records_by_change ON records (kind, updated_at, position)",
)


class StateFileError(Exception):
    """The state file cannot be used, with a sentence that says why."""


def lock_file(path: Path) -> IO[bytes] | None:
    """Hold the state file for this process; the system lets go of it however the process ends."""
    if path == MEMORY:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("wb")
    except OSError as error:
        raise StateFileError(f"{path} cannot be used as a state file: {error}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StateFileError(f"{path} is in use by another sandbox.") from None
    return lock


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, ready for use from any thread under a lock of the caller's."""
    try:
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        _check_ours(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing that reached the write-ahead log; only a power cut can.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -65536")
    except sqlite3.DatabaseError as error:
        raise StateFileError(f"{path} cannot be used as a state file: {error}.") from error
    return connection


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if names and "meta" not in names:
        raise StateFileError(f"{path} holds something else than a sandbox's state.")
    if names and read_meta(connection).get("version") != VERSION:
        raise StateFileError(f"{path} is of another version. Delete it to start anew.")


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """What is noted about the whole file; nothing while it is still empty."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone()
    if not found:
        return {}
    return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def create_tables(connection: sqlite3.Connection) -> None:
    """Empty tables, whatever was there before. The caller holds the transaction."""
    for statement in (*DROPS, *TABLES):
        connection.execute(statement)


def create_indexes(connection: sqlite3.Connection) -> None:
    """The indexes, once the rows are in."""
    for statement in INDEXES:
        connection.execute(statement)
