"""The clock: the one place that reads the time of day, so that tests can move it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def this_minute() -> int:
    """Another number each minute: what is remembered by it is forgotten then."""
    return int(time.monotonic() / 60)
