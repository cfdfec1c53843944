"""Looks into the database while a world goes on: what is due, what is late, what is open."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import bindparam, func, or_, select

from webapp.attention import queries as attention
from webapp.campaigns.models import (
    CLAIMED,
    IN_FLIGHT,
    PROBING,
    READY,
    SENT,
    SETTLING,
    Campaign,
    Change,
    Conflict,
)
from webapp.connections.models import ACTIVE, Connection
from webapp.core.db import UtcDateTime, db
from webapp.sandbox.seed import Dice

T = TypeVar("T")
PATIENCE = timedelta(minutes=15)

# Built once: a world looks after each act.
EDGE = bindparam("edge", type_=UtcDateTime())
UNFINISHED = Change.state.in_((READY, *IN_FLIGHT))
ALL_CHANGES = select(Change.id).order_by(Change.id)
WAITS = select(
    Change.state,
    Change.settle_until,
    Change.next_attempt_at,
    Change.not_before,
    Change.lease_until,
).where(UNFINISHED)
LATE = (
    select(func.count(Change.id))
    .join(Connection, Change.connection_id == Connection.id)
    .where(
        UNFINISHED,
        Change.created_at < EDGE,
        or_(Change.not_before.is_(None), Change.not_before < EDGE),
        Connection.state == ACTIVE,
        Connection.held_at.is_(None),
    )
)
OPEN = select(
    select(func.count(Change.id)).where(UNFINISHED).scalar_subquery()
    + select(func.count(Conflict.id)).where(Conflict.decided_at.is_(None)).scalar_subquery()
)


class Act(Protocol):
    """Runs something by itself and returns what it returns."""

    def __call__(self, act: Callable[[], T], /) -> T: ...


class Looks:
    """``act`` runs each look by itself; what is wrong is added to ``noted``."""

    def __init__(
        self,
        act: Act,
        now: Callable[[], datetime],
        noted: list[tuple[str, str]],
    ) -> None:
        self._act, self._now, self._noted = act, now, noted

    def any_change(self, rng: Dice) -> int | None:
        ids = self._act(lambda: db.session.scalars(ALL_CHANGES).all())
        return rng.choice(ids) if ids else None

    def remote_id(self, campaign_id: int) -> str | None:
        query = select(Campaign.remote_id).where(Campaign.id == campaign_id)
        return self._act(lambda: db.session.scalar(query))

    def next_due(self) -> float:
        """Seconds until the next wait of a change is over, as the database has it."""

        def look() -> float:
            rows = db.session.execute(WAITS)
            now = self._now()
            times = [DUE[row.state](row) for row in rows]
            waits = [(time - now).total_seconds() for time in times if time and time > now]
            return min(waits, default=0.0)

        return self._act(look)

    def look_for_late(self) -> None:
        """Whatever is unfinished for long has to show where people look."""

        def look() -> None:
            number = db.session.scalar(LATE, {"edge": self._now() - PATIENCE}) or 0
            shown = sum(each.number for each in attention.late_changes()) if number else 0
            if number > shown:
                self._noted.append(("I8", f"{number} changes are late, {shown} are shown"))

        self._act(look)

    def unfinished(self) -> int:
        """How many changes and conflicts are still open."""

        def count() -> int:
            return db.session.scalar(OPEN) or 0

        return self._act(count)


DUE: Mapping[str, Callable[[Any], datetime | None]] = {
    READY: lambda row: max(row.next_attempt_at, row.not_before or row.next_attempt_at),
    SETTLING: lambda row: row.settle_until,
} | dict.fromkeys((CLAIMED, SENT, PROBING), lambda row: row.lease_until)
