"""Who is signed in where: one row for each browser. Its cookie holds the secret that finds the row.

A session ends when nothing was asked for a while, when it is old, when somebody ends it, and with
its operator's password, role or account.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from flask import g
from sqlalchemy import ColumnElement, CursorResult, Select, bindparam, delete, select, update
from sqlalchemy.orm import contains_eager

from webapp.auth.models import Operator, OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.postgresql import PREPARED

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
FRESH = timedelta(minutes=15)
WARN = timedelta(minutes=5)
# How exactly it is known when something was last asked.
SEEN_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)
LONGEST_ADDRESS, LONGEST_AGENT = 64, 200


@dataclass(frozen=True, slots=True)
class Standing:
    """What a request may know of its session without asking the database again."""

    session_id: int
    begun_at: datetime
    seen_at: datetime
    confirmed_at: datetime

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the password was typed lately: asked before what is dangerous."""
        return self.confirmed_at > now - FRESH

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to write down that something was asked."""
        return self.seen_at <= now - SEEN_EVERY

    def left(self, now: datetime, *, seen: bool = True) -> int:
        """The seconds until it ends; ``seen``: as if something were asked now."""
        idle_from = now if seen else self.seen_at
        return max(0, int((min(idle_from + IDLE, self.begun_at + ABSOLUTE) - now).total_seconds()))

    def can_stay(self, now: datetime) -> bool:
        """Whether asking for something makes it last longer."""
        return now + WARN < self.begun_at + ABSOLUTE


def begin(operator: Operator, *, address: str, agent: str, now: datetime) -> str:
    """A new session; returns its secret, which is kept nowhere but in the browser."""
    secret = secrets.token_urlsafe(32)
    row = OperatorSession(
        digest=_digest(secret),
        operator_id=operator.id,
        created_at=now,
        last_seen_at=now,
        confirmed_at=now,
        address=address[:LONGEST_ADDRESS],
        agent=agent[:LONGEST_AGENT],
    )
    db.session.add(row)
    db.session.flush()
    return secret


def find(secret: str, now: datetime) -> OperatorSession | None:
    """The live session of this secret, its operator loaded with it."""
    given = {"digest": _digest(secret), "seen_since": now - IDLE, "begun_since": now - ABSOLUTE}
    return db.session.scalars(_finding(), given).one_or_none()


@cache
def _finding() -> Select[OperatorSession]:
    # Every page asks for this: put together once.
    return (
        select(OperatorSession)
        .join(OperatorSession.operator)
        .options(contains_eager(OperatorSession.operator))
        .where(
            OperatorSession.digest == bindparam("digest"),
            OperatorSession.ended_at.is_(None),
            OperatorSession.last_seen_at > bindparam("seen_since"),
            OperatorSession.created_at > bindparam("begun_since"),
            Operator.active,
        )
        .execution_options(**PREPARED)
    )


def load(secret: str) -> Operator | None:
    """Whose request this is; remembers the session for :func:`current`."""
    row = find(secret, utc_now())
    if row is None:
        return None
    g.operator_session = row
    g.session_standing = Standing(row.id, row.created_at, row.last_seen_at, row.confirmed_at)
    return row.operator


def current() -> OperatorSession:
    """The session of this request. Only where somebody is signed in."""
    return cast("OperatorSession", g.operator_session)


def standing() -> Standing | None:
    """``None`` where nobody is signed in, or nobody asked who is."""
    return cast("Standing | None", g.get("session_standing"))


def see(session_id: int, now: datetime) -> None:
    """Something was asked in this session."""
    db.session.execute(
        update(OperatorSession)
        .where(OperatorSession.id == session_id, OperatorSession.last_seen_at < now)
        .values(last_seen_at=now)
    )


def confirm(row: OperatorSession, now: datetime | None = None) -> None:
    """The password was typed in it just now."""
    row.confirmed_at = now or utc_now()
    db.session.flush()


def end(row: OperatorSession) -> bool:
    """End one session. ``False`` when it had ended before."""
    return _end(OperatorSession.id == row.id) == 1


def end_all(operator_id: int, *, but: OperatorSession | None = None) -> int:
    """End every session of an operator, save perhaps one; returns how many were open."""
    kept = but.id if but else 0
    return _end(OperatorSession.operator_id == operator_id, OperatorSession.id != kept)


def list_of(operator_id: int, now: datetime | None = None) -> Sequence[OperatorSession]:
    """The sessions that are open, the one last used first."""
    now = now or utc_now()
    query = (
        select(OperatorSession)
        .where(
            OperatorSession.operator_id == operator_id,
            OperatorSession.ended_at.is_(None),
            OperatorSession.last_seen_at > now - IDLE,
            OperatorSession.created_at > now - ABSOLUTE,
        )
        .order_by(OperatorSession.last_seen_at.desc(), OperatorSession.id.desc())
    )
    return db.session.scalars(query).all()


def forget_old(now: datetime) -> int:
    """Delete the sessions that are over for long; returns how many."""
    old = delete(OperatorSession).where(OperatorSession.last_seen_at <= now - KEPT_FOR)
    result = db.session.execute(old, execution_options={"synchronize_session": False})
    return cast("CursorResult[object]", result).rowcount


def _end(*which: ColumnElement[bool]) -> int:
    now = utc_now()
    ending = update(OperatorSession).where(*which, OperatorSession.ended_at.is_(None))
    result = db.session.execute(
        ending.values(ended_at=now), execution_options={"synchronize_session": "fetch"}
    )
    return cast("CursorResult[object]", result).rowcount


def _digest(secret: str) -> str:
    # A secret is 256 random bits: a plain digest cannot be guessed back.
    return hashlib.sha256(secret.encode()).hexdigest()
