"""One request to Megaphone: slot, credential, timeouts, and its error if it fails. No retries.

Use from one thread at a time, like the HTTP session it is given.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import requests
from requests.auth import AuthBase

from webapp.adservers.errors import AGAIN, AdServerError, AuthFailed, RateLimited, Unsupported
from webapp.adservers.megaphone import failures, refusals
from webapp.adservers.megaphone.calls import Call
from webapp.adservers.types import ConnectionSettings, Priority, RequestRecord
from webapp.core.addresses import check_base_url
from webapp.core.clock import Clock, utc_now
from webapp.core.http import (
    Answer,
    AnswerLost,
    HttpFailure,
    HttpSession,
    Limits,
    fetch,
)
from webapp.core.ratelimit import NoSlot, RateLimiter

T = TypeVar("T")

# How long a call may wait for its turn, and how old a write may get before it is not sent.
SLOT_SECONDS = {Priority.PUSH: 5.0, Priority.PROBE: 30.0, Priority.PULL: 90.0}
WRITE_BEGINS_WITHIN_SECONDS = 5.0
# After a 429 without Retry-After; clients in the field recover within seconds.
PENALTY_SECONDS = 5.0

_TOKEN = re.compile(r"[!#-\[\]-~]{1,1000}")
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TokenAuth(AuthBase):
    """Rails' token header. Set after everything else, so that nothing can replace it."""

    def __init__(self, token: str) -> None:
        self._header = f'Token token="{token}"'

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


@dataclass(frozen=True, slots=True)
class Reply:
    """A success. ``value`` is its JSON, ``None`` after a 204; ``url`` what was asked, no query."""

    url: str
    status: int
    value: object
    headers: Mapping[str, str]
    request_id: str | None

    @property
    def known(self) -> failures.Known:
        return {"status": self.status, "request_id": self.request_id}


class MegaphoneClient:
    """Speaks HTTP with one organisation of one Megaphone server."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        http: HttpSession,
        limiter: RateLimiter,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        on_request: Callable[[RequestRecord], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        _check(settings)
        self._base = settings.base_url.rstrip("/")
        self._organization = settings.organization_id
        self._secret = settings.token
        self._auth = TokenAuth(settings.token)
        self._http, self._limiter = http, limiter
        http.keep_to(self._base)
        self._clock, self._monotonic = clock, monotonic
        self._on_request = on_request
        self._limits = limits or Limits()

    def send(
        self,
        call: Call,
        priority: Priority,
        read: Callable[[Reply], T],
        within: float | None = None,
    ) -> T:
        """Wait for a slot, make the call once, return what ``read`` makes of the answer.

        A write that has not begun within 5 seconds, or ``within`` if that is less, is not sent.
        Raises an ``AdServerError``, also one that ``read`` raises, after it went into the log.
        """
        began = self._monotonic()
        patience = WRITE_BEGINS_WITHIN_SECONDS if within is None else within
        send_by = began + min(patience, WRITE_BEGINS_WITHIN_SECONDS) if call.writes else None
        deadline = began + SLOT_SECONDS[priority] if send_by is None else send_by
        self._take_slot(priority, deadline)
        started = self._monotonic()
        reply, received = self._exchange(call, send_by)
        result: T | AdServerError
        try:
            result = reply if isinstance(reply, AdServerError) else read(reply)
        except AdServerError as error:
            result = error
        self._report(call, reply, result, received, started)
        if isinstance(result, RateLimited):
            self._limiter.penalise(result.retry_after or PENALTY_SECONDS)
        if isinstance(result, AdServerError):
            raise result
        return result

    def _take_slot(self, priority: Priority, deadline: float) -> None:
        try:
            self._limiter.acquire(priority, deadline)
        except NoSlot as full:
            retry_in = full.retry_in
        else:
            return
        raise RateLimited(
            "All requests that Megaphone allows for this minute are in use. Nothing was sent. "
            f"{AGAIN}",
            retry_in,
        )

    def _exchange(self, call: Call, send_by: float | None) -> tuple[Reply | AdServerError, int]:
        url = self._url(call)
        body = None if call.body is None else json.dumps(call.body).encode()
        try:
            answer = fetch(
                self._http,
                call.method,
                f"{url}?{call.query}" if call.query else url,
                headers={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                auth=self._auth,
                limits=self._limits,
                send_by=send_by,
            )
        except HttpFailure as failure:
            received = failure.received if isinstance(failure, AnswerLost) else 0
            return failures.from_lost(call, failure, self._secret, self._clock), received
        return self._understand(call, url, answer), answer.received

    def _understand(self, call: Call, url: str, answer: Answer) -> Reply | AdServerError:
        if not 200 <= answer.status < 300:
            return failures.from_answer(call, answer, self._secret, self._clock)
        request_id = refusals.request_id(answer.headers, self._secret)
        if answer.status == 204:
            return Reply(url, 204, None, answer.headers, request_id)
        try:
            value = refusals.read_json(answer)
        except refusals.Unreadable as problem:
            return failures.unreadable(call, answer, self._secret, html=problem.html)
        return Reply(url, answer.status, value, answer.headers, request_id)

    def _url(self, call: Call) -> str:
        ids = {"organization": self._organization, **call.ids}
        return self._base + call.template.format(
            **{name: quote(value, safe="") for name, value in ids.items()}
        )

    def _report(
        self,
        call: Call,
        reply: Reply | AdServerError,
        result: object,
        received: int,
        started: float,
    ) -> None:
        if self._on_request is None:
            return
        took = round((self._monotonic() - started) * 1000)
        self._on_request(
            RequestRecord(
                call.method,
                call.template,
                reply.status,
                received,
                took,
                result.code if isinstance(result, AdServerError) else "ok",
                reply.request_id,
            )
        )


def _check(settings: ConnectionSettings) -> None:
    problem = check_base_url(settings.base_url)
    if problem is not None:
        raise Unsupported(f"Megaphone cannot be called at the configured address. {problem}")
    if not _ORGANIZATION.fullmatch(settings.organization_id):
        raise Unsupported(
            "The Megaphone organisation id is not one. Copy it from the address that Megaphone "
            "shows: it follows /organizations/."
        )
    if not _TOKEN.fullmatch(settings.token):
        raise AuthFailed(
            "The Megaphone API token is empty or has characters no token has. Enter a valid one."
        )
