"""What somebody has to settle, for scripts: what is in doubt, gone or given up, and duplicates."""

from collections.abc import Callable, Mapping
from uuid import UUID, uuid4

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access, cursors, verdicts
from webapp.api.ids import number_of
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as campaign_schemas
from webapp.api.schemas import parked as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.serialize import Json, moment
from webapp.api.verdicts import Written
from webapp.api.writing import writing
from webapp.attention import queries as attention
from webapp.audit.service import Actor
from webapp.auth.permissions import Scope
from webapp.campaigns import queries
from webapp.campaigns import service as bookings
from webapp.campaigns.models import IN_FLIGHT, NOT_SENT, Campaign
from webapp.changes import parked, service
from webapp.core.db import db
from webapp.core.errors import InvalidInput, NotFound
from webapp.sync import candidates
from webapp.sync import service as sync
from webapp.sync.models import Duplicate
from webapp.web.problems import Problem

TAG = "To settle"
NO_WAY = "This is no way on for the campaign as it is now. Read again which there are."
ACTS: Mapping[str, Callable[[Actor, Campaign], object]] = {
    parked.FIND_OUT: parked.find_out,
    parked.BOOK_AGAIN: bookings.book_again,
    parked.ARCHIVE: bookings.archive_campaign,
    parked.RECREATE: candidates.recreate,
    parked.DETACH: candidates.detach,
    parked.SEND_AGAIN: service.send_again,
}


@operation(
    "GET",
    "/campaigns/<uuid>/unsettled",
    Declaration(
        Scope.READ,
        TAG,
        "What has to be settled of a campaign",
        {200: schemas.Unsettled},
        errors=frozenset({"not_found"}),
    ),
)
def get_unsettled(uuid: str) -> ResponseReturnValue:
    """What nothing moves on by itself, and the ways on: `choices` of `POST …/settle`.

    Conflicts are settled by `POST /conflicts/{id}/resolve`; a refused change by editing the
    campaign, or by undoing it.
    """
    return jsonify(_unsettled(parked.look(queries.get_campaign(uuid))))


