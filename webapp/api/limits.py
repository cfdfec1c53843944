"""How many requests a caller may make in 15 minutes: counted together by all processes.

Each process takes a block of requests from the caller's window and serves them from memory, so that
most requests write nothing. What a process took and never used is lost to the caller: they may
get less than their limit by that, and never more.
"""

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

from flask import Response, current_app
from sqlalchemy import Engine, Integer, Update, bindparam, or_, text, update
from sqlalchemy.orm import Session

from webapp.auth.models import ApiToken
from webapp.core.db import UtcDateTime, db, writing
from webapp.core.networks import network_of
from webapp.web.problems import Problem

WINDOW_SECONDS = 900
MOST_IN_BLOCK = 100
BLOCKS = 50
# Beyond, what is known of the others is taken from the database again.
MOST_CALLERS = 10_000
USED_AGAIN = timedelta(minutes=1)
ALLOWANCES = "API_ALLOWANCES"

_TAKE = text(
    "INSERT INTO api_window (caller, started_at, taken) VALUES (:caller, :started_at, :block) "
    "ON CONFLICT (caller, started_at) DO UPDATE SET taken = api_window.taken + excluded.taken "
    "RETURNING taken"
).bindparams(bindparam("started_at", type_=UtcDateTime()), bindparam("block", type_=Integer()))


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is counted: a token, or whoever comes from a network address without one."""

    key: str
    limit: int
    token_id: int | None = None

    @property
    def policy(self) -> str:
        return "address" if self.token_id is None else "token"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request. ``remaining`` is as of this process's last look."""

    caller: Caller
    is_over: bool
    remaining: int
    reset_seconds: int


@dataclass(slots=True)
class Share:
    """What this process has of one caller's window; ``taken`` is what all had, when last seen."""

    window: int
    limit: int
    left: int = 0
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, engine: Engine, caller: Caller, now: datetime) -> bool:
        """One request, from memory if there is one left there. The lock is held."""
        if not self.left and self.taken < self.limit:
            before, self.taken = _take_block(engine, caller, self.window, now)
            self.left = max(0, min(self.taken, self.limit) - before)
        if not self.left:
            return False
        self.left -= 1
        return True

    @property
    def remaining(self) -> int:
        return self.left + max(0, self.limit - self.taken)


class Allowances:
    """The shares of this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shares: dict[str, Share] = {}

    def take(self, engine: Engine, caller: Caller, now: datetime) -> Standing:
        """Count one request of this caller."""
        seconds = now.timestamp()
        window = int(seconds // WINDOW_SECONDS)
        share = self._share(caller, window)
        with share.lock:
            is_over = not share.take(engine, caller, now)
            reset = max(1, round((window + 1) * WINDOW_SECONDS - seconds + 0.5))
            return Standing(caller, is_over, share.remaining, reset)

    def _share(self, caller: Caller, window: int) -> Share:
        with self._lock:
            share = self._shares.get(caller.key)
            if share is None or (share.window, share.limit) != (window, caller.limit):
                if len(self._shares) >= MOST_CALLERS:
                    self._shares.clear()
                share = self._shares[caller.key] = Share(window, caller.limit)
            return share


def token_caller(token: ApiToken) -> Caller:
    return Caller(f"token:{token.id}", token.per_window, token.id)


def address_caller(address: str, limit: int) -> Caller:
    place = network_of(address)
    return Caller(f"address:{hashlib.sha256(place.encode()).hexdigest()}", limit)


def count(caller: Caller, now: datetime) -> Standing:
    """Count one request. The session's transaction is left alone."""
    allowances = cast("Allowances", current_app.config.setdefault(ALLOWANCES, Allowances()))
    return allowances.take(db.engine, caller, now)


def too_many(standing: Standing) -> Problem:
    minutes = WINDOW_SECONDS // 60
    words = f"At most {standing.caller.limit:,} requests in {minutes} minutes."
    whose = "" if standing.caller.token_id else " A token gives more."
    wait = {"Retry-After": str(standing.reset_seconds)}
    return Problem("too_many_requests", words + whose, headers=wait)


def say(standing: Standing, response: Response) -> None:
    """The limit as headers: as scripts know them, and as the draft of the IETF has them."""
    caller = standing.caller
    response.headers["RateLimit-Limit"] = str(caller.limit)
    response.headers["RateLimit-Remaining"] = str(standing.remaining)
    response.headers["RateLimit-Reset"] = str(standing.reset_seconds)
    name = f'"{caller.policy}"'
    response.headers["RateLimit-Policy"] = f"{name};q={caller.limit};w={WINDOW_SECONDS}"
    response.headers["RateLimit"] = f"{name};r={standing.remaining};t={standing.reset_seconds}"


def _take_block(engine: Engine, caller: Caller, window: int, now: datetime) -> tuple[int, int]:
    """How many of this window were taken before and after this process took its block."""
    block = max(1, min(MOST_IN_BLOCK, caller.limit // BLOCKS))
    started_at = datetime.fromtimestamp(window * WINDOW_SECONDS, UTC)
    row = {"caller": caller.key, "started_at": started_at, "block": block}
    with writing(), Session(engine) as session, session.begin():
        taken = session.execute(_TAKE, row).scalar_one()
        if caller.token_id is not None:
            session.execute(_used(caller.token_id, now))
    return taken - block, taken


def _used(token_id: int, now: datetime) -> Update:
    before = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - USED_AGAIN)
    return update(ApiToken).where(ApiToken.id == token_id, before).values(last_used_at=now)
