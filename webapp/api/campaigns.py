"""Campaigns for scripts: the list, one, and where its changes are."""

from collections.abc import Mapping
from datetime import datetime

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access, cursors, etags, serialize
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as schemas
from webapp.api.serialize import Json, moment
from webapp.audit import queries as audit
from webapp.auth.permissions import Scope
from webapp.campaigns import api_listing, api_orders, progress, queries
from webapp.campaigns.api_orders import BY_ID, ORDERS, Order
from webapp.campaigns.api_rows import campaign_row
from webapp.campaigns.models import CHECKING, WAITING
from webapp.campaigns.progress import Outgoing, Progress
from webapp.campaigns.terms import Asker
from webapp.connections import queries as connections
from webapp.web.problems import FieldError, Problem
from webapp.web.settings import zone

TAG = "Campaigns"
KNOWN = frozenset({etags.NONE_MATCH})
USUAL_SORT = "created_at"


@operation(
    "GET",
    "/campaigns",
    Declaration(
        Scope.READ,
        TAG,
        "List campaigns",
        {200: schemas.CampaignList},
        query=schemas.CampaignListQuery,
        errors=frozenset({"bad_query", "unavailable"}),
        headers=KNOWN,
        answer_headers=frozenset({"ETag"}),
    ),
)
def list_campaigns(query: schemas.CampaignListQuery) -> ResponseReturnValue:
    """Campaigns that match, by pages, or all of them one after the other.

    `search` takes plain words, `q` the query language of the list page; archived campaigns are
    found too unless `archived=false` is said. `meta.total` is exact up to 10,000, and beyond where
    `meta.total_is_exact` says so: on every page that reaches the 10,000th row, so that a loop which
    goes on until `page * per_page` is `meta.total` or more meets them all.

    **To read everything**, begin with `cursor=start` and go on with `meta.next_cursor` until it is
    `null`. A campaign that is there throughout is met exactly once, whatever else changes
    meanwhile. That holds for the order that is used when `sort_by` is left out, and for any other
    as long as the values sorted by stay what they are.
    """
    wanted = _wanted(query)
    names = connections.organizations()
    by_name = query.sort_by or (None if query.cursor else USUAL_SORT)
    order = _order(by_name, names)
    answer = _walked(query, wanted, order) if query.cursor else _page(query, wanted, order)
    items = [serialize.campaign(row, names) for row in answer["items"]]
    return etags.unless_known(answer | {"items": items})


def _wanted(query: schemas.CampaignListQuery) -> api_listing.Finding:
    if query.search and query.q:
        raise Problem("invalid", errors=[FieldError("?q", "Send either “search” or “q”.")])
    if query.cursor and query.page != 1:
        raise Problem("invalid", errors=[FieldError("?page", "A cursor has no pages.")])
    number = int(query.advertiser_id) if query.advertiser_id else None
    wish = api_listing.Wish(query.search or "", query.q or "", number, query.archived)
    asker = Asker(access.current_token().operator_id, zone=zone())
    return api_listing.finding(wish, asker)


def _order(by_name: str | None, names: Mapping[int, str]) -> Order:
    if by_name == "organization_id":
        return api_orders.by_organization(names)
    return ORDERS[by_name] if by_name else BY_ID


def _page(query: schemas.CampaignListQuery, wanted: api_listing.Finding, order: Order) -> Json:
    found = api_listing.page(
        wanted,
        order,
        descending=query.sort_order == "desc",
        number=query.page,
        size=query.per_page,
    )
    meta = _meta(query.page, query.per_page, found.total, None) | {"total_is_exact": found.is_exact}
    return {"items": found.rows, "meta": meta}


def _walked(query: schemas.CampaignListQuery, wanted: api_listing.Finding, order: Order) -> Json:
    walk = (
        "campaigns",
        *(query.search, query.q, query.advertiser_id, query.archived),
        *(query.sort_by, query.sort_order),
    )
    found = api_listing.walk(
        wanted,
        order,
        cursors.read(query.cursor or "", *walk),
        descending=query.sort_order == "desc",
        size=query.per_page,
    )
    next_cursor = cursors.write(found.place, *walk)
    return {"items": found.rows, "meta": _meta(None, query.per_page, None, next_cursor)}


