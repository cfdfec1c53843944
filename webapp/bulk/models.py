"""Bulk jobs: one operation on many campaigns, frozen, shown, carried out and told row by row."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

EDIT, IMPORT, UNDO = "edit", "import", "undo"
KINDS = (EDIT, IMPORT, UNDO)

DRAFT, QUEUED, RUNNING, PAUSED = "draft", "queued", "running", "paused"
FINISHED, CANCELLED = "finished", "cancelled"
JOB_STATES = (DRAFT, QUEUED, RUNNING, PAUSED, FINISHED, CANCELLED)
# The worker has, or will have, something to do for these.
UNDER_WAY = (QUEUED, RUNNING)

PLANNED, DONE, UNCHANGED, FAILED, LEFT_OUT = "planned", "done", "unchanged", "failed", "left out"
ITEM_STATES = (PLANNED, DONE, UNCHANGED, FAILED, LEFT_OUT)


class BulkJob(Model):
    """``selection`` says in words what was picked; ``operation`` is its name with what was typed.

    A draft may be planned again and again: ``operation`` has the plan's number and moment as well.
    Counts are of items by state. ``heartbeat_at`` is the worker's last sign of life in it.
    ``file_digest`` tells the same file sent twice; ``undoes_id`` is the job that this one undoes.
    """

    __tablename__ = "bulk_job"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {JOB_STATES}", name="state"),
        Index("ix_bulk_job_state", "state", "id"),
        Index("ix_bulk_job_operator", "operator_id", "id"),
        Index("ix_bulk_job_file", "file_digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default=DRAFT)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    actor: Mapped[str] = mapped_column(String(254))
    selection: Mapped[str] = mapped_column(Text)
    list_arguments: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    operation: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    total: Mapped[int] = mapped_column(default=0)
    done_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    left_out_count: Mapped[int] = mapped_column(default=0)
    message: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(Text)
    file_digest: Mapped[str | None] = mapped_column(String(64))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_job.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def plan_number(self) -> int:
        """Which plan of a draft this is; 0 for what is planned as it is drafted."""
        return int((self.operation or {}).get("plan", 0))

    @property
    def planned_at(self) -> datetime:
        """When the campaigns were looked at for it."""
        text = (self.operation or {}).get("planned_at")
        return datetime.fromisoformat(text) if text else self.created_at


class BulkItem(Model):
    """One campaign of a job; without a ``campaign_id`` it books one.

    ``version`` is the campaign's when it was picked. ``wanted`` are field groups as they shall be,
    ``before`` as they were; ``line`` is the file's. ``key`` makes carrying it out twice harmless.
    """

    __tablename__ = "bulk_item"
    __table_args__ = (
        CheckConstraint(f"state IN {ITEM_STATES}", name="state"),
        Index("ix_bulk_item_job", "job_id", "state", "id"),
        Index("ix_bulk_item_campaign", "campaign_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_job.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    version: Mapped[int | None]
    line: Mapped[int | None]
    key: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    state: Mapped[str] = mapped_column(String(10), default=PLANNED)
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    warnings: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    message: Mapped[str | None] = mapped_column(Text)
