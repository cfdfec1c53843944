"""Connection: the link to one account or organisation in an ad server."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

ACTIVE, PAUSED, DETACHED = "active", "paused", "detached"


class Connection(Model):
    """One ad-server account that campaigns live in.

    ``active``: synced. ``paused``: nothing is sent or read until its reason is mended.
    ``detached``: no longer in the settings; its records are kept and not shown.
    ``observation`` counts remote reads and writes; see ``webapp.sync.merge``.
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
    credential_digest: Mapped[str | None] = mapped_column(String(64))
    observation: Mapped[int] = mapped_column(BigInteger, default=0)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
