"""How often a remote service may be called: who goes first, and how long the others wait.

The limiter counts the calls of this process only. With several processes on one credential each
has its own count; sharing it through the database is a later step.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum

WINDOW_SECONDS = 60.0
# Calls bunch up on their way: a tenth is left unused so that the other side counts no more.
SAFE_SHARE = 0.9
BURST = 5
# Kept free for pushes: one edit is a read and a write.
RESERVE = 2
# Whoever waits is passed over so many times at most: a floor of one slot in five.
PATIENCE = 4
MAX_PENALTY_SECONDS = 3600.0

_ROUNDING = 1e-6
_OTHERS_TURN_SECONDS = 0.02
# A sleeper looks again this often: it may have become the next in line meanwhile.
_LONGEST_NAP_SECONDS = 0.25


class Priority(IntEnum):
    """Why a call is made; a smaller number goes first."""

    PUSH = 0
    PROBE = 1
    PULL = 2


class NoSlot(Exception):
    """No slot before the deadline. Nothing was sent; ``retry_in`` is a hint in seconds."""

    def __init__(self, retry_in: float) -> None:
        super().__init__(f"no free slot for another {retry_in:.1f} seconds")
        self.retry_in = retry_in


class RateLimiter:
    """At most ``requests_per_minute`` calls in any 60 seconds, from any number of threads.

    Of the promised number nine tenths are used (54 of 60), never more in any window. Calls start
    as a burst of five and are then spread evenly, so that a long pull leaves a turn about every
    second. Pushes go before probes, probes before pulls; the last two slots of burst and window
    are for pushes alone. Whoever was passed over four times is next, which leaves pulls and
    probes at least every fifth slot in a storm of pushes. 0 means no limit.
    """

    def __init__(
        self,
        requests_per_minute: int,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if requests_per_minute < 0:
            raise ValueError("requests per minute must be 0 (no limit) or more")
        self._monotonic, self._sleep = monotonic, sleep
        self._unlimited = requests_per_minute == 0
        self._most = max(1, int(requests_per_minute * SAFE_SHARE))
        self._burst = min(BURST, self._most)
        self._reserve = min(RESERVE, self._burst - 1)
        self._even_pace = self._pace = WINDOW_SECONDS / self._most
        self._lock = threading.Lock()
        self._granted: deque[float] = deque()
        self._tokens, self._tokens_at = float(self._burst), monotonic()
        self._blocked_until = float("-inf")
        self._waiting: dict[Priority, deque[object]] = {each: deque() for each in Priority}
        self._passed_over = dict.fromkeys(Priority, 0)

    def acquire(self, priority: Priority, deadline: float | None = None) -> float:
        """Wait for a slot and return the seconds waited.

        ``deadline`` is a time on the monotonic clock. Raises :class:`NoSlot` as soon as it is
        certain that none will be free by then, without waiting for it.
        """
        began = self._monotonic()
        ticket = object()
        with self._lock:
            self._waiting[priority].append(ticket)
        try:
            while True:
                with self._lock:
                    wait = self._take(priority, ticket)
                if wait is None:
                    return self._monotonic() - began
                self._wait(wait, deadline)
        finally:
            with self._lock:
                self._waiting[priority].remove(ticket)

    def used(self) -> int:
        """Calls granted in the last minute."""
        with self._lock:
            self._forget_old(self._monotonic())
            return len(self._granted)

    def penalise(self, seconds: float) -> None:
        """Hold every call back: the other side said that it had enough (at most an hour)."""
        with self._lock:
            until = self._monotonic() + min(max(seconds, 0.0), MAX_PENALTY_SECONDS)
            self._blocked_until = max(self._blocked_until, until)
            self._tokens, self._tokens_at = min(self._tokens, 1.0), self._blocked_until

    def _wait(self, wait: float, deadline: float | None) -> None:
        if deadline is not None and self._monotonic() + wait > deadline + _ROUNDING:
            raise NoSlot(wait)
        self._sleep(min(wait, _LONGEST_NAP_SECONDS))

    def _take(self, priority: Priority, ticket: object) -> float | None:
        """Take a slot if it is this ticket's turn (``None``), else say how long to wait."""
        now = self._monotonic()
        self._forget_old(now)
        overdue = self._passed_over[priority] >= PATIENCE
        wait = self._free_at(now, 0 if overdue else priority) - now
        if wait > _ROUNDING:
            return wait
        if self._turn() is not priority or self._waiting[priority][0] is not ticket:
            return _OTHERS_TURN_SECONDS
        self._tokens = max(0.0, self._tokens_now(now) - 1)
        self._tokens_at = max(now, self._tokens_at)
        self._granted.append(now)
        self._pace = self._spread(now, priority)
        self._passed_over[priority] = 0
        for other in Priority:
            if other > priority and self._waiting[other]:
                self._passed_over[other] += 1
        return None

    def _spread(self, now: float, priority: Priority) -> float:
        """Seconds a slot, so that what is left lasts until the oldest call leaves the window.

        Without it a burst is paid for at the minute's end, by everyone, in one long wait.
        """
        reserve = 0 if priority == Priority.PUSH else self._reserve
        left = self._most - reserve - len(self._granted)
        if self._unlimited or left <= 0:
            return self._even_pace
        return max(self._even_pace, (self._granted[0] + WINDOW_SECONDS - now) / left)

    def _turn(self) -> Priority:
        waiting = [each for each in Priority if self._waiting[each]]
        return max(waiting, key=lambda each: (self._passed_over[each] >= PATIENCE, -each))

    def _free_at(self, now: float, priority: int) -> float:
        """When this priority's next slot is free, were nobody else waiting."""
        if self._unlimited:
            return self._blocked_until
        reserve = 0 if priority == Priority.PUSH else self._reserve
        lacking = 1 + reserve - self._tokens_now(now)
        free_at = max(self._blocked_until, now)
        if lacking > 0:
            free_at = max(free_at, max(now, self._tokens_at) + lacking * self._pace)
        too_many = len(self._granted) - (self._most - 1 - reserve)
        if too_many > 0:
            free_at = max(free_at, self._granted[too_many - 1] + WINDOW_SECONDS)
        return free_at

    def _tokens_now(self, now: float) -> float:
        gained = max(0.0, now - self._tokens_at) / self._pace
        return min(float(self._burst), self._tokens + gained)

    def _forget_old(self, now: float) -> None:
        while self._granted and now - self._granted[0] >= WINDOW_SECONDS:
            self._granted.popleft()
