"""One pull: agencies, advertisers, then all campaigns, page by page.

What is read is merged at once, a transaction a page. What is *not* read means something only when
the whole listing was seen (``webapp.sync.absence``).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from webapp.adservers.base import AdServer
from webapp.adservers.errors import (
    AdServerError,
    AuthFailed,
    ContractChanged,
    PermissionDenied,
    RateLimited,
)
from webapp.adservers.types import RemoteCampaign, RemotePage
from webapp.adservers.walk import Identified, Walk
from webapp.audit.service import Actor
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import Clock, utc_now
from webapp.core.db import db, reading, transaction
from webapp.sync import absence, directory, runs
from webapp.sync.campaign_pages import PageContext, PageResult, merge_page
from webapp.sync.models import BRAKED, COMPLETE, FAILED, INCOMPLETE
from webapp.sync.observations import begin_observation, leave_database, next_observation
from webapp.sync.remote import RequestCount

PAGE_TRIES = 4
RETRY_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0
# What a column holds; a claim beyond it is nonsense, and the walk is incomplete anyway.
LARGEST_TOTAL = 2**31 - 1

WORKER = Actor(label="Flightdeck", source="sync")
log = structlog.get_logger()

T = TypeVar("T", bound=Identified)


@dataclass(frozen=True)
class Pull:
    """What one pull works with. ``keep_going`` turns false when the worker is told to stop."""

    run_id: int
    connection_id: int
    remote: AdServer
    requests: RequestCount
    clock: Clock = utc_now
    sleep: Callable[[float], object] = time.sleep
    keep_going: Callable[[], bool] = lambda: True


class Stopped(Exception):
    """The worker was told to stop."""


def run(pull: Pull) -> str:
    """Carry out a started run and close it. Returns its final state; raises ``RunTaken``."""
    try:
        state, problem = _read_everything(pull)
    except AdServerError as error:
        state, problem = FAILED, error.message
        _pause_if_hopeless(pull, error)
    except Stopped:
        state, problem = INCOMPLETE, "The worker was stopped. What was read was kept."
    now = pull.clock()
    with transaction():
        runs.progress(pull.run_id, now, request_count=pull.requests.take())
        runs.close(pull.run_id, state, now, problem)
        if state == COMPLETE:
            _connection(pull).last_success_at = now
    log.info("pull_finished", state=state, problem=problem)
    return state


def _read_everything(pull: Pull) -> tuple[str, str | None]:
    notes = [_agencies(pull), _advertisers(pull)]
    walk = Walk(pull.remote.list_campaigns, noun="campaigns")
    first_observation, unusable = _campaigns(pull, walk)
    if not walk.complete or unusable:
        return INCOMPLETE, walk.problem or f"{unusable:,} rows could not be used."
    state, problem = _conclude(pull, walk, first_observation)
    return state, " ".join(text for text in (*notes, problem) if text) or None


def _agencies(pull: Pull) -> str | None:
    """Agencies only name what advertisers carry too: a token that may not list them will do."""
    walk = Walk(pull.remote.list_agencies, noun="agencies")
    try:
        for page in _pages(pull, walk):
            now = pull.clock()
            with transaction():
                read = directory.merge_agencies(page.items, pull.connection_id, now)
                _count(pull, now, agency_count=read)
    except (PermissionDenied, ContractChanged) as error:
        return f"Agencies could not be listed. {error.message}"
    return walk.problem


def _advertisers(pull: Pull) -> str | None:
    walk = Walk(pull.remote.list_advertisers, noun="advertisers")
    for page in _pages(pull, walk):
        now = pull.clock()
        with transaction():
            read = directory.merge_advertisers(page.items, pull.connection_id, now)
            _count(pull, now, advertiser_count=read)
    return walk.problem


def _campaigns(pull: Pull, walk: Walk[RemoteCampaign]) -> tuple[int, int]:
    """Merge every page. Returns the first observation's number and how many rows were unusable."""
    with reading():
        known = directory.load_directory(pull.connection_id)
        db.session.rollback()
    first = observation = begin_observation(pull.connection_id)
    unusable = 0
    for page in _pages(pull, walk):
        now = pull.clock()
        context = PageContext(pull.connection_id, observation, known, now)
        with transaction():
            result = merge_page(page.items, context)
            _count_page(pull, page, result, now)
            if observation == first:
                connections.resume(WORKER, _connection(pull))
            # Taken before the next page is asked for, so never later than what it will show.
            observation = next_observation(pull.connection_id)
        unusable += len(result.set_aside)
    return first, unusable


