"""Saved views: lists of campaigns that someone named, to come back to."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime

NAME_LENGTH = 80


class SavedView(Model):
    """A list's arguments under a name. Everyone sees a shared one, only its owner changes it.

    ``arguments`` are those of the list's address, without the page.
    """

    __tablename__ = "saved_view"
    __table_args__ = (
        Index("ix_saved_view_operator", "operator_id", "name"),
        Index("ix_saved_view_shared", "is_shared", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    is_shared: Mapped[bool] = mapped_column(default=False)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def mark(self) -> str:
        """Another one after each change: by it a page knows whether the view is as it drew it."""
        return self.changed_at.isoformat()
