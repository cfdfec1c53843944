"""Rows as plain named tuples: a value of a row of SQLAlchemy's takes twenty times as long."""

from collections import namedtuple
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Result, Select

MOST_KINDS = 64
# A named tuple: which names it has, the statement says.
Row: TypeAlias = Any


def named(result: Result[*tuple[Any, ...]]) -> list[Row]:
    """All rows, each with its columns as attributes."""
    return list(map(_kind(tuple(result.keys()))._make, result.all()))


def by_id(connection: Connection, query: Select[*tuple[Any, ...]], ids: Sequence[int]) -> list[Row]:
    """The rows of a query ``among`` these ids, in their order; without those that are gone."""
    found = {row.id: row for row in named(connection.execute(query, {"ids": ids}))}
    return [found[id_] for id_ in ids if id_ in found]


@lru_cache(MOST_KINDS)
def _kind(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)
