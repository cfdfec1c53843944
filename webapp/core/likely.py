"""Telling SQLite how many rows meet a condition, where it guesses wrongly.

It has no statistics of single values. PostgreSQL has, and is told nothing.
"""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Likely(FunctionElement[Any]):
    inherit_cache = True


class Unlikely(FunctionElement[Any]):
    inherit_cache = True


def likely(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition. SQLite then chooses indexes as if it said next to nothing."""
    return Likely(condition)


def unlikely(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same condition. SQLite then takes it for one that a sixteenth of all rows meets, however
    many rows have each of its values on average."""
    return Unlikely(condition)


@compiles(Likely)
@compiles(Unlikely)
def _as_it_is(element: Likely | Unlikely, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(element.clauses, **how)})"


@compiles(Likely, "sqlite")
@compiles(Unlikely, "sqlite")
def _told(element: Likely | Unlikely, compiler: SQLCompiler, **how: Any) -> str:
    word = "likely" if isinstance(element, Likely) else "unlikely"
    return f"{word}({compiler.process(element.clauses, **how)})"
