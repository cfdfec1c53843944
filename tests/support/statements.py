"""Counting the SQL statements that a piece of work sends."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from tests.support.listening import listening
from tests.support.remembered import forget

HOUSEKEEPING = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "PRAGMA",
    "ANALYZE",
    "SET DEFAULT_TRANSACTION",
)

READS = re.compile(r"\s*(SELECT|WITH)\b")
WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b")


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """The statements sent meanwhile, on every engine, transactions' own left out.

    What is remembered of words and stretches is forgotten first: for how long it would be is up to
    the clock.
    Use it as ``with count_statements() as statements: ...; assert len(statements) <= 8``.
    """
    forget()
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if not statement.lstrip().upper().startswith(HOUSEKEEPING):
            statements.append(statement)

    with listening(Engine, "before_cursor_execute", note):
        yield statements


def written(statements: Sequence[str]) -> list[str]:
    """Those that change or lock something: all but what only selects, by itself or from a part
    named beforehand."""
    return [each for each in statements if not READS.match(each) or WRITES.search(each)]
