"""What happened, oldest first, for whoever follows along: nothing is missed or told twice.

On PostgreSQL a transaction may end after a later one whose events have greater ids. So as long as
one that writes is under way, what happened since it began is held back.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from sqlalchemy import func, select, text

from webapp.audit.models import AuditEvent
from webapp.core.db import db

# How much the clocks of two machines may differ.
SLACK = timedelta(seconds=10)
# How much later than others with greater ids an event may be said to have happened.
DISORDER = timedelta(minutes=5)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_WRITING_SINCE = text(
    "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)


def events_since(
    object_type: str, after_id: int, limit: int, since: datetime | None = None
) -> Sequence[AuditEvent]:
    """Events about objects of this type behind an event, and not before ``since``."""
    # In this order: what is not there yet when the number is read is not told of.
    last = db.session.scalar(select(func.max(AuditEvent.id))) or 0
    until = _all_there_until()
    query = select(AuditEvent).where(
        AuditEvent.id > after_id, AuditEvent.id <= last, AuditEvent.object_type == object_type
    )
    if since is not None:
        query = query.where(AuditEvent.at >= since)
    events = db.session.scalars(query.order_by(AuditEvent.id).limit(limit)).all()
    if until is None:
        return events
    return list(takewhile(lambda event: event.at < until, events))


def id_before(when: datetime) -> int:
    """An id behind which all events of that time and later are; close to the last such."""
    bounds = select(func.min(AuditEvent.id), func.max(AuditEvent.id))
    first, last = db.session.execute(bounds).one()
    low, high = first or 1, last or 0
    sought = max(when, BEGINNING) - DISORDER
    # Ids rise with the time: halved until the place is found, without an index of times.
    while low < high:
        middle = (low + high) // 2
        nearest = select(AuditEvent.at).where(AuditEvent.id >= middle).order_by(AuditEvent.id)
        at = db.session.scalars(nearest.limit(1)).one()
        low, high = (middle + 1, high) if at < sought else (low, middle)
    return low - 1


def _all_there_until() -> datetime | None:
    """From when on events may be missing still; ``None`` where all are there."""
    if db.engine.dialect.name == "sqlite":
        return None
    since: datetime | None = db.session.scalar(_WRITING_SINCE)
    return None if since is None else since - SLACK
