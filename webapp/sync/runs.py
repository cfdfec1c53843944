"""The life of a sync run in the database: started, counted page by page, closed.

Every step checks that the run is still running: a worker that was taken for dead must not go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update

from webapp.connections.models import ACTIVE, DETACHED, PAUSED, Connection
from webapp.core.db import UNSEEN, db
from webapp.sync.models import LOST, REQUESTED, RUNNING, SyncRun

HEARTBEAT_LIMIT = timedelta(minutes=2)
MAX_SET_ASIDE = 200
# As many of the campaigns that a list did not have are named on the run's page.
MAX_NAMED = 200
# What a run is reading, in this order; the last looks for those that no list had.
AGENCIES, ADVERTISERS, CAMPAIGNS, MISSING = "agencies", "advertisers", "campaigns", "missing"

CANCELLED_BY = select(SyncRun.cancelled_by).where(SyncRun.id == bindparam("run_id"))


class RunTaken(Exception):
    """The run was closed by someone else: stop, and keep nothing of the page at hand."""


def any_requested() -> bool:
    """Whether a run waits to be started: a cheap look before the write lock is taken."""
    return (
        db.session.scalar(select(SyncRun.id).where(SyncRun.state == REQUESTED).limit(1)) is not None
    )


def start_next(now: datetime) -> tuple[int, int] | None:
    """Start the oldest run that is asked for: its id and its connection's. ``None`` when none can.

    A paused connection is read all the same: that is how it is found to be mended.
    """
    running = select(SyncRun.connection_id).where(SyncRun.state == RUNNING)
    query = (
        select(SyncRun)
        .join(Connection)
        .where(
            SyncRun.state == REQUESTED,
            SyncRun.connection_id.not_in(running),
            Connection.state.in_((ACTIVE, PAUSED)),
        )
        .order_by(SyncRun.id)
        .limit(1)
        .with_for_update(of=SyncRun, skip_locked=True, key_share=True)
    )
    run = db.session.scalars(query).one_or_none()
    if run is None:
        return None
    run.state, run.started_at, run.heartbeat_at = RUNNING, now, now
    db.session.execute(
        update(Connection).where(Connection.id == run.connection_id).values(last_attempt_at=now)
    )
    return run.id, run.connection_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run was asked for: to go on at ``cursor``, and what may be missing unasked."""

    resumes_id: int | None
    cursor: str | None
    approved: frozenset[int]


def plan(run_id: int) -> Plan:
    query = select(SyncRun.resumes_id, SyncRun.cursor, SyncRun.approved)
    run = db.session.execute(query.where(SyncRun.id == run_id)).one()
    return Plan(run.resumes_id, run.cursor, frozenset(run.approved or ()))


def cancelled_by(run_id: int) -> str | None:
    """Who wants the run to stop, if anybody."""
    return db.session.scalar(CANCELLED_BY, {"run_id": run_id})


def has_read(run_id: int) -> bool:
    """Whether a campaign was read in this run."""
    return bool(db.session.scalar(select(SyncRun.read_count).where(SyncRun.id == run_id)))


def progress(
    run_id: int, now: datetime, values: Mapping[str, Any] | None = None, **added: int
) -> None:
    """Add to the run's counts and set plain ``values``. Raises ``RunTaken``."""
    sums = {name: getattr(SyncRun, name) + number for name, number in added.items() if number}
    _update_running(run_id, {**(values or {}), **sums, "heartbeat_at": now})


def add_set_aside(run_id: int, rows: list[dict[str, Any]]) -> None:
    """Keep the first ``MAX_SET_ASIDE`` rows that could not be used, with their reasons."""
    if not rows:
        return
    kept = db.session.scalars(select(SyncRun.set_aside).where(SyncRun.id == run_id)).one()
    _update_running(run_id, {"set_aside": [*kept, *rows][:MAX_SET_ASIDE]})


def close(
    run_id: int, state: str, now: datetime, problem: str | None = None, **values: Any
) -> None:
    """End the run. Raises ``RunTaken``."""
    _update_running(run_id, {**values, "state": state, "finished_at": now, "problem": problem})


def any_silent(now: datetime) -> bool:
    """Whether a run under way has died: a cheap look before the write lock is taken."""
    return db.session.scalar(select(SyncRun.id).where(_is_silent(now)).limit(1)) is not None


def close_lost(now: datetime, *, all_running: bool = False) -> int:
    """Close runs whose worker is gone; with ``all_running`` every run, as a new leader does."""
    query = update(SyncRun).where(SyncRun.state == RUNNING if all_running else _is_silent(now))
    closed = db.session.execute(
        query.values(
            state=LOST,
            finished_at=now,
            problem="The worker stopped in the middle. What was merged is kept.",
        )
    )
    return int(closed.rowcount)  # type: ignore[attr-defined]


def _is_silent(now: datetime) -> ColumnElement[bool]:
    # One in the future is of a clock that was set back since.
    silent = SyncRun.heartbeat_at < now - HEARTBEAT_LIMIT
    return (SyncRun.state == RUNNING) & (silent | (SyncRun.heartbeat_at > now + HEARTBEAT_LIMIT))


def close_detached(now: datetime) -> None:
    """Close runs that nobody will start: their connection has left the settings."""
    detached = select(Connection.id).where(Connection.state == DETACHED)
    db.session.execute(
        update(SyncRun)
        .where(SyncRun.state == REQUESTED, SyncRun.connection_id.in_(detached))
        .values(
            state=LOST,
            finished_at=now,
            problem="Its connection is not in the settings any more. Nothing was read.",
        )
    )


def _update_running(run_id: int, values: dict[str, Any]) -> None:
    running = update(SyncRun).where(SyncRun.id == run_id, SyncRun.state == RUNNING)
    changed = db.session.execute(running.values(values).execution_options(**UNSEEN))
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise RunTaken
