"""Times as machines read them: ``2026-03-02T09:30:00.000Z``."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class IsoMoment(TypeDecorator[str]):
    """A column of ``UtcDateTime`` read as such a text: many rows are read far quicker."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def result_processor(
        self, dialect: Dialect, _coltype: object
    ) -> Callable[[object], str | None]:
        return _of_text if dialect.name == "sqlite" else _of_time


def _of_text(stored: object) -> str | None:
    """Of ``2026-03-02 09:30:00.000000``, as SQLite has it."""
    text = str(stored)
    return None if stored is None else f"{text[:10]}T{text[11:23]}Z"


def _of_time(stored: object) -> str | None:
    return iso(stored) if isinstance(stored, datetime) else None
