"""Dropping what is older than it has to be kept. The seals stay, and still follow each other.

First everything goes into a file, and is read from there again; then it is written down that it is
dropped; then it is, a seal in a transaction. Ended anywhere in between, it can be begun anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update

from webapp.audit.archive import Archive
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.audit.service import Actor, Subject, record
from webapp.audit.verifying import KEPT
from webapp.core.db import db
from webapp.core.errors import InvalidInput

COLUMNS = tuple(AuditSeal.__table__.columns)


def due_before(before: datetime, now: datetime) -> Sequence[Row[Any]]:
    """The seals of before a moment whose events are there, oldest first.

    Not the newest one: with its events, the number of the next event would be lost. Raises
    ``InvalidInput`` for a moment that is not old enough.
    """
    if before > now - KEPT:
        earliest = f"{now - KEPT:%Y-%m-%d}"
        raise InvalidInput({"before": f"Events are kept 400 days: at the latest {earliest}."})
    return db.session.execute(select(*COLUMNS).where(*_due(before)).order_by(AuditSeal.id)).all()


def announce(actor: Actor, before: datetime, due: Sequence[Row[Any]], kept: Archive) -> None:
    """Write down that the events of these seals are dropped, and what they are kept in."""
    subject = Subject("audit seal", due[-1].id, f"the timeline before {before:%Y-%m-%d}")
    reason = f"{len(due):,} seals' events are dropped. {kept.path.name}, SHA-256 {kept.sha256}"
    record(actor, "pruned", subject, reason=reason)
    db.session.flush()


def prune(seal_id: int, now: datetime) -> int:
    """Drop the events of a seal that is kept in a file; 0 when somebody else did.

    Flushes; one seal in one transaction keeps nobody waiting.
    """
    marked = (
        update(AuditSeal)
        .where(AuditSeal.id == seal_id, *_due(now - KEPT))
        .values(pruned_at=now)
        .returning(AuditSeal.first_id, AuditSeal.last_id, AuditSeal.events)
    )
    found = db.session.execute(marked).one_or_none()
    if found is None:
        return 0
    events = delete(AuditEvent).where(
        AuditEvent.id >= found.first_id, AuditEvent.id <= found.last_id
    )
    db.session.execute(events, execution_options={"synchronize_session": False})
    return int(found.events)


def _due(before: datetime) -> tuple[ColumnElement[bool], ...]:
    newest = select(func.max(AuditSeal.id)).scalar_subquery()
    return AuditSeal.pruned_at.is_(None), AuditSeal.made_at < before, AuditSeal.id < newest
