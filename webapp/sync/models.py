"""Sync runs and what they changed here, duplicates, the log of remote calls, budgets, leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
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
CANCELLED = "cancelled"
RUN_STATES = (REQUESTED, RUNNING, COMPLETE, INCOMPLETE, FAILED, LOST, BRAKED, CANCELLED)
APPLY, KEEP = "apply", "keep"
OPEN_STATES = (REQUESTED, RUNNING)
# Ended with something left to read, when a cursor says where.
RESUMABLE = (INCOMPLETE, FAILED, LOST, CANCELLED)


class SyncRun(Model):
    """One pull: what asked for it, how it went, and counts that must balance.

    ``complete``: every record was read. ``incomplete``: what was read was merged, absence meant
    nothing. ``failed``: nothing could be read. ``lost``: its worker died. ``braked``: too much was
    missing at once, so nothing was marked as missing; ``brake`` holds the ids of the missing
    campaigns until someone decides ``apply`` or ``keep``. ``cancelled``: an operator stopped it.

    ``cursor`` is where the listing of campaigns was left, ``resumes_id`` the run that this one goes
    on with from there. ``approved``: campaigns whose absence an operator accepted beforehand.
    ``missing``: the first ids of the ``missing_count`` campaigns that a whole list did not have.
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
        # The newest of a connection is asked for by every page.
        Index("ix_sync_run_newest", "connection_id", "id"),
        Index("ix_sync_run_requested", "requested_at", "id"),
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
    gone_count: Mapped[int] = mapped_column(default=0, server_default="0")
    duplicate_count: Mapped[int] = mapped_column(default=0, server_default="0")
    retry_count: Mapped[int] = mapped_column(default=0, server_default="0")
    stage: Mapped[str | None] = mapped_column(String(12))
    cursor: Mapped[str | None] = mapped_column(Text)
    resumes_id: Mapped[int | None] = mapped_column(ForeignKey("sync_run.id"))
    cancelled_by: Mapped[str | None] = mapped_column(String(254))
    # As long as the account is large: read where they are asked for, not with every run listed.
    approved: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    brake: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    missing: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    brake_decision: Mapped[str | None] = mapped_column(String(10))
    brake_decided_by: Mapped[str | None] = mapped_column(String(254))
    brake_decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(Text)
    set_aside: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    @property
    def unread_advertisers(self) -> int | None:
        """How many advertisers could not be read; ``None`` when their whole list was.

        0 is of a list that was not whole for another reason. It stands with ``set_aside``, whose
        other rows are campaigns.
        """
        return next((row["advertisers"] for row in self.set_aside if "advertisers" in row), None)


class PulledChange(Model):
    """One thing that reading the ad server changed here: a field group's values, or a whole record.

    ``kind``: ``changed`` (theirs was taken), ``conflict`` (theirs was put beside ours), ``gone``,
    ``back``. ``run_id`` is ``None`` when it was seen while looking before a write.
    """

    __tablename__ = "pulled_change"
    __table_args__ = (
        Index("ix_pulled_change_run", "run_id", "id"),
        Index("ix_pulled_change_campaign", "campaign_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("sync_run.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(10))
    field_group: Mapped[str | None] = mapped_column(String(20))
    before: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(String(254))


class Duplicate(Model):
    """A second remote record with the marker of a campaign that was booked from here.

    Nothing removes it by itself: an operator looks, and closes the report.
    """

    __tablename__ = "duplicate"
    __table_args__ = (UniqueConstraint("campaign_id", "remote_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    marker: Mapped[str] = mapped_column(Text)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("sync_run.id"))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(254))


class RequestLog(Model):
    """One remote call, as it went. ``path`` is a template: no id, no query."""

    __tablename__ = "request_log"
    __table_args__ = (
        Index("ix_request_log_at", "connection_id", "at"),
        Index("ix_request_log_run", "run_id", "id"),
        Index("ix_request_log_change", "change_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(200))
    priority: Mapped[str] = mapped_column(String(10))
    status: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(20))
    received_bytes: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int]
    remote_request_id: Mapped[str | None] = mapped_column(String(100))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("sync_run.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("change.id"))


class RateBudget(Model):
    """The calls made with one credential, over all processes: see ``webapp.sync.budget``."""

    __tablename__ = "rate_budget"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


class Lease(Model):
    """Who may act alone for a while: ``holder`` has ``name`` until ``expires_at``."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
