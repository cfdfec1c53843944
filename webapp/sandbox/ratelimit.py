"""The rate limit: so many requests in a minute per token, by a sliding or a fixed window.

A refused request does not count. Which of the two windows the real service has is not known.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0


class RateLimit:
    """Counts requests by the monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: dict[str, deque[float]] = {}

    def allow(self, token: str, limit: int, window: str) -> bool:
        """Take a place for one request, if one is free. A limit of 0 is no limit."""
        if not limit:
            return True
        now = self._clock()
        with self._lock:
            taken = self._taken.setdefault(token, deque())
            edge = now - now % WINDOW_SECONDS if window == "fixed" else now - WINDOW_SECONDS
            while taken and taken[0] <= edge:
                taken.popleft()
            if len(taken) >= limit:
                return False
            taken.append(now)
        return True

    def forget(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._taken.clear()
