"""The budget of calls that all processes with one credential share, kept in the database.

Each look is a short transaction on a connection of its own, so that it neither waits for nor
commits what its caller is doing, and none is open while somebody waits for a turn.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import Engine, Select, extract, func, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.config import Settings
from webapp.core.db import reading
from webapp.core.ratebudget import Budget, Rules
from webapp.core.ratelimit import NoSlot, RateLimiter
from webapp.sync.models import RateBudget

NO_CREDENTIAL = "none"
# What a call that could not even ask is told: a busy database is free again soon.
ASK_AGAIN_SECONDS = 1.0

INSERT = text("INSERT INTO rate_budget (key, state) VALUES (:key, '{}') ON CONFLICT DO NOTHING")

SERVER_TIME = select(extract("epoch", func.clock_timestamp()))

log = structlog.get_logger()


def limiter(
    settings: Settings, engine: Engine, *, sleep: Callable[[float], None] = time.sleep
) -> RateLimiter:
    """The limiter of the credential in the settings, shared by all processes on this database."""
    per_minute = settings.megaphone_requests_per_minute
    if per_minute == 0:
        return RateLimiter(0, sleep=sleep)
    return RateLimiter(per_minute, sleep=sleep, store=DatabaseStore(engine, key_of(settings)))


def most_a_minute(settings: Settings) -> int | None:
    """How many calls may be made in a minute; ``None`` where there is no limit."""
    rules = Rules(settings.megaphone_requests_per_minute)
    return None if rules.unlimited else rules.most


def key_of(settings: Settings) -> str:
    """What the budget of these settings' credential is kept under. Tells nothing about it."""
    token = settings.megaphone_api_token
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest() if token else NO_CREDENTIAL


def shared_clock(connection: Connection) -> float:
    """Seconds on a clock that all users of this database share, whatever their own ones say.

    A file is shared on one machine only, whose monotonic clock is the same for every process and
    is never set. A server tells its own time, now and not when the transaction began.
    """
    if connection.dialect.name == "sqlite":
        return time.monotonic()
    return float(
        connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
    )


class DatabaseStore:
    """Keeps one credential's budget in its row, which is locked for a turn."""

    def __init__(
        self, engine: Engine, key: str, clock: Callable[[Connection], float] = shared_clock
    ) -> None:
        self._engine, self._key, self._clock = engine, key, clock

    @contextmanager
    def turn(self) -> Iterator[tuple[Budget, float]]:
        """Raises ``NoSlot`` when the database does not let us: no call without a count of it."""
        try:
            with self._engine.begin() as connection:
                budget = self._locked(connection)
                yield budget, self._clock(connection)
                mine = update(RateBudget).where(RateBudget.key == self._key)
                connection.execute(mine.values(state=budget.dump()))
        except SQLAlchemyError as error:
            log.exception("budget_not_reached")
            raise NoSlot(ASK_AGAIN_SECONDS) from error

    def look(self) -> tuple[Budget, float]:
        with reading(), self._engine.begin() as connection:
            return self._read(connection, self._mine()) or Budget(), self._clock(connection)

    def _locked(self, connection: Connection) -> Budget:
        query = self._mine().with_for_update()
        budget = self._read(connection, query)
        if budget is None:
            connection.execute(INSERT, {"key": self._key})
            budget = self._read(connection, query)
        return budget or Budget()

    def _read(self, connection: Connection, query: Select[tuple[dict[str, Any]]]) -> Budget | None:
        state = connection.execute(query).scalar_one_or_none()
        return None if state is None else Budget.load(state)

    def _mine(self) -> Select[tuple[dict[str, Any]]]:
        return select(RateBudget.state).where(RateBudget.key == self._key)