def _meta(page: int | None, per_page: int, total: int | None, next_cursor: str | None) -> Json:
    return {
        "page": page,
        "per_page": per_page,
        "total": total,
        "total_is_exact": False,
        "next_cursor": next_cursor,
    }


@operation(
    "GET",
    "/campaigns/<uuid>",
    Declaration(
        Scope.READ,
        TAG,
        "One campaign",
        {200: schemas.Campaign},
        errors=frozenset({"not_found"}),
        headers=KNOWN,
        answer_headers=frozenset({"ETag"}),
    ),
)
def get_campaign(uuid: str) -> ResponseReturnValue:
    """The campaign as Flightdeck has it now.

    Send its `ETag` as `If-Match` with a change, and nobody else's change is overwritten unseen.
    """
    answer, etag = read(uuid)
    return etags.unless_known(answer, etag)


def read(uuid: str) -> tuple[Json, str]:
    """The campaign as it is answered, and its ETag. Raises ``NotFound``."""
    row = campaign_row(uuid)
    answer = serialize.campaign(row, connections.organizations())
    if row.sync_state in (WAITING, CHECKING):
        line = progress.line_of(queries.get_campaign(uuid))
        if line.is_stopped:
            answer["sync"]["detail"] = f"{line.words}. {line.more}"
    return answer, etags.of_campaign(answer, audit.last_event_id("campaign", row.id))


@operation(
    "GET",
    "/campaigns/<uuid>/sync-status",
    Declaration(
        Scope.READ,
        TAG,
        "Where a campaign's changes are",
        {200: schemas.SyncStatus},
        errors=frozenset({"not_found"}),
    ),
)
def get_sync_status(uuid: str) -> ResponseReturnValue:
    """Whether the ad server has confirmed the campaign, and what is still on its way there.

    `state` is one of confirmed, waiting, sending, checking (the ad server did not say whether it
    took a change), refused, conflict, parked (somebody has to look), gone (it is no longer there).
    Ask again while `moving` is true. It is false where nothing happens until somebody acts, also
    while a change is on hold, or the connection is paused: `words` say which.
    """
    campaign = queries.get_campaign(uuid)
    conflicts = queries.open_conflicts(campaign)
    found = progress.progress_of(campaign, conflicts)
    return jsonify(
        {
            "campaign_id": str(campaign.uuid),
            "megaphone_id": campaign.remote_id,
            "state": found.line.state,
            "words": found.line.words,
            "detail": found.line.more,
            "moving": found.line.is_moving,
            "synced_at": moment(campaign.synced_at),
            "next_attempt_at": moment(_next_attempt(found)),
            "waiting": [_waiting(each) for each in found.waiting],
            "unconfirmed": [
                {"field": serialize.FIELDS[group], "remote": text}
                for group, text in found.unconfirmed.items()
            ],
            "open_conflicts": len(conflicts),
        }
    )


def _next_attempt(found: Progress) -> datetime | None:
    """When something is sent by itself. What is put off holds the others of its campaign."""
    changes = [each.change for each in found.waiting]
    if found.line.is_stopped or not changes:
        return None
    put_off = [change.not_before for change in changes if change.not_before]
    return max([min(change.next_attempt_at for change in changes), *put_off])


def _waiting(outgoing: Outgoing) -> Json:
    change = outgoing.change
    return {
        "id": str(change.id),
        "kind": change.kind,
        "state": change.state,
        "effects": [
            {"field": serialize.field_of(e.field), "before": e.before, "after": e.after}
            for e in outgoing.effects
        ],
        "attempts": change.attempts,
        "created_at": moment(change.created_at),
        "next_attempt_at": moment(change.next_attempt_at),
        "not_before": moment(change.not_before),
        "held_by": change.held_by,
        "last_error": change.last_error,
    }
