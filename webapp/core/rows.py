"""Rows as plain named tuples: a value of a row of SQLAlchemy's takes twenty times as long."""

from collections import namedtuple
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Result

MOST_KINDS = 64
# A named tuple: which names it has, the statement says.
Row: TypeAlias = Any


def named(result: Result[*tuple[Any, ...]]) -> list[Row]:
    """All rows, each with its columns as attributes."""
    return list(map(_kind(tuple(result.keys()))._make, result.all()))


@lru_cache(MOST_KINDS)
def _kind(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)
