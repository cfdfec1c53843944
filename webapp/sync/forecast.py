"""How long waiting changes take: an estimate from the budget of calls, for people."""

import math
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import func, select

from webapp.campaigns.models import READY, Change
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratebudget import PATIENCE, Rules
from webapp.sync.models import OPEN_STATES, SyncRun

# Looking before a write costs a call of its own; a booking has nothing to look at yet.
CALLS_PER_UPDATE, CALLS_PER_CREATE = 2, 1
# Without a limit, or with few changes: what one change takes by itself.
SECONDS_EACH = 0.5
PULLS_SHARE = 1 / (PATIENCE + 1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """``changes`` take about ``seconds``; ``requests_per_minute`` 0 means no limit."""

    changes: int
    seconds: float
    requests_per_minute: int

    @property
    def minutes(self) -> int:
        return math.ceil(self.seconds / 60)

    @property
    def words(self) -> str:
        """Such as ``about 8 min at 54 requests a minute``."""
        if self.seconds < 60:
            return "less than a minute"
        rate = f" at {self.requests_per_minute} requests a minute"
        return f"about {self.minutes:,} min{rate if self.requests_per_minute else ''}"


def for_changes(changes: int, creates: int = 0) -> Forecast:
    """How long so many changes take from now on, of which ``creates`` are bookings."""
    settings: Settings = current_app.config["SETTINGS"]
    return estimate(
        changes, creates, settings.megaphone_requests_per_minute, is_pulling=_is_pulling()
    )


def for_change(change: Change) -> Forecast:
    """How long until this change has gone out: those before it, and itself."""
    return for_changes(_before(change) + 1)


def estimate(
    changes: int, creates: int, requests_per_minute: int, *, is_pulling: bool = False
) -> Forecast:
    """The same from plain numbers: a pull under way takes its share of the calls."""
    rules = Rules(requests_per_minute)
    alone = changes * SECONDS_EACH
    if rules.unlimited:
        return Forecast(changes, alone, 0)
    calls = (changes - creates) * CALLS_PER_UPDATE + creates * CALLS_PER_CREATE
    per_minute = rules.most * (1 - PULLS_SHARE if is_pulling else 1)
    return Forecast(changes, max(alone, calls / per_minute * 60), rules.most)


def _before(change: Change) -> int:
    """How many changes go out before this one: lanes take turns, each in its own order."""
    lanes = (
        select(Change.lane, func.count().label("number"))
        .where(Change.state == READY, Change.connection_id == change.connection_id)
        .group_by(Change.lane)
    )
    counts: dict[str, int] = {row.lane: row.number for row in db.session.execute(lanes)}
    place = _place_in_lane(change)
    others = sum(min(n, place + 1) for lane, n in counts.items() if lane != change.lane)
    return place + others


def _place_in_lane(change: Change) -> int:
    is_before = (Change.next_attempt_at < change.next_attempt_at) | (
        (Change.next_attempt_at == change.next_attempt_at) & (Change.id < change.id)
    )
    query = select(func.count()).where(
        Change.state == READY,
        Change.connection_id == change.connection_id,
        Change.lane == change.lane,
        is_before,
    )
    return db.session.scalar(query) or 0


def _is_pulling() -> bool:
    return db.session.scalar(select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES))) is not None
