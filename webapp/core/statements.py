"""Counting the SQL statements that a request sends: the first thing to know of a slow one."""

from contextvars import ContextVar
from dataclasses import dataclass

from sqlalchemy import Engine, event

# Transactions' own: one database has more of them than the other.
HOUSEKEEPING = ("BEGIN", "SET default_transaction", "SAVEPOINT", "RELEASE", "ROLLBACK")


@dataclass
class Count:
    """How many there were so far."""

    number: int = 0


_current: ContextVar[Count | None] = ContextVar("statements of this request", default=None)


def count_from_here() -> Count:
    """What this thread sends from now on is counted in it, until this is asked again."""
    count = Count()
    _current.set(count)
    return count


@event.listens_for(Engine, "before_cursor_execute")
def _note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    count = _current.get()
    if count is not None and not statement.startswith(HOUSEKEEPING):
        count.number += 1
