"""A clock for threads: it moves when all of them sleep, however slow or busy the machine is."""

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 90.0


class ThreadTime:
    """``expect`` each thread before any is started, and let it run within ``awake``."""

    def __init__(self, began: float = 1000.0) -> None:
        self.now = began
        self._changed = threading.Condition()
        self._awake = 0
        self._wakes: list[float] = []

    def __call__(self) -> float:
        return self.now

    def expect(self) -> None:
        """One more thread: time stands still until it sleeps or ends."""
        with self._changed:
            self._awake += 1

    @contextmanager
    def awake(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._awake -= 1
                self._move()

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        with self._changed:
            wake = self.now + seconds
            heapq.heappush(self._wakes, wake)
            self._awake -= 1
            self._move()
            assert self._changed.wait_for(lambda: self.now >= wake, PATIENCE)

    def wait_for_sleepers(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._wakes) == number, PATIENCE)

    def _move(self) -> None:
        """Whoever is woken counts as awake at once, before it has had time to run."""
        if not self._awake and self._wakes:
            self.now = self._wakes[0]
            while self._wakes and self._wakes[0] <= self.now:
                heapq.heappop(self._wakes)
                self._awake += 1
        self._changed.notify_all()
