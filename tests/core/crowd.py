"""Callers who share a budget in simulated time: each its own process with a clock of its own."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from webapp.core.ratebudget import Budget, Priority, Rules

NAP = 0.5
# What passes between being told that it is one's turn and looking: never quite nothing.
LAG = 0.01


@dataclass
class Caller:
    """Makes ``calls`` calls, each after a pause; ``skew`` is how far its clock is ahead."""

    priority: Priority
    calls: int
    pause: float = 0.0
    starts: float = 0.0
    skew: float = 0.0
    dies_at: float = float("inf")
    waits: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    wants_since: float = 0.0
    ticket: str = ""


class Crowd:
    """Runs callers against one budget until those who ``count`` are done."""

    def __init__(self, requests_per_minute: int = 60, *, began: float = 1000.0) -> None:
        self.rules = Rules(requests_per_minute)
        self.budget = Budget()
        self.began = self.now = began
        self.times: list[float] = []
        self.order: list[Priority] = []
        self._agenda: list[tuple[float, int, Caller]] = []
        self._number = count()

    def add(self, *callers: Caller) -> None:
        for caller in callers:
            caller.wants_since = self.began + caller.starts
            caller.ticket = f"ticket {next(self._number)}"
            self._at(caller.wants_since, caller)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        while self._agenda and not until():
            self.now, _, caller = heapq.heappop(self._agenda)
            if self.now < caller.dies_at:
                self._look(caller)

    def _look(self, caller: Caller) -> None:
        wait = self.rules.ask(self.budget, self.now + caller.skew, caller.ticket, caller.priority)
        if wait is not None:
            self._at(self.now + min(wait, NAP) + LAG, caller)
            return
        # What a process keeps in the database, and the next one reads there.
        self.budget = Budget.load(self.budget.dump())
        self.times.append(self.now)
        self.order.append(caller.priority)
        caller.times.append(self.now)
        caller.waits.append(self.now - caller.wants_since)
        if len(caller.times) < caller.calls:
            caller.wants_since = self.now + caller.pause
            caller.ticket = f"ticket {next(self._number)}"
            self._at(caller.wants_since, caller)

    def _at(self, time: float, caller: Caller) -> None:
        heapq.heappush(self._agenda, (time, next(self._number), caller))


def most_in_a_minute(times: list[float]) -> int:
    """The most calls that any 60 seconds held."""
    times, first, most = sorted(times), 0, 0
    for place, each in enumerate(times):
        while each - times[first] > 59.9999:
            first += 1
        most = max(most, place - first + 1)
    return most
