"""Sync runs and leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

REQUESTED, RUNNING = "requested", "running"
COMPLETE, INCOMPLETE, FAILED, LOST, BRAKED = "complete", "incomplete", "failed", "lost", "braked"
RUN_STATES = (REQUESTED, RUNNING, COMPLETE, INCOMPLETE, FAILED, LOST, BRAKED)
OPEN_STATES = (REQUESTED, RUNNING)


class SyncRun(Model):
    """One pull: what asked for it, how it went, and counts that must balance.

    ``complete``: every record was read. ``incomplete``: what was read was merged, absence meant
    nothing. ``failed``: nothing could be read. ``lost``: its worker died. ``braked``: too much was
    missing at once, so nothing was marked as missing.
    """

    __tablename__ = "sync_run"
    __table_args__ = (
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        CheckConstraint("trigger IN ('start', 'schedule', 'operator')", name="trigger"),
        CheckConstraint(
            "read_count = created_count + updated_count + unchanged_count + set_aside_count",
            name="balance",
        ),
        # A scheduled moment starts at most one run, however many workers see it come.
        UniqueConstraint("connection_id", "due_at"),
        # Runs of one connection never overlap, and pressing the button twice asks once.
        Index(
            "uq_sync_run_open",
            "connection_id",
            "state",
            unique=True,
            sqlite_where=text(f"state IN {OPEN_STATES}"),
            postgresql_where=text(f"state IN {OPEN_STATES}"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    trigger: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[str | None] = mapped_column(String(254))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remote_total: Mapped[int | None]
    read_count: Mapped[int] = mapped_column(default=0)
    created_count: Mapped[int] = mapped_column(default=0)
    updated_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    set_aside_count: Mapped[int] = mapped_column(default=0)
    missing_count: Mapped[int] = mapped_column(default=0)
    advertiser_count: Mapped[int] = mapped_column(default=0)
    agency_count: Mapped[int] = mapped_column(default=0)
    request_count: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(Text)
    set_aside: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class Lease(Model):
    """Who may act alone for a while: ``holder`` has ``name`` until ``expires_at``."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
