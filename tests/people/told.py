"""What the timeline was told, in short."""

from sqlalchemy import select

from webapp.audit.models import AuditEvent
from webapp.core.db import db

Told = tuple[str, str, str, str | None, str | None]


def told() -> list[Told]:
    """Who did what to whom, before and after; oldest first."""
    db.session.rollback()
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
    return [(e.actor, e.action, e.object_label, e.before, e.after) for e in events]
