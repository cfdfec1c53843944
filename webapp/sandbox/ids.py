"""Ids and timestamps as the real service writes them: UUID version 1, ISO 8601 with ms and Z."""

import itertools
from datetime import UTC, datetime
from uuid import UUID

# 100 ns steps between the start of the Gregorian calendar, which UUIDs count from, and 1970.
GREGORIAN_OFFSET = 0x01B21DD213814000
TICKS_PER_MS = 10_000
NODE = 0x0242AC120002
SEED_CLOCK = 0x0DE9
LIVE_CLOCK = 0x0ABC

_live_ticks = itertools.count()


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def stamp(ms: int) -> str:
    """``1743083802529`` as ``2025-03-27T13:56:42.529Z``."""
    whole = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{whole.isoformat()[:19]}.{ms % 1000:03d}Z"


def uuid1_at(ms: int, tick: int, clock: int = SEED_CLOCK) -> str:
    """A version 1 UUID for that millisecond. ``tick`` (0..9999) tells ids of one ms apart."""
    ticks = ms * TICKS_PER_MS + tick % TICKS_PER_MS + GREGORIAN_OFFSET
    low, middle, high = ticks & 0xFFFFFFFF, (ticks >> 32) & 0xFFFF, (ticks >> 48) & 0x0FFF
    return f"{low:08x}-{middle:04x}-1{high:03x}-{0x8000 | clock:04x}-{NODE:012x}"


def new_uuid(ms: int) -> str:
    """An id for a record made now; no two calls in one process give the same."""
    return uuid1_at(ms, next(_live_ticks), LIVE_CLOCK)


def created_ms(uuid_text: str) -> int:
    """The millisecond that a version 1 UUID was made in."""
    return (UUID(uuid_text).time - GREGORIAN_OFFSET) // TICKS_PER_MS
