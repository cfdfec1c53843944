"""A list as a file, streamed: which campaigns is settled first, then they are read in chunks.

Each chunk is a short transaction of its own, so a slow reader keeps nothing locked. No campaign is
left out or written twice by what changes meanwhile; each line is as the campaign was when read.
"""

from array import array
from collections.abc import Iterator, Sequence
from operator import itemgetter

import structlog

from webapp.core.db import db, reading
from webapp.exchange import queries
from webapp.exchange.columns import HEADINGS
from webapp.exchange.writing import as_file, line_of

CHUNK = 1_000

log = structlog.get_logger()


def stream(ids: "array[int]", headings: Sequence[str] = HEADINGS) -> Iterator[bytes]:
    """The file's bytes, with these of its columns. When reading fails the answer breaks off, so
    that nobody takes a part of the file for all of it."""
    try:
        yield from as_file(headings, (_lines(part, headings) for part in _parts(ids)))
    except Exception:
        log.exception("export_failed", rows=len(ids))
        raise
    log.info("exported", rows=len(ids))


def _parts(ids: "array[int]") -> Iterator[Sequence[int]]:
    return (ids[begin : begin + CHUNK] for begin in range(0, len(ids), CHUNK))


def _lines(ids: Sequence[int], headings: Sequence[str]) -> list[Sequence[str]]:
    try:
        # The limit of a page's time is not that of a file, however long.
        with reading():
            found = queries.facts_by_id(ids)
    finally:
        # While the chunk is on its way, its connection serves others.
        db.session.remove()
    pick = itemgetter(*map(HEADINGS.index, headings))
    return [pick(line_of(found[id_])) for id_ in ids if id_ in found]
