"""Dropping what is older than it has to be kept. The seals stay, and still follow each other."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update

from webapp.audit.models import AuditEvent, AuditSeal
from webapp.audit.service import Actor, Subject, record
from webapp.audit.verifying import KEPT
from webapp.core.db import db
from webapp.core.errors import InvalidInput


def announce(actor: Actor, before: datetime, now: datetime) -> int:
    """Write down that events sealed before a moment are dropped. Says of how many seals.

    Raises ``InvalidInput`` for a moment that is not old enough.
    """
    if before > now - KEPT:
        earliest = f"{now - KEPT:%Y-%m-%d}"
        raise InvalidInput({"before": f"Events are kept 400 days: at the latest {earliest}."})
    due = db.session.scalars(select(AuditSeal.id).where(*_due(before)).order_by(AuditSeal.id)).all()
    if due:
        subject = Subject("audit seal", due[-1], f"the timeline before {before:%Y-%m-%d}")
        record(actor, "pruned", subject, reason=f"{len(due):,} seals' events are dropped.")
        db.session.flush()
    return len(due)


def prune_next(before: datetime, now: datetime) -> int | None:
    """Drop the events of the oldest seal of before that moment. Says how many; ``None``: no more.

    Flushes; one seal in one transaction keeps nobody waiting.
    """
    query = select(AuditSeal.id).where(*_due(min(before, now - KEPT)))
    seal_id = db.session.scalar(query.order_by(AuditSeal.id).limit(1))
    if seal_id is None:
        return None
    found = db.session.get_one(AuditSeal, seal_id)
    db.session.execute(update(AuditSeal).where(AuditSeal.id == seal_id).values(pruned_at=now))
    events = delete(AuditEvent).where(
        AuditEvent.id >= found.first_id, AuditEvent.id <= found.last_id
    )
    db.session.execute(events, execution_options={"synchronize_session": False})
    return found.events


def _due(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Not the newest one: with its events, the number of the next event would be lost."""
    newest = select(func.max(AuditSeal.id)).scalar_subquery()
    return AuditSeal.pruned_at.is_(None), AuditSeal.made_at < before, AuditSeal.id < newest
