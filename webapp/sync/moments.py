"""The moment that a statement asks about, given when it is carried out: so it is built only once.

The worker looks twice a second, and building what it asks takes longer than asking.
"""

from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam

from webapp.core.db import UtcDateTime

Moment = datetime | BindParameter[datetime]

_distances: dict[str, timedelta] = {}


def later(distance: timedelta) -> BindParameter[datetime]:
    """What stands for the moment so much after the given one. For constants of modules."""
    name = f"now_and_{distance // timedelta(microseconds=1)}"
    _distances[name] = distance
    return bindparam(name, type_=UtcDateTime())


NOW = later(timedelta(0))


def at(now: datetime) -> dict[str, datetime]:
    """What such statements are carried out with."""
    return {name: now + distance for name, distance in _distances.items()}
