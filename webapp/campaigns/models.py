"""Campaigns, their outgoing changes (the outbox) and their conflicts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.advertisers.models import Advertiser
from webapp.core.db import Model, UtcDateTime, key_column
from webapp.core.money import MAX_MINOR

KEY_LENGTH = 120
SEARCH_LENGTH = 400
# Compared byte by byte, so that both databases sort it alike.
SORTED_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

CONFIRMED, WAITING, SENDING, CHECKING = "confirmed", "waiting", "sending", "checking"
REFUSED, CONFLICT, PARKED, GONE = "refused", "conflict", "parked", "gone"
SYNC_STATES = (CONFIRMED, WAITING, SENDING, CHECKING, REFUSED, CONFLICT, PARKED, GONE)
NEEDS_YOU = (REFUSED, CONFLICT, PARKED)

CREATE, UPDATE = "create", "update"
READY, CLAIMED, SENT, SETTLING, PROBING = "ready", "claimed", "sent", "settling", "probing"
APPLIED, REJECTED, STUCK, SUPERSEDED = "applied", "rejected", "parked", "superseded"
HELD, CANCELLED = "held", "cancelled"
IN_FLIGHT = (CLAIMED, SENT, SETTLING, PROBING)
# Not sent yet: an operator may still hold, release or cancel it.
NOT_SENT = (READY, HELD)
CHANGE_STATES = (READY, HELD, *IN_FLIGHT, APPLIED, REJECTED, STUCK, SUPERSEDED, CANCELLED)
# Enough to count what most filters find in the archive.
ARCHIVE_COLUMNS = (
    *("changed_at", "id", "archived_at"),
    *("total_budget_minor", "total_budget_currency", "copy_needed"),
)


def _order(name: str, *columns: str, nullable: Sequence[str] = ()) -> Index:
    """An index for one order of the list: it leaves out archived rows without reading them."""
    return Index(
        f"ix_campaign_list_{name}",
        *columns,
        *nullable,
        "id",
        "archived_at",
        # As SQLite has it by itself: rows without a value first.
        postgresql_ops=dict.fromkeys(nullable, "NULLS FIRST"),
    )


def _part(name: str, rule: str, *columns: str) -> Index:
    """An index of the rows for which a rule holds."""
    where = text(rule)
    return Index(f"ix_campaign_{name}", *columns, sqlite_where=where, postgresql_where=where)


class Campaign(Model):
    """One campaign: what the operator wants (*ours*), and what both agreed on (``base``).

    ``version`` counts operators' and merged changes, for optimistic locking of forms.
    ``base`` and ``fingerprint`` are the remote record as last merged; ``observed`` is the
    connection's observation number of that merge or of our last write, whichever came later.
    ``marker`` is the external id under which it was booked from here, by which a second record of
    the same booking is recognised. ``notes`` and ``owner_id`` are local: no ad server is told.
    Columns named ``*_key`` and ``search_text`` are derived
    (``webapp.campaigns.keys``).
    """

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("connection_id", "remote_id"),
        CheckConstraint(f"total_budget_minor BETWEEN 0 AND {MAX_MINOR}", name="budget"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint(f"sync_state IN {SYNC_STATES}", name="sync_state"),
        _order("title", "title_key"),
        _order("advertiser", "advertiser_key"),
        _order("external_id", "external_key"),
        _order("budget", "budget_key"),
        _order("changed", "changed_at"),
        _order("sync", "sync_state", "changed_at"),
        _order("copy", "copy_needed", "changed_at"),
        _order("owner", "owner_key", "changed_at"),
        _order("created", nullable=["remote_created_at"]),
        _order("advertisers_created", "advertiser_id", nullable=["remote_created_at"]),
        _order("updated", nullable=["remote_updated_at"]),
        _order("synced", nullable=["synced_at"]),
        _order("revenue", nullable=["total_revenue_currency", "total_revenue_minor"]),
        _order("duration", nullable=["duration_seconds"]),
        _order("source", nullable=["booking_source"]),
        Index("ix_campaign_advertisers_list", "advertiser_id", "changed_at", "id", "archived_at"),
        _part("of_owner", "owner_id IS NOT NULL", "owner_id", "changed_at", "id", "archived_at"),
        _part("no_budget", "total_budget_minor IS NULL", "changed_at", "id", "archived_at"),
        _part("noted", "notes IS NOT NULL", "changed_at", "id", "archived_at"),
        _part(
            "unconfirmed",
            f"sync_state <> '{CONFIRMED}'",
            "sync_state",
            "changed_at",
            "id",
            "archived_at",
        ),
        # The archive is small beside the rest, and asked about with every search.
        _part("archived", "archived_at IS NOT NULL", *ARCHIVE_COLUMNS),
        # Also answers the overview's sums by itself.
        Index(
            "ix_campaign_of_advertiser",
            "advertiser_id",
            "total_budget_currency",
            "archived_at",
            "copy_needed",
            "total_budget_minor",
        ),
        # Few are booked from here beside those that are imported.
        _part("marker", "marker IS NOT NULL", "connection_id", "marker"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    remote_id: Mapped[str | None] = mapped_column(String(64))

    title: Mapped[str] = mapped_column(Text)
    advertiser_id: Mapped[int | None] = mapped_column(ForeignKey("advertiser.id"))
    external_id: Mapped[str | None] = mapped_column(Text)
    total_budget_minor: Mapped[int | None] = mapped_column(BigInteger)
    total_budget_currency: Mapped[str | None] = mapped_column(String(3))
    copy_needed: Mapped[bool] = mapped_column(default=False)

    notes: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))

    total_revenue_minor: Mapped[int | None] = mapped_column(BigInteger)
    total_revenue_currency: Mapped[str | None] = mapped_column(String(3))
    duration_seconds: Mapped[int | None] = mapped_column(BigInteger)
    booking_source: Mapped[str | None] = mapped_column(SORTED_TEXT)
    remote_created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remote_updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    title_key: Mapped[str] = mapped_column(key_column(KEY_LENGTH))
    advertiser_key: Mapped[str] = mapped_column(key_column(KEY_LENGTH))
    external_key: Mapped[str] = mapped_column(key_column(KEY_LENGTH))
    budget_key: Mapped[str] = mapped_column(key_column(24))
    owner_key: Mapped[str] = mapped_column(key_column(KEY_LENGTH), default="", server_default="")
    search_text: Mapped[str] = mapped_column(Text)

    sync_state: Mapped[str] = mapped_column(String(10), default=CONFIRMED)
    sync_detail: Mapped[str | None] = mapped_column(Text)
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    base: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fingerprint: Mapped[str | None] = mapped_column(String(32))
    observed: Mapped[int] = mapped_column(BigInteger, default=0)
    missed_runs: Mapped[int] = mapped_column(default=0)
    marker: Mapped[str | None] = mapped_column(Text)

    advertiser: Mapped[Advertiser | None] = relationship(lazy="raise")


class Change(Model):
    """One outgoing change. Values are read from the campaign when it is sent.

    ``intent_key`` is made with the form: the same key again is the same change. ``lease_token``
    fences: whoever completes a step must still hold it. ``before`` and ``after`` are the field
    groups as this edit found and left them, for undoing it. Changes of one ``lane`` (a bulk edit,
    or one person's single edits) take turns with those of other lanes. ``not_before`` delays a
    change, ``failing_since`` is when sending first failed without a success since. ``claimed_at``:
    when it was last taken up to be sent, whatever came of it; its lane has had a turn by that.
    """

    __tablename__ = "change"
    __table_args__ = (
        CheckConstraint("kind IN ('create', 'update')", name="kind"),
        CheckConstraint(f"state IN {CHANGE_STATES}", name="state"),
        Index(
            "uq_change_in_flight",
            "campaign_id",
            unique=True,
            sqlite_where=text(f"state IN {IN_FLIGHT}"),
            postgresql_where=text(f"state IN {IN_FLIGHT}"),
        ),
        Index("ix_change_due", "state", "next_attempt_at"),
        Index("ix_change_campaign", "campaign_id", "id"),
        Index("ix_change_lane", "lane", "claimed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    intent_key: Mapped[UUID] = mapped_column(Uuid, unique=True)
    payload_digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    fields: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), default=READY)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lane: Mapped[str] = mapped_column(String(64), server_default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("change.id"))
    held_by: Mapped[str | None] = mapped_column(String(254))
    sent_payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settle_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clean_probes: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str | None] = mapped_column(String(20))
    last_error: Mapped[str | None] = mapped_column(Text)
    last_status: Mapped[int | None]
    remote_request_id: Mapped[str | None] = mapped_column(String(100))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Conflict(Model):
    """One field group that was changed on both sides to different values.

    While it is open, this group is not sent; ours stays on the campaign, theirs is kept here.
    """

    __tablename__ = "conflict"
    __table_args__ = (
        Index(
            "uq_conflict_open",
            "campaign_id",
            "field_group",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    field_group: Mapped[str] = mapped_column(String(20))
    base: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    theirs: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    observation: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(10))
    decided_by: Mapped[str | None] = mapped_column(String(254))
