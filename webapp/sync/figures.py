"""Numbers for those who watch from outside: queues and their ages, runs and calls by outcome.

Each is a small question that an index answers. They are read from the rows, not counted in a
process: whoever asks, of however many processes, gets the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from webapp.campaigns.models import HELD, IN_FLIGHT, READY, Change
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratebudget import Rules
from webapp.sync import turns
from webapp.sync.budget import DatabaseStore, key_of, most_a_minute
from webapp.sync.models import OPEN_STATES, REQUESTED, RequestLog, SyncRun
from webapp.sync.moments import at

RECENT = timedelta(minutes=5)
PUSH = "push"


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of the last five minutes that went alike. ``status`` is ``None`` without an answer."""

    connection_id: int
    priority: str
    method: str
    status: int | None
    outcome: str
    number: int
    seconds: float


def oldest_due(now: datetime) -> Mapping[int, timedelta]:
    """By connection, for how long the change has been due that waits longest to be sent."""
    query = select(Change.connection_id, func.min(Change.next_attempt_at).label("since"))
    due = query.where(Change.id.in_(turns.to_send())).group_by(Change.connection_id)
    return {row.connection_id: now - row.since for row in db.session.execute(due, at(now))}


def stuck_since(now: datetime, before: datetime) -> Mapping[int, datetime]:
    """By connection, since when a change is due where none was sent, nor tried, since ``before``.

    That many wait is no fault: a bulk edit takes its time.
    """
    tried = select(RequestLog.connection_id).where(
        RequestLog.connection_id == Change.connection_id,
        RequestLog.at > before,
        RequestLog.priority == PUSH,
    )
    since = func.min(Change.next_attempt_at)
    query = (
        select(Change.connection_id, since.label("since"))
        .where(Change.id.in_(turns.to_send()), ~tried.exists())
        .group_by(Change.connection_id)
        .having(since < before)
    )
    return {row.connection_id: row.since for row in db.session.execute(query, at(now))}


def unfinished() -> Mapping[tuple[int, str], int]:
    """How many changes are in each state, by connection; those that are over are left out."""
    query = (
        select(Change.connection_id, Change.state, func.count().label("number"))
        .where(Change.state.in_((READY, HELD, *IN_FLIGHT)))
        .group_by(Change.connection_id, Change.state)
    )
    return {(row.connection_id, row.state): row.number for row in db.session.execute(query)}


def oldest_request(now: datetime) -> timedelta:
    """For how long the run has been asked for that waits longest to be started."""
    since = db.session.scalar(
        select(func.min(SyncRun.requested_at)).where(SyncRun.state == REQUESTED)
    )
    return now - since if since else timedelta(0)


def runs_ended() -> Mapping[tuple[int, str], int]:
    """How many runs have ended in each way, ever, by connection. No row of these goes away."""
    query = (
        select(SyncRun.connection_id, SyncRun.state, func.count().label("number"))
        .where(SyncRun.state.not_in(OPEN_STATES))
        .group_by(SyncRun.connection_id, SyncRun.state)
    )
    return {(row.connection_id, row.state): row.number for row in db.session.execute(query)}


def recent_calls(connection_ids: Sequence[int], now: datetime) -> list[Calls]:
    made_for = RequestLog.connection_id, RequestLog.priority, RequestLog.method
    answered = RequestLog.status, RequestLog.outcome
    query = (
        select(
            *made_for,
            *answered,
            func.count().label("number"),
            func.sum(RequestLog.duration_ms).label("duration_ms"),
        )
        .where(RequestLog.connection_id.in_(connection_ids), RequestLog.at > now - RECENT)
        .group_by(*made_for, *answered)
    )
    return [
        Calls(
            connection_id=row.connection_id,
            priority=row.priority,
            method=row.method,
            status=row.status,
            outcome=row.outcome,
            number=row.number,
            seconds=float(row.duration_ms) / 1000,
        )
        for row in db.session.execute(query)
    ]


def recent_pushes(calls: Sequence[Calls]) -> Mapping[tuple[int, str], int]:
    """How many attempts to send ended in each way: by the write, or by the look before it."""
    found: dict[tuple[int, str], int] = {}
    for each in calls:
        if each.priority == PUSH and (each.method != "GET" or each.outcome != "ok"):
            key = each.connection_id, each.outcome
            found[key] = found.get(key, 0) + each.number
    return found


def has_pushed(connection_id: int, since: datetime) -> bool:
    """Whether anything was sent, or tried to, since then."""
    query = select(RequestLog.id).where(
        RequestLog.connection_id == connection_id,
        RequestLog.at > since,
        RequestLog.priority == PUSH,
    )
    return db.session.scalar(query.limit(1)) is not None


def budget_used(settings: Settings, engine: Engine) -> tuple[int, int]:
    """Calls granted in the last minute, and how many may be; 0 is any number."""
    most = most_a_minute(settings)
    if most is None:
        return 0, 0
    budget, now = DatabaseStore(engine, key_of(settings)).look()
    return Rules(settings.megaphone_requests_per_minute).used(budget, now), most
