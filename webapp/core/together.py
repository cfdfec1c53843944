"""The ids of a page, and numbers about it, by one statement.

Each statement is a way to the server and back. On PostgreSQL that takes longer than most of what a
page asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Dialect,
    Integer,
    Select,
    func,
    select,
)

Ids = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class OneRow:
    """What a query of ids finds, as one row: a list in its order, and how many these are."""

    ids: ColumnElement[Sequence[int]]
    number: ColumnElement[int]


def as_one_row(query: Ids, dialect: Dialect) -> OneRow:
    """To select from beside numbers, which may go by how many ids there are.

    The ids are the query's first column. A number in a ``case`` that does not come to it is not
    counted.
    """
    found = query.subquery()
    id_ = found.c[0]
    if dialect.name == "postgresql":
        listed = func.array(select(id_).scalar_subquery(), type_=ARRAY(BigInteger))
        # Or the server would look for the ids anew wherever they are named.
        row = select(listed.label("ids")).cte("page").prefix_with("MATERIALIZED")
        return OneRow(row.c.ids, func.cardinality(row.c.ids, type_=Integer))
    row = select(func.json_group_array(id_, type_=JSON).label("ids")).cte("page")
    return OneRow(row.c.ids, func.json_array_length(row.c.ids, type_=Integer))
