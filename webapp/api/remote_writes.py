"""Booking and changing campaigns by the ad server's own ids and names.

Each is the same operation on our campaign, with what it names taken in first: nothing is written to
the ad server but by the outbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, jsonify, url_for
from flask.typing import ResponseReturnValue
from pydantic.alias_generators import to_camel

from webapp.api import etags, verdicts
from webapp.api.campaign_writes import create_campaign, update_campaign
from webapp.api.operation import Declaration, operation
from webapp.api.remote import FAILURES, TAG, line
from webapp.api.schemas import campaigns
from webapp.api.schemas import remote as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.serialize import Json
from webapp.auth.permissions import Scope
from webapp.core.db import transaction
from webapp.core.errors import InvalidInput
from webapp.sync import taking_in
from webapp.sync.passing import Line

ERRORS = FAILURES | {"clash"}
NO_ADVERTISER = "The ad server lists no advertiser with this id."


@operation(
    "POST",
    "/remote/campaigns",
    Declaration(
        Scope.WRITE,
        TAG,
        "Book a campaign there",
        {201: schemas.RemoteCampaign, 202: schemas.RemoteCampaignUnderWay},
        query=WriteQuery,
        body=schemas.NewRemoteCampaign,
        errors=ERRORS,
        headers=frozenset({"Prefer"}),
        answer_headers=verdicts.HEADERS,
    ),
)
def create_remote_campaign(
    query: WriteQuery, body: schemas.NewRemoteCampaign
) -> ResponseReturnValue:
    """Book a campaign in the ad server, in its own spelling and with its own advertiser's id.

    It is booked as `POST /campaigns` books: kept here and sent until the ad server has answered,
    and never twice. 201 has the record as the ad server confirmed it, 202 what is on its way, and
    `Location` where to look again; 422 `refused` has the ad server's words.
    """
    way = line()
    sent = body.model_dump()
    met = taking_in.read(way, None, body.advertiser_id, dry_run=query.dry_run)
    # It ends within, with the booking: what was met is kept with it, or not at all.
    with transaction():
        taking_in.take_in(way, met)
        sent["advertiser_id"] = _advertiser(way, body.advertiser_id)
        with _in_camel_case():
            answer = create_campaign(query=query, body=campaigns.NewCampaign(**sent))
    return _in_their_spelling(answer)


@operation(
    "PUT",
    "/remote/campaigns/<remote_id>",
    Declaration(
        Scope.WRITE,
        TAG,
        "Change a campaign there",
        {200: schemas.RemoteCampaign, 202: schemas.RemoteCampaignUnderWay},
        query=WriteQuery,
        body=schemas.RemoteCampaignChange,
        errors=ERRORS | {"not_found", "changed_meanwhile"},
        headers=frozenset({"Prefer", etags.MATCH}),
        answer_headers=verdicts.HEADERS,
    ),
)
def update_remote_campaign(
    remote_id: str, query: WriteQuery, body: schemas.RemoteCampaignChange
) -> ResponseReturnValue:
    """Change the members that are sent of the campaign with this id of the ad server's.

    It is changed as `PUT /campaigns/{uuid}` changes: what somebody else did there meanwhile is not
    overwritten. A campaign that is not here yet is taken in first. `If-Match` takes the `ETag` of
    the same campaign under `/campaigns`, and a 412 shows the difference in the members used there.
    """
    way = line()
    sent = body.model_dump(exclude_unset=True)
    met = taking_in.read(way, remote_id, sent.get("advertiser_id"), dry_run=query.dry_run)
    # It ends within, with the change: what was met is kept with it, or not at all.
    with transaction():
        taking_in.take_in(way, met)
        uuid = taking_in.campaign_uuid(way, remote_id)
        if "advertiser_id" in sent:
            sent["advertiser_id"] = _advertiser(way, sent["advertiser_id"])
        with _in_camel_case():
            answer = update_campaign(uuid=uuid, query=query, body=campaigns.CampaignChange(**sent))
    return _in_their_spelling(answer)


def _advertiser(way: Line, remote_id: str) -> int:
    found = taking_in.advertiser_id(way, remote_id)
    if found is None:
        raise InvalidInput({"advertiserId": NO_ADVERTISER})
    return found


@contextmanager
def _in_camel_case() -> Iterator[None]:
    """Let messages point at the members that the script sent."""
    try:
        yield
    except InvalidInput as problem:
        raise InvalidInput({to_camel(n): words for n, words in problem.fields.items()}) from None


def _in_their_spelling(answer: ResponseReturnValue) -> ResponseReturnValue:
    """Our campaign's answer as the ad server would give it."""
    if not isinstance(answer, Response):
        raise TypeError("a campaign's answer is a response")
    ours: Json = answer.get_json()
    is_done = answer.status_code != 202
    theirs = _campaign(ours)
    if not is_done:
        theirs |= {"campaignId": ours["id"], "syncState": ours["sync"]["state"]}
    response = jsonify(theirs)
    response.status_code = answer.status_code
    response.headers["ETag"] = answer.headers["ETag"]
    if answer.status_code == 201:
        place = url_for("api.get_remote_campaign", remote_id=ours["megaphone_id"])
        response.headers["Location"] = place
    elif not is_done:
        response.headers["Location"] = answer.headers["Location"]
    return response


def _campaign(ours: Json) -> Json:
    advertiser = ours["advertiser"]
    return {
        "id": ours["megaphone_id"],
        "title": ours["title"],
        "advertiserId": advertiser and advertiser["megaphone_id"],
        "advertiser": _named(advertiser, agency=_named((advertiser or {}).get("agency"))),
        "organizationId": ours["organization_id"],
        "externalId": ours["external_id"],
        "totalBudgetCents": ours["total_budget_cents"],
        "totalBudgetCurrency": ours["total_budget_currency"],
        "totalRevenueCents": ours["total_revenue_cents"],
        "totalRevenueCurrency": ours["total_revenue_currency"],
        "durationInSeconds": ours["duration_in_seconds"],
        "copyNeeded": ours["copy_needed"],
        "bookingSource": ours["booking_source"],
        "createdAt": ours["created_at"],
        "updatedAt": ours["updated_at"],
    }


def _named(record: Json | None, **more: Any) -> Json | None:
    if record is None:
        return None
    return {"id": record["megaphone_id"], "name": record["name"], **more}
