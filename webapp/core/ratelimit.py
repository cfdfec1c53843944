"""How often a remote service may be called: waiting for one's turn, and where the count is kept.

The rules are in ``webapp.core.ratebudget``. What was granted is kept by a store: in this process,
or in the database for all processes that use one credential (``webapp.sync.budget``).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import deepcopy
from typing import Protocol
from uuid import uuid4

from webapp.core.ratebudget import ROUNDING, Budget, Priority, Rules

__all__ = ["MemoryStore", "NoSlot", "Priority", "RateLimiter", "Store"]

# A sleeper looks again this often: it may have become the next in line, and must not be taken for
# dead.
LONGEST_NAP_SECONDS = 0.5


class NoSlot(Exception):
    """No slot before the deadline. Nothing was sent; ``retry_in`` is a hint in seconds."""

    def __init__(self, retry_in: float) -> None:
        super().__init__(f"no free slot for another {retry_in:.1f} seconds")
        self.retry_in = retry_in


class Store(Protocol):
    """Keeps a budget, and tells the time that its users agree on."""

    def turn(self) -> AbstractContextManager[tuple[Budget, float]]:
        """The budget and the time, for one user alone, and kept when the block ends.

        Raises ``NoSlot`` when it cannot be reached.
        """

    def look(self) -> tuple[Budget, float]:
        """The budget and the time, for looking only."""


class MemoryStore:
    """For the threads of one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._budget = Budget()

    @contextmanager
    def turn(self) -> Iterator[tuple[Budget, float]]:
        with self._lock:
            yield self._budget, self._monotonic()

    def look(self) -> tuple[Budget, float]:
        with self._lock:
            return deepcopy(self._budget), self._monotonic()


class RateLimiter:
    """Gives slots to any number of threads, and with a shared store to any number of processes."""

    def __init__(
        self,
        requests_per_minute: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        store: Store | None = None,
    ) -> None:
        self._rules = Rules(requests_per_minute)
        self._monotonic, self._sleep = monotonic, sleep
        self._store = store or MemoryStore(monotonic)

    def acquire(self, priority: Priority, deadline: float | None = None) -> float:
        """Wait for a slot and return the seconds waited.

        ``deadline`` is a time on the monotonic clock. Raises :class:`NoSlot` as soon as it is
        certain that none will be free by then, without waiting for it.
        """
        began = self._monotonic()
        ticket = uuid4().hex
        while True:
            wait = self._ask(ticket, priority, deadline)
            if wait is None:
                return self._monotonic() - began
            self._sleep(min(wait, LONGEST_NAP_SECONDS))

    def ready_in(self, priority: Priority) -> float:
        """Seconds until a call could be made; 0 when at once. Takes no slot."""
        return self._rules.ready_in(*self._store.look(), priority)

    def used(self) -> int:
        """Calls granted in the last minute."""
        return self._rules.used(*self._store.look())

    def penalise(self, seconds: float) -> None:
        """Hold every call back: the other side said that it had enough (at most an hour)."""
        # Where it cannot be kept, the next call is told so by the other side itself.
        with suppress(NoSlot), self._store.turn() as (budget, now):
            self._rules.penalise(budget, now, seconds)

    def _ask(self, ticket: str, priority: Priority, deadline: float | None) -> float | None:
        """``None`` with a slot in hand, else how long to wait."""
        latest = None if deadline is None else deadline - self._monotonic() + ROUNDING
        with self._store.turn() as (budget, now):
            wait = self._rules.ask(budget, now, ticket, priority)
            if wait is None or latest is None or wait <= latest:
                return wait
            budget.forget(ticket)
        raise NoSlot(wait)
