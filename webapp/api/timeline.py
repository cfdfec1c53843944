"""What happened: to one campaign, newest first, and to all of them, for whoever follows along."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import cursors
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import timeline as schemas
from webapp.api.serialize import Json, field_of, moment
from webapp.audit import feed
from webapp.audit import queries as audit
from webapp.audit.models import AuditEvent
from webapp.auth.permissions import Scope
from webapp.campaigns import queries
from webapp.web.problems import FieldError, Problem

TAG = "Campaigns"
KIND = "campaign"
CHANGES = "changes"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@operation(
    "GET",
    "/campaigns/<uuid>/timeline",
    Declaration(
        Scope.READ,
        TAG,
        "What happened to a campaign",
        {200: schemas.Timeline},
        query=schemas.TimelineQuery,
        errors=frozenset({"not_found"}),
    ),
)
def get_timeline(uuid: str, query: schemas.TimelineQuery) -> ResponseReturnValue:
    """Who did what to the campaign, and when, the newest first: people, scripts, the ad server."""
    campaign = queries.get_campaign(uuid)
    walk = "timeline", campaign.id
    place = cursors.read(query.cursor or cursors.START, *walk)
    events = audit.events_of(KIND, campaign.id, query.per_page + 1, place[0] if place else None)
    shown = events[: query.per_page]
    last = [shown[-1].id] if len(events) > query.per_page else None
    meta = {"per_page": query.per_page, "next_cursor": cursors.write(last, *walk)}
    return jsonify({"items": [_event(each) for each in shown], "meta": meta})


@operation(
    "GET",
    "/changes",
    Declaration(
        Scope.READ,
        TAG,
        "Follow what changes",
        {200: schemas.Changes},
        query=schemas.ChangesQuery,
    ),
)
def list_changes(query: schemas.ChangesQuery) -> ResponseReturnValue:
    """What happened to all campaigns since a time, the oldest first, and by whom.

    Ask again with `since` set to `meta.next_cursor`: at once while `meta.has_more`, otherwise after
    a while. Nothing is missed and nothing told twice.

    A campaign that is new in the ad server is told of as `first listed`, but not those of a
    connection's first reading. Values that are the ad server's alone, such as revenue, are followed
    without a word here: what `GET /campaigns?sort_by=updated_at` gives first has the newest.
    """
    after_id, since = _place(query.since)
    events = feed.events_since(KIND, after_id, query.limit + 1, since)
    shown = events[: query.limit]
    uuids = queries.uuids_of(event.object_id for event in shown)
    items = [
        _event(each) | {"campaign": {"id": str(uuids[each.object_id]), "title": each.object_label}}
        for each in shown
    ]
    last = shown[-1].id if shown else after_id
    meta = {
        "limit": query.limit,
        "next_cursor": cursors.write([last, since], CHANGES),
        "has_more": len(events) > query.limit,
    }
    return jsonify({"items": items, "meta": meta})


def _place(since: str | None) -> tuple[int, datetime | None]:
    """The event to go on behind, and the time before which nothing is told."""
    if since is None:
        return 0, None
    if _DAY.match(since):
        when = _time(since)
        return feed.id_before(when), when
    place: list[Any] = cursors.read(since, CHANGES, argument="since") or [0, None]
    return place[0], place[1]


def _time(text: str) -> datetime:
    try:
        # In an address a plus sign is a blank.
        when = datetime.fromisoformat(text.replace(" ", "+"))
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        words = "Give a time such as 2026-03-02T09:30:00Z, or a cursor."
        raise Problem("invalid", errors=[FieldError("?since", words)]) from None


def _event(event: AuditEvent) -> Json:
    return {
        "id": str(event.id),
        "at": moment(event.at),
        "actor": event.actor,
        "source": event.source,
        "action": event.action,
        "field": field_of(event.field),
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "request_id": event.request_id,
    }
