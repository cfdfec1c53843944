"""What the API keeps: answers to requests that may come again, and how many came."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime


class ApiAnswer(Model):
    """One request with an ``Idempotency-Key``, and its answer once it is ``finished_at``.

    Until ``claimed_until`` somebody is at work on it; ``digest`` is of method, path and body.
    """

    __tablename__ = "api_answer"
    __table_args__ = (UniqueConstraint("token_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(255))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)


Index("ix_api_answer_created", ApiAnswer.created_at)


class ApiWindow(Model):
    """How many requests one caller was given, in the 15 minutes from ``started_at``.

    ``caller`` is ``token:<id>``, or ``address:<digest>`` of whoever comes without a token. Each
    process takes several at a time, so that not every request writes.
    """

    __tablename__ = "api_window"

    caller: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    taken: Mapped[int]
