"""What people are told without asking: open matters, who wants to hear of them, messages out."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime


class Notice(Model):
    """A matter that lasts, named by ``kind`` and ``subject``; over when it is ``closed_at``."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(80))
    words: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


Index("ix_notice_open", Notice.closed_at, Notice.kind, Notice.subject)


class NoticeChoice(Model):
    """Whether one operator wants to hear of one kind by e-mail."""

    __tablename__ = "notice_choice"

    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    by_mail: Mapped[bool]


class Message(Model):
    """One e-mail or webhook call, until ``sent_at`` or ``given_up_at``; of each ``key`` one."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    channel: Mapped[str] = mapped_column(String(10))
    recipient: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(500))


Index("ix_message_due", Message.sent_at, Message.given_up_at, Message.due_at)
