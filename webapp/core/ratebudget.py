"""Whose turn it is to call a remote service, decided from what is known: state in, decision out.

Nothing here waits, locks or reads a clock; ``webapp.core.ratelimit`` does. ``Budget`` is what all
callers with one credential share, plain enough to be kept as JSON.
"""

from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, NamedTuple

WINDOW_SECONDS = 60.0
# Calls bunch up on their way: a tenth is left unused so that the other side counts no more.
SAFE_SHARE = 0.9
BURST = 5
# Kept free for pushes: one edit is a read and a write.
RESERVE = 2
# Whoever was passed over so often is next. Promised is one slot in five, given is one in four: a
# page takes time of its own between its slots, and slots never come quite evenly.
PATIENCE = 3
# Between two slots of one pull or search lies at most so much; after that nothing is owed any more.
ACTIVE_SECONDS = 10.0
# Whoever waits looks again more often than this, unless its process has died.
WAITER_LASTS_SECONDS = 2.0
MAX_PENALTY_SECONDS = 3600.0
# Clocks this close are taken for one clock. Further back than this, the clock was set back.
MOST_SKEW_SECONDS = 2.0

ROUNDING = 1e-6
OTHERS_TURN_SECONDS = 0.05


class Priority(IntEnum):
    """Why a call is made; a smaller number goes first."""

    PUSH = 0
    PROBE = 1
    PULL = 2


class Waiter(NamedTuple):
    """Somebody who wants a slot, and when it last said so."""

    ticket: str
    priority: int
    seen: float


@dataclass
class Budget:
    """The calls of the last minute, and who wants to make the next. Times are in seconds.

    ``tokens`` is what was left of the burst at ``tokens_at``, ``pace`` the seconds until the next
    one. ``owed`` and ``served`` have an entry for each priority: how often it was passed over
    since its last slot, and when that was. ``at`` is the latest time seen on any caller's clock.
    """

    at: float = 0.0
    granted: list[float] = field(default_factory=list)
    tokens: float = float(BURST)
    tokens_at: float = 0.0
    pace: float = 0.0
    blocked_until: float = 0.0
    owed: list[int] = field(default_factory=lambda: [0] * len(Priority))
    served: list[float | None] = field(default_factory=lambda: [None] * len(Priority))
    waiting: list[Waiter] = field(default_factory=list)

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Budget":
        known = {each.name: state[each.name] for each in fields(cls) if each.name in state}
        known["waiting"] = [Waiter(*each) for each in known.get("waiting", [])]
        return cls(**known)

    def dump(self) -> dict[str, Any]:
        return vars(self) | {"waiting": [list(each) for each in self.waiting]}

    def forget(self, ticket: str) -> None:
        """This one does not want a slot any more."""
        self.waiting = [each for each in self.waiting if each.ticket != ticket]

    def tell_time(self, now: float) -> float:
        """The time that counts: it never runs backwards, nor stands still for long."""
        behind = self.at - now
        if behind > MOST_SKEW_SECONDS:
            self._move(-behind)
        self.at = max(self.at, now)
        self.granted = [each for each in self.granted if self.at - each < WINDOW_SECONDS]
        alive = self.at - WAITER_LASTS_SECONDS
        self.waiting = [each for each in self.waiting if each.seen >= alive]
        return self.at

    def _move(self, seconds: float) -> None:
        """The clock was set back: all that happened lies as long ago as before."""
        self.at += seconds
        self.granted = [each + seconds for each in self.granted]
        self.tokens_at += seconds
        self.blocked_until += seconds
        self.served = [each and each + seconds for each in self.served]
        self.waiting = [each._replace(seen=each.seen + seconds) for each in self.waiting]


