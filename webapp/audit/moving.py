"""An object that goes on as another: what happened to it is told of that one from then on."""

from sqlalchemy import insert, literal, select

from webapp.audit import queries
from webapp.audit.models import AuditEvent
from webapp.audit.queries import MOVED
from webapp.audit.service import Actor, Subject, record
from webapp.core.db import db

TOLD = [each.name for each in AuditEvent.__table__.columns if each.name not in ("id", "object_id")]


def move_history(actor: Actor, gone: Subject, into: Subject) -> None:
    """Tell of ``into`` what happened to ``gone``, whose number may be given to another object.

    What was written down stays as it is: that the number was given up is one event more.
    """
    db.session.flush()
    columns = [getattr(AuditEvent, name) for name in TOLD]
    history = select(literal(into.id), *columns).where(*queries.about(gone.type, gone.id))
    query = insert(AuditEvent).from_select(
        ["object_id", *TOLD], history.order_by(AuditEvent.id), include_defaults=False
    )
    db.session.execute(query)
    record(actor, MOVED, gone, reason=f"It goes on as {into.label}.")
