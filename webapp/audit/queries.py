"""Reading the audit record."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator
from webapp.core.db import db

PAGE = 50
MANY = 500
# The object went, and its number may be given to another.
MOVED = "moved"


def events_of(
    object_type: str, object_id: int, limit: int = PAGE, before_id: int | None = None
) -> Sequence[AuditEvent]:
    """The latest events of one object, newest first; ``before_id`` goes on where a page ended."""
    query = (
        select(AuditEvent)
        .where(*about(object_type, object_id))
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(AuditEvent.id < before_id)
    return db.session.scalars(query).all()


def latest_action(object_type: str, object_id: int, action: str) -> AuditEvent | None:
    """When this last happened to an object, and by whom."""
    query = (
        select(AuditEvent)
        .where(*about(object_type, object_id), AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).one_or_none()


def last_event_id(object_type: str, object_id: int) -> int:
    """The id of an object's latest event; 0 where nothing happened yet."""
    query = select(func.max(AuditEvent.id)).where(*about(object_type, object_id))
    return db.session.scalar(query) or 0


def events_after(object_type: str, object_id: int, event_id: int) -> Sequence[AuditEvent]:
    """What happened to an object since that event, oldest first: the first so many."""
    query = (
        select(AuditEvent)
        .where(*about(object_type, object_id), AuditEvent.id > event_id)
        .order_by(AuditEvent.id)
        .limit(MANY)
    )
    return db.session.scalars(query).all()


def about(object_type: str, object_id: int) -> list[ColumnElement[bool]]:
    """Events of one object. One that had its number before, and went, is another."""
    earlier = aliased(AuditEvent)
    moved = select(func.max(earlier.id)).where(
        earlier.object_type == object_type,
        earlier.object_id == object_id,
        earlier.action == MOVED,
    )
    return [
        AuditEvent.object_type == object_type,
        AuditEvent.object_id == object_id,
        AuditEvent.id > func.coalesce(moved.scalar_subquery(), 0),
    ]


def people() -> list[tuple[int, str]]:
    """Everyone who may have done something, by address."""
    query = select(Operator.id, Operator.email).order_by(Operator.email)
    return [(row.id, row.email) for row in db.session.execute(query)]
