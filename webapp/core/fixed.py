"""Statements that every page asks, put together once.

Of sixty values that are the same each time SQLAlchemy, the driver and the database would each take
every one in hand, again and again: they are written out. Of a list of ids, whatever its length, one
value is made.
"""

from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
    Select,
    TextualSelect,
    any_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.sql.visitors import replacement_traverse

Asked = Select[*tuple[Any, ...]]


def as_text(query: Asked, dialect: Dialect, *given: BindParameter[Any]) -> TextualSelect:
    """The query as a text for this database, with all its values in it but ``given``.

    Only for values of our own: what somebody typed stays a parameter. Raises ``ValueError`` where
    one holds a percent sign, which two drivers would each read in their own way.
    """
    marks = {each.key: literal_column(f":{each.key}", each.type) for each in given}

    def mark(element: Any, **_: Any) -> Any:
        return marks.get(element.key) if isinstance(element, BindParameter) else None

    marked = cast("Asked", replacement_traverse(query, {}, mark))
    compiled = marked.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    if "%" in str(compiled):
        raise ValueError("a percent sign among the values")
    columns = [column(f"c{n}", each.type) for n, each in enumerate(query.selected_columns)]
    return text(str(compiled)).bindparams(*given).columns(*columns)


def among(of: ColumnElement[int], dialect: Dialect) -> ColumnElement[bool]:
    """Whether a column has one of the ``ids`` that the statement is given: a list of any length."""
    if dialect.name == "postgresql":
        return of == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    given = func.json_each(bindparam("ids", type_=JSON)).table_valued("value")
    return of.in_(select(given.c.value))
