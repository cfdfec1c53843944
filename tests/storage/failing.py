"""Databases that fail: at a chosen statement, by a lost connection, on a full disk, by a lock."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from tests.support.listening import listening


@dataclass
class Countdown:
    """How many statements and commits there were, and whether one of them failed."""

    at: int
    seen: int = 0
    failed: bool = False

    def pass_by(self) -> bool:
        """Whether this is the one."""
        self.seen += 1
        self.failed = self.failed or self.seen == self.at
        return self.seen == self.at


@contextmanager
def failing_at(number: int) -> Iterator[Countdown]:
    """The statement or commit of that number fails, whichever it is; later ones work again."""
    countdown = Countdown(number)

    def statement(*arguments: object) -> None:
        if countdown.pass_by():
            raise OperationalError(str(arguments[2]), None, Exception("disk I/O error"))

    def commit(_connection: Connection) -> None:
        if countdown.pass_by():
            raise OperationalError("COMMIT", None, Exception("disk I/O error"))

    with listening(Engine, "before_cursor_execute", statement), listening(Engine, "commit", commit):
        yield countdown


@contextmanager
def connection_killed_at(number: int) -> Iterator[Countdown]:
    """PostgreSQL ends the connection just before that statement or commit; others stay."""
    countdown = Countdown(number)

    def pass_by(connection: Connection, *_: object) -> None:
        if countdown.pass_by():
            kill(connection)

    with listening(Engine, "before_cursor_execute", pass_by), listening(Engine, "commit", pass_by):
        yield countdown


def kill(connection: Connection) -> None:
    """End this connection, from another one."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    address = connection.engine.url.set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [driver.info.backend_pid])


@contextmanager
def full_disk(size: int = 4096) -> Iterator[None]:
    """No file of this process can be written beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Another program writes into the SQLite file, and does not come to an end."""
    other = sqlite3.connect(str(engine.url.database), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()
