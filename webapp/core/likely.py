"""Telling SQLite that nearly all rows meet a condition, which it takes for a rare thing.

It has no statistics of single values. PostgreSQL has, and is told nothing.
"""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Likely(FunctionElement[Any]):
    """The same condition. SQLite then chooses indexes as if it said next to nothing."""

    inherit_cache = True


def likely(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return Likely(condition)


@compiles(Likely)
def _as_it_is(element: Likely, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(element.clauses, **how)})"


@compiles(Likely, "sqlite")
def _told(element: Likely, compiler: SQLCompiler, **how: Any) -> str:
    return f"likely({compiler.process(element.clauses, **how)})"