def _count_page(
    pull: Pull, page: RemotePage[RemoteCampaign], result: PageResult, now: datetime
) -> None:
    bad = [{"id": row.id, "reason": row.reason} for row in page.bad_rows]
    set_aside = [*bad, *result.set_aside]
    runs.add_set_aside(pull.run_id, set_aside)
    runs.note(pull.run_id, remote_total=page.total if _fits(page.total) else None)
    _count(
        pull,
        now,
        read_count=len(page.items) + len(bad),
        created_count=result.created,
        updated_count=result.updated,
        unchanged_count=result.unchanged,
        set_aside_count=len(set_aside),
    )


def _fits(total: int | None) -> bool:
    return total is not None and total <= LARGEST_TOTAL


def _count(pull: Pull, now: datetime, **added: int) -> None:
    runs.progress(pull.run_id, now, request_count=pull.requests.take(), **added)


def _conclude(
    pull: Pull, walk: Walk[RemoteCampaign], first_observation: int
) -> tuple[str, str | None]:
    missing, held = absence.find_missing(pull.connection_id, first_observation, walk.has_seen)
    problem = absence.brake(missing, held, walk.distinct)
    if problem:
        return BRAKED, f"Stopped by the brake: {problem} Nothing was marked as missing."
    with transaction():
        absence.count_misses([each.id for each in missing])
        runs.progress(pull.run_id, pull.clock(), missing_count=len(missing))

    def still_wanted() -> None:
        if not pull.keep_going():
            raise Stopped
        with transaction():
            _count(pull, pull.clock())

    gone = absence.look_for_gone(missing, pull.remote, pull.clock, still_wanted)
    if gone:
        return COMPLETE, f"{gone:,} campaigns are gone from Megaphone. They are kept here."
    return COMPLETE, None


def _pages(pull: Pull, walk: Walk[T]) -> Iterator[RemotePage[T]]:
    """The walk's pages, each tried again a few times when it fails in passing."""
    tries = 0
    while True:
        if not pull.keep_going():
            raise Stopped
        leave_database()
        try:
            page = next(walk, None)
        except AdServerError as error:
            tries += 1
            if not error.retryable or tries >= PAGE_TRIES:
                raise
            _wait(pull, error, tries)
            continue
        if page is None:
            return
        tries = 0
        yield page


def _wait(pull: Pull, error: AdServerError, tries: int) -> None:
    seconds = RETRY_SECONDS * 2**tries
    if isinstance(error, RateLimited) and error.retry_after:
        seconds = max(seconds, error.retry_after)
    log.warning("page_failed", error=error.code, status=error.status, tries=tries)
    with transaction():
        _count(pull, pull.clock())
    if seconds > LONGEST_WAIT_SECONDS:
        # Told to stay away for long: the next run comes soon enough.
        raise error
    pull.sleep(seconds)


def _pause_if_hopeless(pull: Pull, error: AdServerError) -> None:
    if isinstance(error, (AuthFailed, PermissionDenied, ContractChanged)):
        with transaction():
            connections.pause(WORKER, _connection(pull), error.message)


def _connection(pull: Pull) -> Connection:
    return db.session.get_one(Connection, pull.connection_id, with_for_update=True)
