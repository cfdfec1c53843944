"""Campaigns as CSV: UTF-8 with a byte order mark, commas, and a first line of headings.

Times are ISO 8601 with their offset, amounts plain decimals beside a currency; texts that a
spreadsheet would calculate are guarded (``webapp.exchange.guard``).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from webapp.core.money import plain_amount
from webapp.core.text import fold
from webapp.exchange.columns import (
    BUDGET,
    EXTERNAL_ID,
    HEADINGS,
    NOTES,
    READ_HEADINGS,
    TITLE,
    digest_of,
    mark_of,
)
from webapp.exchange.facts import Facts
from webapp.exchange.guard import guarded

BYTE_ORDER_MARK = "\ufeff"
YES, NO = "yes", "no"
_NO_WORD = re.compile("[^a-z0-9]+")
_NEEDS_QUOTES = re.compile(r'["\r\n]').search
_SELDOM_AGAIN = (TITLE, EXTERNAL_ID, BUDGET, NOTES)


def read_cells(row: Facts) -> tuple[str, ...]:
    """The cells that an import reads, in the order of ``columns.READ`` and without guards."""
    return (
        row.title,
        str(row.advertiser_id or ""),
        row.advertiser_name or "",
        row.agency_name or "",
        row.external_id or "",
        _amount(row.total_budget_minor, row.total_budget_currency),
        row.total_budget_currency or "",
        YES if row.copy_needed else NO,
        row.owner_email or "",
        row.notes or "",
        YES if row.archived_at else NO,
    )


def line_of(row: Facts) -> list[str]:
    """The cells of a campaign’s line."""
    written = [write(cell) for write, cell in zip(_WRITERS, read_cells(row), strict=True)]
    return [
        row.uuid,
        *[cell for cell, _ in written],
        row.sync_state,
        guarded(row.sync_detail or ""),
        _amount(row.total_revenue_minor, row.total_revenue_currency),
        row.total_revenue_currency or "",
        "" if row.duration_seconds is None else str(row.duration_seconds),
        guarded(row.booking_source or ""),
        guarded(row.remote_id or ""),
        _moment(row.remote_created_at),
        _moment(row.remote_updated_at),
        _moment(row.created_at),
        _moment(row.changed_at),
        _moment(row.synced_at),
        _moment(row.archived_at),
        mark_of([digest for _, digest in written]),
    ]


def _written(text: str) -> tuple[str, bytes]:
    """A text as it stands in a cell, and its digest for the mark."""
    return guarded(text), digest_of(text)


# Few texts stand in the other columns, again and again.
_written_before = lru_cache(maxsize=10_000)(_written)
_WRITERS = tuple(_written if name in _SELDOM_AGAIN else _written_before for name in READ_HEADINGS)


def _moment(text: str | None) -> str:
    """``2026-03-02 09:30:00.123`` of the database as ISO 8601: times are kept in UTC."""
    return f"{text[:10]}T{text[11:19]}+00:00" if text else ""


def as_text(lines: Iterable[Sequence[str]]) -> str:
    """Lines of cells as CSV."""
    return "".join(map(_as_line, lines))


def _as_line(cells: Sequence[str]) -> str:
    text = ",".join(cells)
    # Most lines need no quotes; the writer, which looks at each letter, takes ten times as long.
    if text.count(",") < len(cells) and not _NEEDS_QUOTES(text):
        return text + "\r\n"
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def as_file(headings: Sequence[str], chunks: Iterable[Iterable[Sequence[str]]]) -> Iterator[bytes]:
    """The bytes of a file, a chunk of its lines at a time."""
    yield (BYTE_ORDER_MARK + as_text([headings])).encode()
    for lines in chunks:
        yield as_text(lines).encode()


def file_name(view: str, day: date) -> str:
    """``view`` is the name of the list's view, if it has one."""
    name = "-".join(filter(None, ["campaigns", safe_name(view)]))
    return f"{name}-{day:%Y-%m-%d}.csv"


def safe_name(text: str) -> str:
    """Letters and digits of a text, for a file’s name."""
    return _NO_WORD.sub("-", fold(text.removesuffix(".csv"))).strip("-")


def template() -> bytes:
    """A file without campaigns: its headings."""
    return b"".join(as_file(HEADINGS, []))


def _amount(minor: int | None, currency: str | None) -> str:
    return "" if minor is None else plain_amount(minor, currency or "USD")
