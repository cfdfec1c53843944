"""The log of requests to the v1 paths: the last 20,000, in memory."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from webapp.sandbox.delivery import Delivery
from webapp.sandbox.ids import stamp

KEPT = 20_000


@dataclass
class Entry:
    """One request. ``status`` is None while it is being worked on."""

    number: int
    time_ms: int
    method: str
    path: str
    request_id: str
    delivery: Delivery
    status: int | None = None
    faults: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    milliseconds: float = 0.0

    def finish(self, status: int) -> None:
        """Note the answer that was made, whether or not it will arrive."""
        self.status = status
        self.milliseconds = round((time.monotonic() - self.started) * 1000, 2)

    def as_dict(self) -> dict[str, object]:
        """``delivered`` says that every byte of the answer was handed to the network."""
        return {
            "number": self.number,
            "time": stamp(self.time_ms),
            "method": self.method,
            "path": self.path,
            "request_id": self.request_id,
            "status": self.status,
            "milliseconds": self.milliseconds,
            "faults": self.faults,
            "delivered": self.delivery.complete,
        }


class RequestLog:
    """Entries in the order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._last = 0

    def arrive(
        self, time_ms: int, method: str, path: str, request_id: str, delivery: Delivery
    ) -> Entry:
        """Note a request the moment it is there."""
        with self._lock:
            self._last += 1
            entry = Entry(self._last, time_ms, method, path, request_id, delivery)
            self._entries.append(entry)
        return entry

    def after(self, number: int = 0) -> list[Entry]:
        """Entries from the one after that number on."""
        with self._lock:
            return [entry for entry in self._entries if entry.number > number]

    def clear(self) -> None:
        """Forget the entries; the numbers go on."""
        with self._lock:
            self._entries.clear()
