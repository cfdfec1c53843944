"""The timeline as a file: the events of a list in its order, streamed."""

from array import array
from collections.abc import Iterator, Sequence

import structlog
from flask import Response, stream_with_context
from flask.typing import ResponseReturnValue

from webapp.audit import listing
from webapp.audit.models import AuditEvent
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.exchange.guard import guarded
from webapp.exchange.import_views import download
from webapp.exchange.writing import as_file
from webapp.web.lists import list_params
from webapp.web.settings import zone

HEADINGS = (
    "id",
    "at",
    "actor",
    "source",
    "object_type",
    "object_id",
    "object",
    "action",
    "field",
    "before",
    "after",
    "reason",
    "request_id",
)
CHUNK = 1_000

log = structlog.get_logger()


@requires(Permission.READ)
def timeline_csv() -> ResponseReturnValue:
    """The whole list, up to its million newest events, whatever page of it is shown."""
    params = list_params(listing.EVENTS)
    day = utc_now().astimezone(zone()).date()
    db.session.rollback()
    # Without a page's limit of time: a list of any size can be taken along.
    with reading():
        ids = listing.listed_ids(params)
    return download(Response(stream_with_context(_stream(ids))), f"timeline-{day:%Y-%m-%d}.csv")


def _stream(ids: "array[int]") -> Iterator[bytes]:
    try:
        parts = (ids[begin : begin + CHUNK] for begin in range(0, len(ids), CHUNK))
        yield from as_file(HEADINGS, map(_lines, parts))
    except Exception:
        log.exception("timeline_export_failed", rows=len(ids))
        raise
    log.info("timeline_exported", rows=len(ids))


def _lines(ids: Sequence[int]) -> list[list[str]]:
    try:
        with reading():
            found = listing.events_by_id(ids)
            return [_line(found[id_]) for id_ in ids if id_ in found]
    finally:
        # While the chunk is on its way, its connection serves others.
        db.session.remove()


def _line(event: AuditEvent) -> list[str]:
    at = event.at.isoformat(timespec="milliseconds")
    texts = (
        event.object_label,
        event.action,
        event.field,
        event.before,
        event.after,
        event.reason,
        event.request_id,
    )
    return [
        str(event.id),
        at,
        guarded(event.actor),
        event.source,
        event.object_type,
        str(event.object_id),
        *(guarded(text or "") for text in texts),
    ]
