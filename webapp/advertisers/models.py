"""Agencies and advertisers, mirrored from the ad server."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Model, UtcDateTime, key_column

KEY_LENGTH = 120


class Agency(Model):
    """Buys for advertisers. A direct advertiser is its own agency."""

    __tablename__ = "agency"
    __table_args__ = (UniqueConstraint("connection_id", "remote_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    remote_created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remote_updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fingerprint: Mapped[str] = mapped_column(String(32))
    synced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Advertiser(Model):
    """Names are not unique: the same company bought through two agencies is two advertisers."""

    __tablename__ = "advertiser"
    __table_args__ = (
        UniqueConstraint("connection_id", "remote_id"),
        Index(None, "name_key", "id"),
        Index(None, "agency_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    remote_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(key_column(KEY_LENGTH))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agency.id"))
    competitive_categories: Mapped[str | None] = mapped_column(Text)
    remote_created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remote_updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fingerprint: Mapped[str] = mapped_column(String(32))
    synced_at: Mapped[datetime] = mapped_column(UtcDateTime)

    agency: Mapped[Agency | None] = relationship(lazy="raise")
