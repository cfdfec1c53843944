"""Writing the audit record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from webapp.audit.models import AuditEvent
from webapp.core.clock import utc_now
from webapp.core.db import db

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where. ``label`` is what the timeline shows and is never empty."""

    label: str
    source: str
    operator_id: int | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What was acted on. ``label`` is its name at that moment."""

    type: str
    id: int
    label: str


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's texts before and after, as people read them; ``None`` is "nothing"."""

    field: str
    before: str | None
    after: str | None


def record(
    actor: Actor,
    action: str,
    subject: Subject,
    changes: Iterable[FieldChange] = (),
    *,
    reason: str | None = None,
    at: datetime | None = None,
) -> None:
    """Add one event for each changed field, or a single one when no field is named."""
    db.session.add_all(
        AuditEvent(**row) for row in event_rows(actor, action, subject, changes, reason, at)
    )


def event_rows(
    actor: Actor,
    action: str,
    subject: Subject,
    changes: Iterable[FieldChange] = (),
    reason: str | None = None,
    at: datetime | None = None,
) -> list[dict[str, object]]:
    """The same events as plain rows, for inserting many at once."""
    common: dict[str, object] = {
        "at": at or utc_now(),
        "actor": actor.label,
        "operator_id": actor.operator_id,
        "source": actor.source,
        "object_type": subject.type,
        "object_id": subject.id,
        "object_label": subject.label,
        "action": action,
        "reason": reason,
        "request_id": actor.request_id,
    }
    fields = list(changes)
    log.info("recorded", **_told(actor, action, subject, fields))
    if not fields:
        return [common | {"field": None, "before": None, "after": None}]
    return [common | {"field": c.field, "before": c.before, "after": c.after} for c in fields]


def _told(
    actor: Actor, action: str, subject: Subject, fields: Sequence[FieldChange]
) -> dict[str, object]:
    """The same for the log, without values and names: they are in the record."""
    told: dict[str, object] = {
        "action": action,
        "source": actor.source,
        f"{subject.type.split()[-1]}_id": subject.id,
    }
    # Of a worker's event, whose work it was is known already.
    if actor.operator_id is not None:
        told["operator_id"] = actor.operator_id
    return told | {"fields": [each.field for each in fields]} if fields else told
