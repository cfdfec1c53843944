"""The database: engine set-up, base class, column types, and how a transaction begins.

SQLite: WAL, full synchronisation, foreign keys on, and writing transactions that take the write
lock when they begin (``BEGIN IMMEDIATE``). A transaction that reads and then writes would otherwise
lose updates or fail half-way. Wrap pure reads in :func:`reading`, which begins without the lock.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, event
from sqlalchemy.engine import Connection as EngineConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from webapp.core import postgresql
from webapp.core.config import MOST_THREADS
from webapp.core.errors import TooSlow

BUSY_TIMEOUT_MS = 15_000
CACHE_KIB = 32_768
# As much as SQLite allows: what lies behind it is read in far more steps.
MAP_BYTES = 2 * 1024**3 - 65_536
# A page of a pull changes more than the usual 1,000 pages: it would be copied over each time.
CHECKPOINT_PAGES = 4_000
# What a connection knows of the size of tables, it learned when it was opened.
PLAN_SECONDS = 600

# Connections that are kept open. A request of a script reads by one, and is counted by another.
POOLED = 10

# The page that says that something took too long asks a few things as well.
TO_SAY_SO_SECONDS = 2.0
# How many steps of its virtual machine SQLite takes between two looks at the clock.
STEPS_BETWEEN_LOOKS = 20_000
CANCELLED_BY_SERVER = "57014"

# Of an update of rows that nobody looks at through the session before it is committed: the session
# need not search what it holds for them, which takes as long as the update itself.
UNSEEN: dict[str, Any] = {"synchronize_session": False}

_reading: ContextVar[bool] = ContextVar("reading", default=False)
_limit: ContextVar["Limit | None"] = ContextVar("limit", default=None)


class Base(DeclarativeBase):
    """All tables. The naming convention makes every constraint's name predictable."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class Limit:
    """How long statements may take, and until when."""

    def __init__(self, seconds: float) -> None:
        self.milliseconds = int(seconds * 1000)
        self.until = time.monotonic() + seconds


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. Refuses naive ones; SQLite's naive answers come back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object]:
        # SQLAlchemy's own puts SQLite's text together in Python: a tenth of all a pull computes.
        return _as_sqlite_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        return _from_sqlite_text if dialect.name == "sqlite" else _in_utc


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _as_sqlite_text(value: datetime | None) -> str | None:
    utc = _in_utc(value)
    # Without its last six characters, the zone.
    return None if utc is None else utc.isoformat(" ", "microseconds")[:-6]


def _from_sqlite_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def key_column(length: int) -> String:
    """Text compared byte by byte, so that both databases sort it alike."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def engine_options(url: str) -> dict[str, Any]:
    # What a statement was given, such as a password's digest, belongs into no log or trace.
    options: dict[str, Any] = {"hide_parameters": True}
    # Opened when needed. With fewer, threads that have one would wait for each other's second one.
    options |= {"pool_size": POOLED, "max_overflow": 2 * MOST_THREADS - POOLED}
    if url.startswith("sqlite"):
        connecting = {"timeout": BUSY_TIMEOUT_MS / 1000}
        options |= {"connect_args": connecting, "pool_recycle": PLAN_SECONDS}
    return options


@contextmanager
def reading(seconds: float | None = None) -> Iterator[None]:
    """Transactions begun inside do not take SQLite's write lock: for code that only reads.

    With ``seconds``, a statement is given up when that time is over: counted from here on SQLite,
    for each statement on PostgreSQL, which then refuses to write.
    """
    token = _reading.set(True)
    limit = _limit.set(Limit(seconds) if seconds else None)
    try:
        yield
    finally:
        _limit.reset(limit)
        _reading.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside write, on a connection of their own, whatever is read around it."""
    token, limit = _reading.set(False), _limit.set(None)
    try:
        yield
    finally:
        _limit.reset(limit)
        _reading.reset(token)


@contextmanager
def giving_up() -> Iterator[None]:
    """Raise ``TooSlow``, the transaction rolled back, when a statement inside took too long."""
    try:
        yield
    except DBAPIError as error:
        if not was_given_up(error):
            raise
        give_up()
        raise TooSlow from None


def give_up() -> None:
    """Roll back after a statement that took too long, and leave time to say so."""
    db.session.rollback()
    limit = _limit.get()
    if limit:
        limit.until = max(limit.until, time.monotonic() + TO_SAY_SO_SECONDS)


def was_given_up(error: DBAPIError) -> bool:
    """Whether it was stopped by the limit that :func:`reading` sets."""
    code = getattr(error.orig, "sqlstate", None)
    name = getattr(error.orig, "sqlite_errorname", None)
    return code == CANCELLED_BY_SERVER or name == "SQLITE_INTERRUPT"


def _is_late() -> bool:
    limit = _limit.get()
    return limit is not None and time.monotonic() > limit.until


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction of an entry point: committed when the block ends, else rolled back."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


@event.listens_for(Engine, "connect")
def _set_up_sqlite(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver's own BEGIN comes too late for us; the listener below sends it.
    connection.isolation_level = None
    connection.set_progress_handler(_is_late, STEPS_BETWEEN_LOOKS)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"cache_size=-{CACHE_KIB}",
        f"mmap_size={MAP_BYTES}",
        # What triggers need to undo a statement half-way; in files it was most of all writing.
        "temp_store=MEMORY",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: EngineConnection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")


@event.listens_for(Engine, "begin")
def _begin_postgresql(connection: EngineConnection) -> None:
    if connection.dialect.name != "postgresql":
        return
    limit = _limit.get()
    postgresql.begin(connection, limit.milliseconds if limit else None)
