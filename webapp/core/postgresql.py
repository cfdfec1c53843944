"""What a connection to PostgreSQL is told, and asked, beside the statements of its user.

A look with a limit of time (see :func:`webapp.core.db.reading`) needs no transaction: in one, too,
each statement would see what was committed when it began. Without one, BEGIN, SET and ROLLBACK need
not be sent, and the driver keeps the statements it has prepared, which it forgets at each ROLLBACK.

Of these statements only those are prepared that say ``PREPARED``: to plan them takes longer than to
carry them out. All others are planned with what they are given, as a plan for a rare word is a bad
one for a common word.
"""

import select
import sys
import time
from typing import Any, cast

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection, ExceptionContext, ExecutionContext
from sqlalchemy.exc import InvalidatePoolError

# Something between the two may have forgotten a connection that was silent for so long.
ASKED_AFTER_SECONDS = 30.0

# The driver's own rule for transactions: from so many uses on.
PREPARED_AFTER = 5
# Without any number it would not prepare what is asked for either.
NEVER = sys.maxsize
# An execution option, for statements whose plan is good whatever they are given.
PREPARED = {"prepared": True}

# What the server says of a plan that does not fit any more.
PLAN = "cached plan must not change result type"

LOOKS = "SET default_transaction_read_only = on; SET statement_timeout = {}"
TRANSACTIONS = "SET default_transaction_read_only TO DEFAULT; SET statement_timeout TO DEFAULT"


def begin(connection: Connection, limit_ms: int | None) -> None:
    """Let it look, for so many milliseconds each time, or begin a transaction.

    Who looks cannot write: nothing would undo it.
    """
    taken = connection.connection
    driver = cast("psycopg.Connection[Any]", taken.dbapi_connection)
    before = driver.autocommit
    if taken.info.get("limit_ms") != limit_ms:
        driver.autocommit = True
        connection.exec_driver_sql(LOOKS.format(limit_ms) if limit_ms else TRANSACTIONS)
        driver.prepare_threshold = NEVER if limit_ms else PREPARED_AFTER
        # Kept as long as the driver's connection is.
        taken.info["limit_ms"] = limit_ms
    # Somebody may have asked for none, to clean up or to make an index.
    driver.autocommit = before or limit_ms is not None


def answers(connection: psycopg.Connection[Any]) -> bool:
    """Whether there is somebody at the other end: a round trip."""
    return connection.pgconn.exec_(b"").status == ExecStatus.EMPTY_QUERY


@event.listens_for(Engine, "do_execute")
def _execute_prepared(
    cursor: object, statement: str, parameters: Any, context: ExecutionContext
) -> bool | None:
    if not isinstance(cursor, psycopg.Cursor) or "prepared" not in context.execution_options:
        return None
    if not cursor.connection.autocommit:
        return None
    cursor.execute(statement, parameters, prepare=True)
    return True


@event.listens_for(Engine, "handle_error")
def _forget_plans(problem: ExceptionContext) -> None:
    """A column that was given another type meanwhile: the next connection plans anew."""
    if isinstance(problem.original_exception, psycopg.errors.FeatureNotSupported):
        problem.is_disconnect = problem.is_disconnect or PLAN in str(problem.original_exception)


@event.listens_for(Engine, "checkin")
def _put_back(connection: object, record: Any) -> None:
    if isinstance(connection, psycopg.Connection) and not connection.closed:
        connection.autocommit = False
        record.info["silent_since"] = time.monotonic()


@event.listens_for(Engine, "checkout")
def _take_out(connection: object, record: Any, _proxy: object) -> None:
    """Open all connections anew when this one was closed by the server or on the way to it.

    A server that goes away says so: to look whether it did costs no round trip.
    """
    if isinstance(connection, psycopg.Connection) and not _is_there(connection, record.info):
        raise InvalidatePoolError


def _is_there(connection: psycopg.Connection[Any], info: dict[Any, Any]) -> bool:
    if connection.closed or _has_word(connection):
        return False
    silent = time.monotonic() - info.get("silent_since", time.monotonic())
    return silent < ASKED_AFTER_SECONDS or answers(connection)


def _has_word(connection: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))
