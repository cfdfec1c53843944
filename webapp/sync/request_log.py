"""The log of remote calls: one row each, for a month, written beside what the caller is doing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine, ScalarSelect, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from webapp.adservers.types import Priority, RequestRecord
from webapp.connections.models import Connection
from webapp.core.db import db, reading, transaction
from webapp.sync.models import RequestLog

KEPT = timedelta(days=30)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# So few rows at a time that nobody waits long for the database meanwhile.
DELETED_AT_ONCE = 2_000

INSERT = insert(RequestLog)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Caller:
    """What a remote call is made for."""

    connection_id: int
    run_id: int | None = None
    change_id: int | None = None


def write(
    engine: Engine, caller: Caller, priority: Priority, record: RequestRecord, at: datetime
) -> None:
    """Keep one call, in a transaction of its own. The sync goes on if that is not possible."""
    row = {
        "connection_id": caller.connection_id,
        "run_id": caller.run_id,
        "change_id": caller.change_id,
        "at": at,
        "method": record.method,
        "path": record.path_template,
        "priority": priority.name.lower(),
        "status": record.status,
        "outcome": record.outcome,
        "received_bytes": record.received_bytes,
        "duration_ms": record.duration_ms,
        "remote_request_id": record.request_id and record.request_id[:100],
    }
    try:
        with engine.begin() as connection:
            connection.execute(INSERT, row)
    except SQLAlchemyError:
        log.exception("request_not_logged")


def outcomes_of_run(run_id: int) -> Counter[str]:
    """How many calls of one run had each outcome; ``ok`` is a success."""
    query = (
        select(RequestLog.outcome, func.count().label("number"))
        .where(RequestLog.run_id == run_id)
        .group_by(RequestLog.outcome)
    )
    return Counter({row.outcome: row.number for row in db.session.execute(query)})


def of_change(change_id: int) -> Sequence[RequestLog]:
    """The calls made for one change, in their order."""
    query = select(RequestLog).where(RequestLog.change_id == change_id).order_by(RequestLog.id)
    return db.session.scalars(query).all()


def used_in_last_minute(connection_id: int, now: datetime) -> int:
    """How many calls were made in the last minute, by all processes."""
    return db.session.scalar(select(_between([connection_id], now - MINUTE, now))) or 0


def used_by_each(connection_ids: Sequence[int], now: datetime) -> Mapping[int, int]:
    """The same by connection; those without a call are left out."""
    query = (
        select(RequestLog.connection_id, func.count().label("number"))
        .where(RequestLog.connection_id.in_(connection_ids))
        .where(RequestLog.at >= now - MINUTE, RequestLog.at < now)
        .group_by(RequestLog.connection_id)
    )
    return {row.connection_id: row.number for row in db.session.execute(query)}


def per_hour(
    connection_ids: Sequence[int], now: datetime, hours: int = 24
) -> list[tuple[datetime, int]]:
    """How many calls each of the last hours had, the oldest first; the last is not over yet."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - HOUR * ago for ago in reversed(range(hours))]
    counts = [_between(connection_ids, start, start + HOUR) for start in starts]
    return list(zip(starts, db.session.execute(select(*counts)).one(), strict=True))


def delete_old(now: datetime) -> int:
    """Delete what is older than a month, in small transactions. Returns how many rows that was."""
    with reading():
        connections = db.session.scalars(select(Connection.id)).all()
        db.session.rollback()
    deleted = 0
    for connection_id in connections:
        while some := _delete_some(connection_id, now - KEPT):
            deleted += some
    return deleted


def _delete_some(connection_id: int, before: datetime) -> int:
    old = (
        select(RequestLog.id)
        .where(RequestLog.connection_id == connection_id, RequestLog.at < before)
        .limit(DELETED_AT_ONCE)
    )
    with transaction():
        ids = db.session.scalars(old).all()
        db.session.execute(delete(RequestLog).where(RequestLog.id.in_(ids)))
    return len(ids)


def _between(connection_ids: Sequence[int], start: datetime, end: datetime) -> ScalarSelect[int]:
    is_theirs = RequestLog.connection_id.in_(connection_ids)
    query = select(func.count()).where(is_theirs, RequestLog.at >= start, RequestLog.at < end)
    return query.scalar_subquery()
