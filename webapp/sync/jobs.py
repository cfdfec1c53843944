"""What the worker does, one function a job. Each runs in an app context of its own."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from webapp.adservers.errors import AdServerError
from webapp.adservers.types import Priority
from webapp.connections import queries as connections
from webapp.connections.models import Connection
from webapp.core.clock import Clock, utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sync import outbox, probe, pull, push, queries, results, runs, service
from webapp.sync.models import FAILED
from webapp.sync.remote import Outside, RequestCount, open_remote
from webapp.sync.request_log import Caller
from webapp.sync.service import SCHEDULE, START

# How many changes one round of the push job may send before it looks around again.
MOST_AT_ONCE = 50
# A change is left for the next look when it would wait longer for its turn to be sent.
LONGEST_IN_LINE_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(frozen=True)
class Work:
    """What every job needs. ``keep_going`` turns false when the worker stops or loses its lead."""

    settings: Settings
    limiter: RateLimiter
    keep_going: Callable[[], bool]
    clock: Clock = utc_now
    sleep: Callable[[float], object] = time.sleep
    uniform: Callable[[float, float], float] = field(default=random.uniform)
    outside: Outside = field(default_factory=Outside)


def close_left_open(work: Work) -> None:
    """Close the runs that whoever led before has left open. Before anything else is done."""
    now = work.clock()
    with transaction():
        lost = runs.close_lost(now, all_running=True)
        runs.close_detached(now)
    if lost:
        log.warning("runs_lost", count=lost)


def ask_for_start_run(work: Work) -> None:
    """A pull when the worker starts."""
    close_left_open(work)
    with transaction():
        for connection in connections.shown_connections():
            service.schedule_run(connection, START, work.clock())


def ask_for_scheduled_run(work: Work) -> None:
    """A pull for each moment of the schedule, once, whoever else sees that moment come."""
    now = work.clock()
    with reading():
        due = [c.id for c in connections.shown_connections() if _is_due(c, work, now)]
        db.session.rollback()
    if not due:
        return
    with transaction():
        runs.close_lost(now)
        for connection_id in due:
            connection = db.session.get_one(Connection, connection_id)
            interval = _interval(connection, work.settings)
            service.schedule_run(connection, SCHEDULE, moment(now, interval))


def _is_due(connection: Connection, work: Work, now: datetime) -> bool:
    interval = _interval(connection, work.settings)
    attempt = connection.last_attempt_at
    # Far in the future is due as well: the clock was set back since.
    return attempt is None or abs(now - attempt) >= interval


def _interval(connection: Connection, settings: Settings) -> timedelta:
    interval = timedelta(minutes=settings.sync_interval_minutes)
    return queries.interval_now(connection, interval)


def moment(now: datetime, interval: timedelta) -> datetime:
    """The schedule's moment that ``now`` falls into: the same for every worker."""
    seconds = int(interval.total_seconds())
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)


def pull_next(work: Work) -> str | None:
    """Carry out the oldest run that is asked for, if there is one; how that ended."""
    now = work.clock()
    # A run of ours that died of a failing database is closed here: nobody else would for long.
    if not (_has_requested_run() or _is_any(runs.any_silent, now)):
        return None
    with transaction():
        # One that died must not keep the others waiting until the schedule comes round.
        runs.close_lost(now)
        started = runs.start_next(now)
    if started is None:
        return None
    run_id, connection_id = started
    structlog.contextvars.bind_contextvars(run_id=run_id, connection_id=connection_id)
    try:
        return _pull(work, run_id, connection_id)
    except runs.RunTaken:
        log.warning("run_taken")
        return None
    finally:
        structlog.contextvars.unbind_contextvars("run_id", "connection_id")


def _pull(work: Work, run_id: int, connection_id: int) -> str:
    requests = RequestCount(Caller(connection_id, run_id=run_id))
    platform = _platform(connection_id)
    try:
        with open_remote(
            platform, work.settings, work.limiter, Priority.PULL, requests, work.outside
        ) as remote:
            return pull.run(
                pull.Pull(
                    run_id,
                    connection_id,
                    remote,
                    requests,
                    clock=work.clock,
                    sleep=work.sleep,
                    keep_going=work.keep_going,
                )
            )
    except AdServerError as error:
        with transaction():
            runs.close(run_id, FAILED, work.clock(), error.message)
        return FAILED
    except runs.RunTaken:
        raise
    except Exception:
        # A run must not stay open because of a fault of ours; the scheduler logs the error.
        db.session.rollback()
        with transaction():
            runs.close(run_id, FAILED, work.clock(), "It failed on our side; see the error log.")
        raise


def push_due(work: Work) -> None:
    """Take back what a dead worker held, and send what is due."""
    if not _is_any(outbox.any_to_send, work.clock()):
        return
    with transaction():
        recovered = outbox.recover_expired(work.clock())
        outbox.mend_waits(work.clock())
    if recovered:
        log.warning("leases_expired", count=recovered)
    for _ in range(MOST_AT_ONCE):
        if not (work.keep_going() and _send_one(work)):
            return


def probe_due(work: Work) -> None:
    """Find out about what is unknown. Apart from sending: looking for a booking takes long."""
    if not _is_any(outbox.any_to_probe, work.clock()):
        return
    for _ in range(MOST_AT_ONCE):
        if not (work.keep_going() and _probe_one(work)):
            return


def _send_one(work: Work) -> bool:
    # Nobody waits for a turn to call with a change in hand: it could be cancelled meanwhile.
    if work.limiter.ready_in(Priority.PUSH) > LONGEST_IN_LINE_SECONDS:
        return False
    with transaction():
        claim = outbox.claim_due(work.clock())
    return claim is not None and _carry_out(work, claim, Priority.PUSH, push.send)


def _probe_one(work: Work) -> bool:
    with transaction():
        claim = outbox.claim_probe(work.clock())
    return claim is not None and _carry_out(work, claim, Priority.PROBE, probe.find_out)


def _carry_out(
    work: Work,
    claim: outbox.Claim,
    priority: Priority,
    act: Callable[[push.Push, outbox.Claim], None],
) -> bool:
    work_on = {
        "change_id": claim.change_id,
        "campaign_id": claim.campaign_id,
        "connection_id": claim.connection_id,
        "operator_id": claim.operator_id,
    }
    structlog.contextvars.bind_contextvars(**work_on)
    try:
        requests = RequestCount(Caller(claim.connection_id, change_id=claim.change_id))
        platform = _platform(claim.connection_id)
        with open_remote(
            platform, work.settings, work.limiter, priority, requests, work.outside
        ) as remote:
            sender = push.Push(
                remote,
                clock=work.clock,
                monotonic=work.outside.monotonic,
                uniform=work.uniform,
            )
            act(sender, claim)
    except outbox.LeaseLost:
        log.warning("lease_lost")
    except AdServerError as error:
        # It could not even be opened. Nothing was sent, and the claim runs out.
        with transaction():
            results.pause_connection(claim.connection_id, error)
    finally:
        structlog.contextvars.unbind_contextvars(*work_on)
    return True


def _platform(connection_id: int) -> str:
    with reading():
        platform = db.session.get_one(Connection, connection_id).platform
        db.session.rollback()
    return platform


def _has_requested_run() -> bool:
    with reading():
        found = runs.any_requested()
        db.session.rollback()
    return found


def _is_any(look: Callable[[datetime], bool], now: datetime) -> bool:
    with reading():
        found = look(now)
        db.session.rollback()
    return found
