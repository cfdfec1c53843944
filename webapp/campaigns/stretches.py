"""Stretches of an indexed column: campaigns with a value from one to another.

SQLite takes every stretch with two ends for a 64th of all rows: it reads it along its index, and
sorts what it has read. A long one is sooner looked for in the list's order, so SQLite is told that
its ends are likely. PostgreSQL knows that by itself.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import URL, ColumnElement, Integer, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.campaigns.models import Campaign
from webapp.core.clock import this_minute
from webapp.core.db import db
from webapp.core.likely import likely

# Long is what holds more than this part of all rows, or more than ``MOST``. As measured, to sort a
# shorter one takes less than to look for it in an order that has it last (decision 24).
PART, MOST = 16, 100_000

MOST_KNOWN = 1_000

Condition = ColumnElement[bool]


def stretch(column: InstrumentedAttribute[Any], first: Any, end: Any) -> Condition:
    """From the first value on, before the end; ``None`` leaves a side open, but not both.

    On SQLite it asks the database how long a stretch with two ends is.
    """
    bounds = _bounds(column, first, end)
    is_guessed = len(bounds) == 2 and db.engine.dialect.name == "sqlite"
    ends = (_about(first), _about(end))
    if is_guessed and is_long(column.key, *ends, db.engine.url, this_minute()):
        bounds = [likely(bound) for bound in bounds]
    return and_(*bounds)


def _about(value: Any) -> Any:
    """An age ends at another moment each time it is asked for: the minute is enough."""
    return value.replace(second=0, microsecond=0) if isinstance(value, datetime) else value


@lru_cache(MOST_KNOWN)
def is_long(name: str, first: Any, end: Any, _in: URL, _while: int) -> bool:
    """Remembered: who filters turns pages, too. It says how to look, never what is found."""
    bounds = _bounds(getattr(Campaign, name), first, end)
    part = func.coalesce(func.max(Campaign.id), 0) // PART
    line = select(func.min(MOST, part, type_=Integer)).scalar_subquery()
    found = select(Campaign.id).where(*bounds).limit(line + 1).subquery()
    return bool(db.session.scalar(select(func.count() > line).select_from(found)))


def _bounds(column: InstrumentedAttribute[Any], first: Any, end: Any) -> list[Condition]:
    bounds = [None if first is None else column >= first, None if end is None else column < end]
    return [bound for bound in bounds if bound is not None]
