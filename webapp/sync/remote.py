"""Opening the ad server of a connection, with counting and logging of every call."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog

from webapp.adservers import registry
from webapp.adservers.base import AdServer
from webapp.adservers.errors import AuthFailed
from webapp.adservers.types import ConnectionSettings, Priority, RequestRecord
from webapp.connections import credentials
from webapp.core.clock import Clock, utc_now
from webapp.core.config import Settings
from webapp.core.crypt import CannotOpen
from webapp.core.db import db
from webapp.core.http import HttpSession, Limits, Monotonic, http_session
from webapp.core.ratelimit import RateLimiter
from webapp.sync import request_log
from webapp.sync.request_log import Caller

LOCKED_AWAY = (
    "The stored token cannot be opened: no key of this installation fits. Put the key back into "
    "ENCRYPTION_KEY, or enter the token anew."
)

log = structlog.get_logger()


@dataclass(frozen=True)
class Outside:
    """What a call reaches beyond the database: the network and two clocks, and its limits."""

    http: Callable[[str], HttpSession] = http_session
    clock: Clock = utc_now
    monotonic: Monotonic = time.monotonic
    limits: Limits | None = None


@dataclass
class RequestCount:
    """Counts calls until they are written down; with a ``caller`` each goes into the log too."""

    caller: Caller | None = None
    pending: int = 0

    def take(self) -> int:
        """The calls since this was asked last."""
        number, self.pending = self.pending, 0
        return number

    def note(self, priority: Priority, clock: Clock, record: RequestRecord) -> None:
        """One call was made, just now."""
        self.pending += 1
        log.info(
            "remote_call",
            method=record.method,
            path=record.path_template,
            status=record.status,
            outcome=record.outcome,
            bytes=record.received_bytes,
            ms=record.duration_ms,
            remote_request_id=record.request_id,
        )
        if self.caller:
            began = clock() - timedelta(milliseconds=record.duration_ms)
            request_log.write(db.engine, self.caller, priority, record, began)


@contextmanager
def open_remote(
    platform: str,
    settings: Settings,
    limiter: RateLimiter,
    priority: Priority,
    on_request: RequestCount,
    outside: Outside | None = None,
    *,
    token: str | None = None,
) -> Iterator[AdServer]:
    """The configured ad server, for the calling thread. Raises an ``AdServerError``.

    ``token`` is used in place of the stored one, for whoever has no database to ask.
    """
    token = _token(platform, settings) if token is None else token
    outside = outside or Outside()
    with closing(outside.http(registry.USER_AGENT)) as http:
        http.private = settings.outgoing_private
        remote = registry.connect(
            platform,
            ConnectionSettings(
                base_url=settings.megaphone_base_url,
                token=token,
                organization_id=settings.megaphone_org_id or "",
                requests_per_minute=settings.megaphone_requests_per_minute,
            ),
            http=http,
            limiter=limiter,
            clock=outside.clock,
            monotonic=outside.monotonic,
            limits=outside.limits,
            on_request=partial(on_request.note, priority, outside.clock),
        )
        yield remote.with_priority(priority)


def _token(platform: str, settings: Settings) -> str:
    try:
        return credentials.token_in_use(platform, settings)
    except CannotOpen:
        problem = AuthFailed(LOCKED_AWAY)
    raise problem
