"""Counting the SQL statements that a piece of work sends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

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

    Use it as ``with count_statements() as statements: ...; assert len(statements) <= 8``.
    """
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