@operation(
    "POST",
    "/campaigns/<uuid>/settle",
    Declaration(
        Scope.WRITE,
        TAG,
        "Settle what nothing moves on by itself",
        {200: campaign_schemas.Campaign, 202: campaign_schemas.Campaign},
        query=WriteQuery,
        body=schemas.Settlement,
        example={"choice": "find_out"},
        errors=frozenset({"not_found", "clash", "refused", "unavailable"}),
        headers=frozenset({"Prefer"}),
        answer_headers=verdicts.HEADERS,
    ),
)
def settle_campaign(uuid: str, query: WriteQuery, body: schemas.Settlement) -> ResponseReturnValue:
    """Choose one of the ways on that `GET /campaigns/{uuid}/unsettled` offers.

    - `find_out`: have the ad server asked once more whether the booking or change arrived.
    - `link`: the booking is the campaign `candidate_id` of the ad server.
    - `book_again`: it is not there (look first: booked twice, it runs twice), or it was taken back
      and is wanted after all.
    - `archive`: the ad server has it as another campaign here; this entry goes to the archive.
    - `recreate`: its record is gone from the ad server; book it anew with the values that are here.
    - `detach`: its record is gone; keep it here only, in the archive.
    - `send_again`: it was given up before anything was sent; send it after all.

    409 `clash`: things have moved on, and this is no way on any more. The answer is the campaign,
    and waits as that of a change does.
    """
    with writing(dry_run=query.dry_run):
        campaign = queries.get_campaign(uuid)
        way = body.choice.replace("_", "-")
        if way not in parked.look(campaign).ways:
            raise Problem("clash", NO_WAY)
        _settle(access.actor(), campaign, way, body.candidate_id)
        # The archive is ours alone: what waits is not waited for.
        key = uuid4() if way == parked.ARCHIVE else _key_of_open(campaign)
        written = Written(str(campaign.uuid), key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


@operation(
    "GET",
    "/duplicates",
    Declaration(
        Scope.READ,
        TAG,
        "List second records of bookings",
        {200: schemas.DuplicateList},
        query=schemas.DuplicateListQuery,
    ),
)
def list_duplicates(query: schemas.DuplicateListQuery) -> ResponseReturnValue:
    """Bookings that the ad server has twice and nobody has looked at, the oldest first."""
    walk = ("duplicates",)
    place = cursors.read(query.cursor or cursors.START, *walk)
    found = attention.open_duplicates(place[0] if place else 0, query.per_page + 1)
    shown = found[: query.per_page]
    last = [shown[-1][0].id] if len(found) > query.per_page else None
    meta = {"per_page": query.per_page, "next_cursor": cursors.write(last, *walk)}
    return jsonify({"items": [_duplicate(*row) for row in shown], "meta": meta})


@operation(
    "POST",
    "/duplicates/<duplicate_id>/close",
    Declaration(
        Scope.WRITE,
        TAG,
        "Close the report of a second record",
        {200: schemas.Duplicate},
        query=WriteQuery,
        errors=frozenset({"not_found"}),
    ),
)
def close_duplicate(duplicate_id: str, query: WriteQuery) -> ResponseReturnValue:
    """Say that somebody has looked at both. Nothing is removed, here or in the ad server."""
    with writing(dry_run=query.dry_run):
        report = attention.get_duplicate(number_of(duplicate_id, "report"))
        sync.close_duplicate(access.actor(), report)
        campaign = db.session.get_one(Campaign, report.campaign_id)
        other = attention.other_record(report)
        answer = _duplicate(report, campaign.uuid, campaign.title, other.uuid if other else None)
    return jsonify(answer)


def _settle(actor: Actor, campaign: Campaign, way: str, candidate: UUID | None) -> None:
    """Raises ``InvalidInput`` for a candidate that is none, ``Problem`` when it moved on."""
    try:
        if candidate is not None:
            candidates.link(actor, campaign, candidate)
        else:
            ACTS[way](actor, campaign)
    except NotFound as problem:
        if candidate is not None:
            raise InvalidInput({"candidate_id": str(problem)}) from None
        raise Problem("clash", str(problem)) from None
    db.session.flush()


def _key_of_open(campaign: Campaign) -> UUID:
    """Of the change that has now to arrive; of none, where nothing is left to be sent."""
    changes = queries.changes_of(campaign)
    is_open = (each for each in changes if each.state in (*NOT_SENT, *IN_FLIGHT))
    newest = next(is_open, None)
    return newest.intent_key if newest else uuid4()


def _unsettled(found: parked.Parked) -> Json:
    change = found.unknown or found.given_up or found.cancelled
    known = (change.last_error if change else None) or found.campaign.sync_detail
    return {
        "campaign_id": str(found.campaign.uuid),
        "choices": [way.replace("-", "_") for way in found.ways],
        "change_id": str(change.id) if change and found.ways else None,
        "detail": known if found.ways else None,
        "candidates": [_candidate(each) for each in found.candidates],
    }


def _candidate(campaign: Campaign) -> Json:
    return {
        "id": str(campaign.uuid),
        "megaphone_id": campaign.remote_id,
        "title": campaign.title,
        "external_id": campaign.external_id,
        "advertiser": campaign.advertiser.name if campaign.advertiser else None,
        "total_budget_cents": campaign.total_budget_minor,
        "total_budget_currency": campaign.total_budget_currency,
        "created_at": moment(campaign.remote_created_at),
    }


def _duplicate(report: Duplicate, uuid: UUID, title: str, other: UUID | None) -> Json:
    return {
        "id": str(report.id),
        "campaign": {"id": str(uuid), "title": title},
        "megaphone_id": report.remote_id,
        "external_id": report.marker,
        "duplicate_id": str(other) if other else None,
        "seen_at": moment(report.seen_at),
        "closed_at": moment(report.closed_at),
        "closed_by": report.closed_by,
    }
