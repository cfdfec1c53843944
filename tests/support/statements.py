"""Counting the SQL statements that a piece of work sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from webapp.campaigns.search import is_frequent

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


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """The statements sent meanwhile, on every engine, transactions' own left out.

    What is remembered of words is forgotten first: for how long it would be is up to the clock.
    Use it as ``with count_statements() as statements: ...; assert len(statements) <= 8``.
    """
    is_frequent.cache_clear()
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statement = str(arguments[2])
        if not statement.lstrip().upper().startswith(HOUSEKEEPING):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
