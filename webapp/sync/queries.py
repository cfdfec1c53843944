"""Reading sync runs, and how fresh our copy is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from webapp.connections import queries as connections
from webapp.connections.models import DETACHED, PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.sync import breaker
from webapp.sync.models import BRAKED, COMPLETE, FAILED, INCOMPLETE, OPEN_STATES, SyncRun

TROUBLE_INTERVAL = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what we show of a connection may be. ``silent``: it does not answer any more."""

    connection: Connection
    late: bool
    paused: bool
    silent: bool
    age: timedelta | None
    interval: timedelta

    @property
    def next_at(self) -> datetime | None:
        """When the next pull is due. Asked for only where it is shown: it reads the last run."""
        attempt = self.connection.last_attempt_at
        return attempt + interval_now(self.connection, self.interval) if attempt else None


def get_run(run_id: int) -> SyncRun:
    """Raises ``NotFound``."""
    run = db.session.get(SyncRun, run_id)
    if run is None:
        raise NotFound("There is no such sync run.")
    return run


def latest_run(connection: Connection) -> SyncRun | None:
    query = select(SyncRun).where(SyncRun.connection_id == connection.id)
    return db.session.scalars(query.order_by(SyncRun.id.desc()).limit(1)).one_or_none()


def latest_runs(limit: int) -> Sequence[SyncRun]:
    """The newest runs of all connections."""
    return db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc()).limit(limit)).all()


def all_open_runs() -> Sequence[SyncRun]:
    """Runs of the connections shown that are asked for or under way, oldest first."""
    query = (
        select(SyncRun)
        .join(Connection)
        .where(SyncRun.state.in_(OPEN_STATES), Connection.state != DETACHED)
    )
    return db.session.scalars(query.order_by(SyncRun.id)).all()


def open_runs(connection_id: int) -> Sequence[SyncRun]:
    """Runs that are asked for or under way."""
    query = select(SyncRun).where(
        SyncRun.connection_id == connection_id, SyncRun.state.in_(OPEN_STATES)
    )
    return db.session.scalars(query.order_by(SyncRun.id)).all()


def resumed_by(run: SyncRun) -> SyncRun | None:
    """The run that went on where this one was left, the newest if there are several."""
    query = select(SyncRun).where(SyncRun.resumes_id == run.id)
    return db.session.scalars(query.order_by(SyncRun.id.desc()).limit(1)).one_or_none()


def later_full_run(run: SyncRun) -> bool:
    """Whether a later run of the connection has seen the whole list, and so judged anew."""
    later = select(SyncRun.id).where(
        SyncRun.connection_id == run.connection_id,
        SyncRun.id > run.id,
        SyncRun.state.in_((COMPLETE, BRAKED)),
    )
    return db.session.scalar(later.limit(1)) is not None


def freshness(interval: timedelta) -> list[Freshness]:
    """For each connection shown: late when the last success is older than two intervals.

    ``interval`` is the time between two pulls when all is well.
    """
    return [freshness_of(each, interval) for each in connections.shown_connections()]


def freshness_of(connection: Connection, interval: timedelta) -> Freshness:
    now = utc_now()
    age = now - connection.last_success_at if connection.last_success_at else None
    waited = age if age is not None else now - connection.created_at
    return Freshness(
        connection=connection,
        late=waited > 2 * interval or connection.state == PAUSED,
        paused=connection.state == PAUSED,
        silent=connection.failures >= breaker.OPENS_AFTER,
        age=age,
        interval=interval,
    )


def interval_now(connection: Connection, interval: timedelta) -> timedelta:
    """A connection that is paused, or failed or broke off last time, is looked at sooner."""
    last = latest_run(connection)
    broke_off = last is not None and (
        last.state == FAILED or (last.state == INCOMPLETE and last.cursor is not None)
    )
    in_trouble = connection.state == PAUSED or broke_off
    return min(interval, TROUBLE_INTERVAL) if in_trouble else interval
