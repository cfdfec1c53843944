"""Sending what was written down: each message by one worker, again when it failed, for a day."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from webapp.core.clock import Clock
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.notices import mail, webhook
from webapp.notices.mail import Mail, Undelivered
from webapp.notices.models import Message
from webapp.notices.telling import WEBHOOK

MINUTE = timedelta(minutes=1)
# How long after each attempt the next one is made; the last goes on for the rest of the day.
WAITS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE)
GIVEN_UP_AFTER = timedelta(days=1)
MOST_AT_ONCE = 50

log = structlog.get_logger()


def send_due(settings: Settings, clock: Clock, keep_going: Callable[[], bool]) -> None:
    """Send what is due, the oldest first. A channel that failed is left alone until the next look.

    Which fails them all: without that, each would wait for a server that does not answer.
    """
    failed: set[str] = set()
    for message_id in _due(clock()):
        if not keep_going():
            return
        message = _claim(message_id, clock(), failed)
        if message is None:
            continue
        problem = _attempt(settings, message, clock())
        if problem:
            failed.add(message.channel)
        _write_down(message, problem, clock())


def give_up_all(now: datetime, problem: str) -> None:
    """Send nothing of what waits. The caller commits."""
    waiting = update(Message).where(Message.sent_at.is_(None), Message.given_up_at.is_(None))
    db.session.execute(waiting.values(given_up_at=now, problem=problem))


def _due(now: datetime) -> list[int]:
    with reading():
        query = (
            select(Message.id)
            .where(Message.sent_at.is_(None), Message.given_up_at.is_(None), Message.due_at <= now)
            .order_by(Message.due_at, Message.id)
            .limit(MOST_AT_ONCE)
        )
        found = list(db.session.scalars(query))
        db.session.rollback()
    return found


def _claim(message_id: int, now: datetime, failed: set[str]) -> Message | None:
    """The message, ours until its next attempt is due; ``None`` when another worker has it."""
    with transaction():
        message = db.session.get_one(Message, message_id, populate_existing=True)
        if message.channel in failed or message.sent_at or message.due_at > now:
            return None
        claimed = db.session.scalar(
            update(Message)
            .where(Message.id == message.id, Message.attempts == message.attempts)
            .values(attempts=message.attempts + 1, due_at=now + _wait(message.attempts))
            .returning(Message.id)
        )
        if claimed is None:
            return None
        db.session.refresh(message)
        db.session.expunge(message)
    return message


def _wait(attempts: int) -> timedelta:
    return WAITS[min(attempts, len(WAITS) - 1)]


def _attempt(settings: Settings, message: Message, now: datetime) -> str | None:
    """What went wrong, if anything did. No transaction is open meanwhile."""
    try:
        if message.channel == WEBHOOK:
            webhook.send(settings, message.key, message.body, now)
        else:
            parts = json.loads(message.body)
            mail.send(
                settings,
                Mail(
                    key=message.key,
                    recipient=message.recipient,
                    subject=message.subject,
                    text=parts["text"],
                    html=parts.get("html"),
                    at=message.created_at,
                ),
            )
    except Undelivered as problem:
        return str(problem)
    return None


def _write_down(message: Message, problem: str | None, now: datetime) -> None:
    is_over = problem is not None and now - message.created_at >= GIVEN_UP_AFTER
    with transaction():
        db.session.execute(
            update(Message)
            .where(Message.id == message.id)
            .values(
                sent_at=None if problem else now,
                given_up_at=now if is_over else None,
                problem=problem,
            )
        )
    if problem:
        event = "message_given_up" if is_over else "message_not_sent"
        log.warning(event, key=message.key, attempts=message.attempts, reason=problem)
    else:
        log.info("message_sent", key=message.key, channel=message.channel)