class Rules:
    """At most nine tenths of ``requests_per_minute`` in any 60 seconds (54 of 60); 0 is no limit.

    Calls start as a burst of five and are then spread evenly, so that a long pull leaves a turn
    about every second. Pushes go before probes, probes before pulls; the last two slots of burst
    and window are for pushes alone. Whoever was passed over three times is next.
    """

    def __init__(self, requests_per_minute: int) -> None:
        if requests_per_minute < 0:
            raise ValueError("requests per minute must be 0 (no limit) or more")
        self.unlimited = requests_per_minute == 0
        self.most = max(1, int(requests_per_minute * SAFE_SHARE))
        self._burst = min(BURST, self.most)
        self._reserve = min(RESERVE, self._burst - 1)
        self._even_pace = WINDOW_SECONDS / self.most

    def ask(self, budget: Budget, now: float, ticket: str, priority: Priority) -> float | None:
        """Take a slot if it is this ticket's turn (``None``), else say how long to wait at least.

        Whoever is told to wait asks again soon, or is forgotten.
        """
        now = budget.tell_time(now)
        _note_waiter(budget, Waiter(ticket, priority, now))
        wait = self._free_at(budget, now, self._kept_from(budget, priority)) - now
        if wait > ROUNDING:
            return wait
        if _next_in_line(budget).ticket != ticket:
            return OTHERS_TURN_SECONDS
        self._grant(budget, now, priority)
        budget.forget(ticket)
        return None

    def ready_in(self, budget: Budget, now: float, priority: Priority) -> float:
        """How long a newcomer would wait, going by those who wait already."""
        now = budget.tell_time(now)
        before = sum(
            each.priority <= priority or _is_overdue(budget, each.priority)
            for each in budget.waiting
        )
        return max(
            0.0, self._free_at(budget, now, self._kept_from(budget, priority) + before) - now
        )

    def used(self, budget: Budget, now: float) -> int:
        """Calls granted in the last minute."""
        budget.tell_time(now)
        return len(budget.granted)

    def penalise(self, budget: Budget, now: float, seconds: float) -> None:
        """Hold every call back: the other side said that it had enough (at most an hour)."""
        now = budget.tell_time(now)
        until = now + min(max(seconds, 0.0), MAX_PENALTY_SECONDS)
        budget.blocked_until = max(budget.blocked_until, until)
        budget.tokens, budget.tokens_at = min(budget.tokens, 1.0), budget.blocked_until

    def _grant(self, budget: Budget, now: float, priority: Priority) -> None:
        budget.tokens = max(0.0, self._tokens(budget, now) - 1)
        budget.tokens_at = max(now, budget.tokens_at)
        budget.granted.append(now)
        budget.pace = self._spread(budget, now, priority)
        for other in Priority:
            if other > priority:
                is_active = _is_active(budget, other, now)
                budget.owed[other] = budget.owed[other] + 1 if is_active else 0
        budget.owed[priority] = 0
        budget.served[priority] = now

    def _kept_from(self, budget: Budget, priority: Priority) -> int:
        """How many of the free slots this priority may not have."""
        is_first = priority == Priority.PUSH or _is_overdue(budget, priority)
        return 0 if is_first else self._reserve

    def _spread(self, budget: Budget, now: float, priority: Priority) -> float:
        """Seconds a slot, so that what is left lasts until the oldest call leaves the window.

        Without it a burst is paid for at the minute's end, by everyone, in one long wait.
        """
        reserve = 0 if priority == Priority.PUSH else self._reserve
        left = self.most - reserve - len(budget.granted)
        if self.unlimited or left <= 0:
            return self._even_pace
        return max(self._even_pace, (budget.granted[0] + WINDOW_SECONDS - now) / left)

    def _free_at(self, budget: Budget, now: float, kept: int) -> float:
        """When a slot is free, of those beyond the ``kept``, were nobody else waiting."""
        if self.unlimited:
            return budget.blocked_until
        lacking = 1 + kept - self._tokens(budget, now)
        free_at = max(budget.blocked_until, now)
        if lacking > 0:
            free_at = max(free_at, max(now, budget.tokens_at) + lacking * self._pace(budget))
        too_many = min(len(budget.granted) - (self.most - 1 - kept), len(budget.granted))
        if too_many > 0:
            free_at = max(free_at, budget.granted[too_many - 1] + WINDOW_SECONDS)
        return free_at

    def _tokens(self, budget: Budget, now: float) -> float:
        gained = max(0.0, now - budget.tokens_at) / self._pace(budget)
        return min(float(self._burst), budget.tokens + gained)

    def _pace(self, budget: Budget) -> float:
        return max(self._even_pace, budget.pace)


def _note_waiter(budget: Budget, waiter: Waiter) -> None:
    for place, each in enumerate(budget.waiting):
        if each.ticket == waiter.ticket:
            budget.waiting[place] = waiter
            return
    budget.waiting.append(waiter)


def _next_in_line(budget: Budget) -> Waiter:
    """Those passed over too often first, then by priority; who came first among equals."""
    return min(
        budget.waiting, key=lambda each: (not _is_overdue(budget, each.priority), each.priority)
    )


def _is_overdue(budget: Budget, priority: int) -> bool:
    return budget.owed[priority] >= PATIENCE


def _is_active(budget: Budget, priority: int, now: float) -> bool:
    """Whether it waits, or is about to ask again after its last slot."""
    served = budget.served[priority]
    is_between = served is not None and now - served < ACTIVE_SECONDS
    return is_between or any(each.priority == priority for each in budget.waiting)
