"""Reading a listing's pages for a run: each tried again when it fails in passing, until stopped."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import structlog

from webapp.adservers.base import AdServer
from webapp.adservers.errors import AdServerError, RateLimited
from webapp.adservers.types import RemotePage
from webapp.adservers.walk import Identified, Walk
from webapp.core.clock import Clock, utc_now
from webapp.core.db import db, reading, transaction
from webapp.sync import breaker, runs
from webapp.sync.observations import leave_database
from webapp.sync.remote import RequestCount

PAGE_TRIES = 4
RETRY_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0
# How long a run may sleep without a sign of life, and without seeing that it is to stop.
SLICE_SECONDS = 5.0

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

    def beat(self, values: dict[str, object] | None = None, **added: int) -> None:
        """Write down a sign of life, and what was read. Raises ``RunTaken``."""
        runs.progress(
            self.run_id, self.clock(), values, request_count=self.requests.take(), **added
        )


class Stopped(Exception):
    """The worker was told to stop."""


class Cancelled(Exception):
    """An operator wants the run to stop; the text says who."""


def still_wanted(pull: Pull) -> None:
    """Raises ``Stopped`` or ``Cancelled``. Called before each remote call."""
    if not pull.keep_going():
        raise Stopped
    with reading():
        who = runs.cancelled_by(pull.run_id)
        db.session.rollback()
    if who:
        raise Cancelled(who)


def pages(pull: Pull, walk: Walk[T]) -> Iterator[RemotePage[T]]:
    """The walk's pages, each tried again a few times when it fails in passing."""
    tries = 0
    while True:
        still_wanted(pull)
        leave_database()
        try:
            page = next(walk, None)
        except AdServerError as error:
            tries += 1
            _wait(pull, error, tries)
            continue
        if page is None:
            return
        tries = 0
        yield page


def _wait(pull: Pull, error: AdServerError, tries: int) -> None:
    """Before the page is asked for again. Raises the error when that would not help."""
    seconds = RETRY_SECONDS * 2**tries
    if isinstance(error, RateLimited) and error.retry_after:
        seconds = max(seconds, error.retry_after)
    log.warning("page_failed", error=error.code, status=error.status, tries=tries)
    worth_it = error.retryable and tries < PAGE_TRIES and seconds <= LONGEST_WAIT_SECONDS
    with transaction():
        pull.beat()
        breaker.heard(pull.connection_id, error, pull.clock())
        # Told to stay away for long, or out of retries: the next run comes soon enough.
        again = worth_it and breaker.may_retry(pull.connection_id, pull.clock())
    if not again:
        raise error
    _sleep(pull, seconds)
    with transaction():
        pull.beat(retry_count=1)


def _sleep(pull: Pull, seconds: float) -> None:
    while seconds > SLICE_SECONDS:
        pull.sleep(SLICE_SECONDS)
        seconds -= SLICE_SECONDS
        still_wanted(pull)
        with transaction():
            pull.beat()
    pull.sleep(seconds)
