"""Scripts change campaigns: book, edit, archive. The rules are the service's, as for everybody."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.api import access, campaigns, differences, etags, refusals, verdicts
from webapp.api.keys import intent_key
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.verdicts import Written
from webapp.api.writing import writing
from webapp.auth import queries as operators
from webapp.auth.permissions import Scope
from webapp.campaigns import queries, service
from webapp.campaigns.fields import CampaignValues, editable, values_of
from webapp.connections import queries as connections
from webapp.core.errors import InvalidInput
from webapp.web.problems import Problem

# What the service calls otherwise.
SENT_AS = {"total_budget_minor": "total_budget_cents", "owner_id": "owner"}
GROUP_OF = {
    "advertiser_id": "advertiser",
    "total_budget_cents": "budget",
    "total_budget_currency": "budget",
}
ERRORS = frozenset({"clash", "refused", "unavailable"})


@operation(
    "POST",
    "/campaigns",
    Declaration(
        Scope.WRITE,
        campaigns.TAG,
        "Book a campaign",
        {201: schemas.Campaign, 202: schemas.Campaign},
        query=WriteQuery,
        body=schemas.NewCampaign,
        errors=ERRORS,
        headers=frozenset({"Prefer"}),
        answer_headers=verdicts.HEADERS,
    ),
)
def create_campaign(query: WriteQuery, body: schemas.NewCampaign) -> ResponseReturnValue:
    """Book a campaign here and in the ad server.

    The answer comes when the ad server has confirmed it (201), or after 5 seconds (202): then it is
    kept here and on its way, `sync` says how far, and `Location` where to look again. When the ad
    server refuses it the answer is 422 `refused` with its words; the campaign stays here as
    refused (`campaign_id`), and can be corrected with `PUT`. `Prefer: wait=N` waits longer or
    shorter, up to 30 seconds, `Prefer: respond-async` not at all. While half of a process's threads
    wait already, the 202 comes at once, without `Preference-Applied`.

    Send an `Idempotency-Key`: the same request again then books nothing twice.
    """
    key = intent_key()
    with writing(dry_run=query.dry_run), _named_as_sent():
        connection = connections.first_connection()
        if connection is None:
            raise Problem("unavailable", "There is no connection to an ad server.")
        values = _values(CampaignValues("", None), _sent(body, all_members=True))
        made = service.create_campaign(access.actor(), connection, values, key)
        written = Written(str(made.uuid), key, done=201)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


@operation(
    "PUT",
    "/campaigns/<uuid>",
    Declaration(
        Scope.WRITE,
        campaigns.TAG,
        "Change a campaign",
        {200: schemas.Campaign, 202: schemas.Campaign},
        query=WriteQuery,
        body=schemas.CampaignChange,
        errors=ERRORS | {"not_found", "changed_meanwhile"},
        headers=frozenset({"Prefer", etags.MATCH}),
        answer_headers=verdicts.HEADERS,
    ),
)
def update_campaign(
    uuid: str, query: WriteQuery, body: schemas.CampaignChange
) -> ResponseReturnValue:
    """Change the members that are sent, and no others; `null` clears.

    With `If-Match` (the `ETag` of the campaign, or its `version` in quotes), a change that somebody
    else made since is not overwritten: the answer is 412 `changed_meanwhile`, and `changes` shows
    for each member what it was (`base`), what it is (`theirs`) and what you sent (`yours`). Members
    that only the others changed are there too: of these `yours` is what you had read, or `null`
    where `base_known` is false. Without `If-Match`, the last one wins in the members that are sent.

    The answer is 200 when the ad server has confirmed it, or nothing had to be told to it, else
    202 or 422 `refused`, as for a booking; `Prefer` works alike. Open conflicts in the changed
    members are settled by it.
    """
    key = intent_key()
    with writing(dry_run=query.dry_run), _named_as_sent():
        campaign = queries.get_campaign(uuid)
        service.lock(campaign)
        values = _values(values_of(editable(campaign)), _sent(body))
        if values.total_budget_minor is None and values.total_budget_currency:
            # To the service that is a campaign without a budget, which this one was already.
            raise InvalidInput({"total_budget_currency": refusals.NO_BUDGET})
        differences.check(campaign, values, etags.seen(), _groups(body))
        service.edit_campaign(access.actor(), campaign, values, campaign.version, key)
        written = Written(str(campaign.uuid), key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


@operation(
    "PUT",
    "/campaigns/<uuid>/archive",
    Declaration(
        Scope.WRITE,
        campaigns.TAG,
        "Archive a campaign, or bring it back",
        {200: schemas.Campaign},
        query=WriteQuery,
        body=schemas.Archiving,
        errors=frozenset({"not_found", "changed_meanwhile"}),
        headers=frozenset({etags.MATCH}),
        answer_headers=frozenset({"ETag"}),
    ),
)
def archive_campaign(uuid: str, query: WriteQuery, body: schemas.Archiving) -> ResponseReturnValue:
    """Hide a campaign from the daily list, or show it there again.

    This is kept here: the ad server has no archive and is not told. `If-Match` is heeded as in
    other changes.
    """
    archive = service.archive_campaign if body.archived else service.unarchive_campaign
    with writing(dry_run=query.dry_run):
        campaign = queries.get_campaign(uuid)
        service.lock(campaign)
        differences.check_archive(campaign, body.archived, etags.seen())
        archive(access.actor(), campaign)
        answer, etag = campaigns.read(uuid)
    response = jsonify(answer)
    response.set_etag(etag)
    return response


@contextmanager
def _named_as_sent() -> Iterator[None]:
    """Let the service's messages point at the members that the script sent."""
    try:
        yield
    except InvalidInput as problem:
        fields = {SENT_AS.get(name, name): words for name, words in problem.fields.items()}
        raise InvalidInput(fields) from None


def _sent(
    body: schemas.NewCampaign | schemas.CampaignChange, *, all_members: bool = False
) -> dict[str, Any]:
    return body.model_dump(exclude_unset=not all_members)


def _groups(body: schemas.CampaignChange) -> set[str]:
    """The groups that the members sent belong to."""
    return {GROUP_OF.get(name, name) for name in body.model_fields_set}


def _values(now: CampaignValues, sent: Mapping[str, Any]) -> CampaignValues:
    """What is there, changed by what was sent. Raises ``InvalidInput``."""
    columns: dict[str, Any] = {
        name: sent[name] for name in ("title", "copy_needed") if name in sent
    }
    columns |= {name: sent[name] or None for name in ("external_id", "notes") if name in sent}
    if "advertiser_id" in sent:
        columns["advertiser_id"] = int(sent["advertiser_id"])
    if "owner" in sent:
        columns["owner_id"] = _owner_id(sent["owner"])
    return replace(now, **columns, **_budget(now, sent))


def _budget(now: CampaignValues, sent: Mapping[str, Any]) -> dict[str, Any]:
    minor = sent.get("total_budget_cents", now.total_budget_minor)
    is_cleared = minor is None and sent.get("total_budget_currency") is None
    currency = sent.get("total_budget_currency", now.total_budget_currency)
    return {
        "total_budget_minor": minor,
        "total_budget_currency": None if is_cleared else currency,
    }


def _owner_id(email: str | None) -> int | None:
    if not email:
        return None
    owner = operators.operator_by_email(email)
    if owner is None:
        raise InvalidInput({"owner": "No operator has this e-mail address."})
    return owner.id
