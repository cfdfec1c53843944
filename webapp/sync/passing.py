"""Questions passed straight on to the ad server while somebody waits: one page, or one record.

They take their turns in the shared budget before pulls do, heed the breaker, and stand in the
request log. What is asked for here is called outside of any transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from webapp.adservers.base import AdServer
from webapp.adservers.errors import (
    AGAIN,
    AdServerError,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
)
from webapp.adservers.types import Priority, RemoteAdvertiser, RemoteCampaign, RemotePage
from webapp.connections import queries as connections
from webapp.connections.models import PAUSED
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.errors import DomainError
from webapp.core.places import Places
from webapp.sync import breaker, budget
from webapp.sync.observations import leave_database
from webapp.sync.remote import RequestCount, open_remote
from webapp.sync.request_log import Caller

T = TypeVar("T")

BUSY, TIMEOUT, REFUSED, NOT_THERE, BROKEN = "busy", "timeout", "refused", "not there", "broken"
# Where the ad server does not say when it may be asked again.
SOON_SECONDS = 5.0
NO_CONNECTION = "There is no connection to an ad server."
SILENT = "The ad server has not answered for a while. It is tried once a minute."
CROWDED = "Others are asking the ad server just now. Ask again in a second."
# Of a process's threads, one in so many may wait for the ad server: the others serve pages.
SHARE = 4

_places = Places()


class Unanswered(DomainError):
    """No good answer; the text is the ad server's, or says what to do. ``kind`` is one of above.

    ``status`` and ``request_id`` are the ad server's, as far as an answer came.
    """

    def __init__(
        self,
        message: str,
        kind: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.status, self.request_id, self.retry_after = status, request_id, retry_after


@dataclass(frozen=True, slots=True)
class Line:
    """The connection that questions are passed on through."""

    connection_id: int
    organization_id: str
    platform: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class PassedPage:
    """One page of a list, its records as the ad server gave them. ``total`` is its word."""

    rows: Sequence[object]
    total: int | None
    has_next: bool


def open_line(settings: Settings) -> Line:
    """Raises ``Unanswered`` where there is no connection, or one that is paused."""
    with reading():
        connection = connections.first_connection()
        if connection is None:
            raise Unanswered(NO_CONNECTION, BUSY)
        line = Line(connection.id, connection.external_id, connection.platform, settings)
        reason = connection.state_reason if connection.state == PAUSED else None
        db.session.rollback()
    if reason:
        raise Unanswered(f"The connection is paused. {reason}", BUSY)
    return line


def advertisers_page(line: Line, page: int, per_page: int) -> PassedPage:
    """Raises ``Unanswered``."""
    return _page(ask(line, lambda it: it.list_advertisers(it.cursor_at(page, per_page))))


def campaigns_page(line: Line, page: int, per_page: int) -> PassedPage:
    """Raises ``Unanswered``."""
    return _page(ask(line, lambda it: it.list_campaigns(it.cursor_at(page, per_page))))


def one_campaign(line: Line, remote_id: str) -> Mapping[str, object]:
    """The record as the ad server gave it. Raises ``Unanswered``."""
    return ask(line, lambda it: it.get_campaign(remote_id)).raw


def _page(found: RemotePage[RemoteAdvertiser] | RemotePage[RemoteCampaign]) -> PassedPage:
    return PassedPage(found.rows, found.total, found.next_cursor is not None)


def ask(line: Line, question: Callable[[AdServer], T]) -> T:
    """Make calls that read, and tell the breaker how they went. Raises ``Unanswered``."""
    with _places.taken(max(1, line.settings.web_threads // SHARE)) as has_place:
        if not has_place:
            raise Unanswered(CROWDED, BUSY, retry_after=1.0)
        return _ask(line, question)


def _ask(line: Line, question: Callable[[AdServer], T]) -> T:
    with transaction():
        may_call = breaker.may_start(line.connection_id, utc_now())
    if not may_call:
        raise Unanswered(SILENT, BUSY, retry_after=breaker.TRIAL_EVERY.total_seconds())
    requests = RequestCount(Caller(line.connection_id))
    limiter = budget.limiter(line.settings, db.engine)
    leave_database()
    try:
        # Somebody waits for it.
        with open_remote(line.platform, line.settings, limiter, Priority.PUSH, requests) as remote:
            found = question(remote)
    except AdServerError as error:
        with transaction():
            breaker.heard(line.connection_id, error, utc_now())
        raise _unanswered(error) from None
    with transaction():
        breaker.succeeded(line.connection_id)
    return found


def _words(error: AdServerError, retry_after: float | None) -> str:
    """What is true for who asked: this call is repeated by nobody."""
    if retry_after is None:
        return error.message.replace(AGAIN, "Nothing repeats this call: send it again later.")
    busy = error.message.partition(". ")[0]
    return f"{busy}. Nothing repeats this call: send it again in {max(1, round(retry_after))} s."


def _unanswered(error: AdServerError) -> Unanswered:
    kind, retry_after = BROKEN, None
    if isinstance(error, RateLimited):
        kind, retry_after = BUSY, error.retry_after or SOON_SECONDS
    elif isinstance(error, NotFound):
        kind = NOT_THERE
    elif isinstance(error, Rejected):
        kind = REFUSED
    elif isinstance(error, Unavailable) and error.status is None:
        kind = TIMEOUT
    return Unanswered(
        _words(error, retry_after),
        kind,
        status=error.status,
        request_id=error.request_id,
        retry_after=retry_after,
    )
