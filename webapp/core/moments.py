"""Times and ids as machines read them: ``2026-03-02T09:30:00.000Z``."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Uuid
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


class IsoUuid(TypeDecorator[str]):
    """A column of UUIDs read as texts, for the same reason."""

    impl = Uuid
    cache_ok = True

    def result_processor(
        self, dialect: Dialect, _coltype: object
    ) -> Callable[[object], str | None]:
        return _of_digits if dialect.name == "sqlite" else _of_uuid


def _of_digits(stored: object) -> str | None:
    """Of 32 digits, as SQLite has it."""
    text = str(stored)
    if stored is None:
        return None
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _of_uuid(stored: object) -> str | None:
    return None if stored is None else str(stored)
