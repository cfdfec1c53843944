"""A few places for what takes long, so that everything else of a process goes on beside it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """Counts who has one. For the threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0

    @contextmanager
    def taken(self, most: int) -> Iterator[bool]:
        """Whether there was a place, which is given back at the end."""
        with self._lock:
            has_place = self._taken < most
            self._taken += has_place
        try:
            yield has_place
        finally:
            with self._lock:
                self._taken -= has_place
