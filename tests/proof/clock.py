"""A clock that only moves when it is told: nothing waits for real; what is due happens on time."""

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class VirtualClock:
    """``elapsed`` seconds since the start never go back; ``skew`` is how wrong our own clock is."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.skew = 0.0
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The time of day on our own clock."""
        return START + timedelta(seconds=self.elapsed + self.skew)

    def true_now(self) -> datetime:
        """The time of day on the ad server's clock."""
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def move(self, seconds: float) -> None:
        """Let time pass; what falls due meanwhile happens at its moment."""
        end = self.elapsed + seconds
        while self._due and self._due[0][0] <= end:
            due, _, act = heapq.heappop(self._due)
            self.elapsed = max(self.elapsed, due)
            act()
        self.elapsed = max(self.elapsed, end)

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do this when so much time has passed."""
        heapq.heappush(self._due, (self.elapsed + seconds, next(self._order), act))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is still under way."""
        return not self._due
