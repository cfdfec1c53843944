"""Connection: the link to one account or organisation in an ad server."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Double, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

ACTIVE, PAUSED, DETACHED = "active", "paused", "detached"
UNIQUE_MARKER, STORED_MARKER, NO_MARKER = "unique", "stored", "none"
RETRY_TOKENS = 10.0


class Connection(Model):
    """One ad-server account that campaigns live in.

    ``active``: synced. ``paused``: nothing is sent or read until its reason is mended.
    ``detached``: no longer in the settings; its records are kept and not shown.
    ``observation`` counts remote reads and writes; see ``webapp.sync.merge``.

    ``held_at``: an operator keeps everything from being sent; reading goes on. ``failures`` counts
    failed calls in a row; from five on only one trial a minute is made, the next at ``trial_at``.
    ``retry_tokens`` is what sending again may still cost. ``pause_kind`` is the error's code that
    paused it. ``marker_mode``: whether the ad server keeps our external ids, and keeps them apart.
    ``capabilities`` is what the last check found, at ``checked_at``. ``credential`` is encrypted.
    """

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        CheckConstraint("state IN ('active', 'paused', 'detached')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(100))
    base_url: Mapped[str] = mapped_column(String(500))
    external_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default=ACTIVE)
    state_reason: Mapped[str | None] = mapped_column(String(500))
    pause_kind: Mapped[str | None] = mapped_column(String(20))
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_by: Mapped[str | None] = mapped_column(String(254))
    hold_reason: Mapped[str | None] = mapped_column(String(500))
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    trial_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retry_tokens: Mapped[float] = mapped_column(Double, default=RETRY_TOKENS, server_default="10")
    marker_mode: Mapped[str] = mapped_column(
        String(10), default=STORED_MARKER, server_default=STORED_MARKER
    )
    capabilities: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    credential_digest: Mapped[str | None] = mapped_column(String(64))
    credential: Mapped[str | None] = mapped_column(Text)
    observation: Mapped[int] = mapped_column(BigInteger, default=0)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
