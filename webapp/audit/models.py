"""AuditEvent: the append-only record of who changed what, when, and from where."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

SOURCES = ("web", "api", "sync", "bulk", "import", "cli")
OFTEN_ASKED = ("operator_id", "source", "action", "object_type")


class AuditEvent(Model):
    """One fact. ``before`` and ``after`` are the texts that people read, not raw values.

    Triggers refuse to change or delete it, but after its time (``webapp.audit.seals``).
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint(f"source IN {SOURCES}", name="source"),
        CheckConstraint("actor <> ''", name="actor"),
        Index(None, "object_type", "object_id", "id"),
        # The list of what happened, as a whole and by what it is filtered for most.
        Index("ix_audit_event_at", "at", "id"),
        Index("ix_audit_event_by_object", "object_type", "object_id", "at", "id"),
        *(Index(f"ix_audit_event_by_{name}", name, "at", "id") for name in OFTEN_ASKED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(254))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    source: Mapped[str] = mapped_column(String(10))
    object_type: Mapped[str] = mapped_column(String(20))
    object_id: Mapped[int]
    object_label: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(String(40))
    field: Mapped[str | None] = mapped_column(String(40))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(64))


class AuditSeal(Model):
    """Holds the events from ``first_id`` to ``last_id`` fast: ``digest`` is theirs and of the seal
    before, ``previous``. ``pruned_at``: they were old enough to be dropped.
    """

    __tablename__ = "audit_seal"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first_id: Mapped[int] = mapped_column(BigInteger)
    last_id: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    pruned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


Index("uq_audit_seal_last", AuditSeal.last_id, unique=True)
