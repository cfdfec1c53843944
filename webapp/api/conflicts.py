"""Conflicts for scripts: what both sides changed, and settling it."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from webapp.advertisers import queries as advertisers
from webapp.api import access, cursors, verdicts
from webapp.api.ids import number_of
from webapp.api.keys import intent_key
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import campaigns as campaign_schemas
from webapp.api.schemas import conflicts as schemas
from webapp.api.schemas.base import WriteQuery
from webapp.api.serialize import FIELDS, Json, moment
from webapp.api.verdicts import Written
from webapp.api.writing import writing
from webapp.auth.permissions import Scope
from webapp.campaigns import decisions, queries
from webapp.campaigns.decisions import TYPED, Decision
from webapp.campaigns.fields import snapshot
from webapp.campaigns.models import Campaign, Conflict
from webapp.core.db import db
from webapp.core.errors import InvalidInput, StaleEdit
from webapp.web.problems import Problem

TAG = "Conflicts"
CHOICE_VALUE = "value"
SETTLED = "This conflict is settled already."
# What a value of each field group is in Python.
KINDS: Mapping[str, tuple[type, ...]] = {
    "title": (str,),
    "external_id": (str, type(None)),
    "copy_needed": (bool,),
    "advertiser": (str, int),
    "budget": (schemas.SentBudget, type(None)),
}


@operation(
    "GET",
    "/conflicts",
    Declaration(
        Scope.READ,
        TAG,
        "List open conflicts",
        {200: schemas.ConflictList},
        query=schemas.ConflictListQuery,
        errors=frozenset({"not_found"}),
    ),
)
def list_conflicts(query: schemas.ConflictListQuery) -> ResponseReturnValue:
    """Fields that were changed here and in the ad server to different values, the oldest first.

    While a conflict is open its field is not sent, and the campaign's `sync.state` is `conflict`.
    """
    uuid = None if query.campaign_id is None else queries.uuid_of(query.campaign_id)
    walk = "conflicts", query.campaign_id
    place = cursors.read(query.cursor or cursors.START, *walk)
    found = queries.all_open_conflicts(place[0] if place else 0, query.per_page + 1, uuid)
    shown = found[: query.per_page]
    names = advertisers.names_of(
        value
        for conflict, campaign in shown
        if conflict.field_group == "advertiser"
        for value in (conflict.base, campaign.advertiser_id, conflict.theirs)
    )
    last = [shown[-1][0].id] if len(found) > query.per_page else None
    meta = {"per_page": query.per_page, "next_cursor": cursors.write(last, *walk)}
    items = [_conflict(conflict, campaign, names) for conflict, campaign in shown]
    return jsonify({"items": items, "meta": meta})


@operation(
    "POST",
    "/conflicts/<conflict_id>/resolve",
    Declaration(
        Scope.WRITE,
        TAG,
        "Settle a conflict",
        {200: campaign_schemas.Campaign, 202: campaign_schemas.Campaign},
        query=WriteQuery,
        body=schemas.Resolution,
        errors=frozenset({"not_found", "clash", "refused", "unavailable"}),
        headers=frozenset({"Prefer"}),
        answer_headers=verdicts.HEADERS,
    ),
)
def resolve_conflict(
    conflict_id: str, query: WriteQuery, body: schemas.Resolution
) -> ResponseReturnValue:
    """Keep `ours`, which is then sent; take `theirs`; or set another `value`, which is sent.

    A conflict is drawn anew, with another id, when the ad server's value moves: what you settle is
    what you saw. The answer is the campaign, and waits as that of a change does.
    """
    key = intent_key()
    with writing(dry_run=query.dry_run):
        conflict = queries.get_conflict(number_of(conflict_id, "conflict"))
        if conflict.decided_at is not None and queries.change_by_key(key) is None:
            raise Problem("clash", SETTLED)
        campaign = db.session.get_one(Campaign, conflict.campaign_id)
        decision = _decision(conflict, campaign, body)
        try:
            decisions.decide(access.actor(), campaign, {conflict.field_group: decision}, key)
        except StaleEdit:
            raise Problem("clash", SETTLED) from None
        except InvalidInput as problem:
            raise InvalidInput({"value": " ".join(problem.fields.values())}) from None
        written = Written(str(campaign.uuid), key, done=200)
        answered = verdicts.respond(verdicts.at_once(written), written.uuid)
    return answered if query.dry_run else verdicts.settle(written)


def _decision(conflict: Conflict, campaign: Campaign, body: schemas.Resolution) -> Decision:
    ours = snapshot(campaign)[conflict.field_group]
    if body.choice != CHOICE_VALUE:
        return Decision(conflict.id, body.choice, ours)
    return Decision(conflict.id, TYPED, ours, _stored(conflict.field_group, body.value))


def _stored(group: str, value: Any) -> Any:
    """A value that was sent, as a snapshot has it. Raises ``InvalidInput``."""
    if not isinstance(value, KINDS[group]) or (group == "advertiser" and isinstance(value, bool)):
        raise InvalidInput({"value": f"This is no value for “{FIELDS[group]}”."})
    if isinstance(value, schemas.SentBudget):
        return [value.total_budget_cents, value.total_budget_currency]
    return number_of(str(value), "advertiser") if group == "advertiser" else value


def _conflict(conflict: Conflict, campaign: Campaign, names: Mapping[int, str]) -> Json:
    group = conflict.field_group
    sides = {
        "base": conflict.base,
        "ours": snapshot(campaign)[group],
        "theirs": conflict.theirs,
    }
    return {
        "id": str(conflict.id),
        "campaign": {"id": str(campaign.uuid), "title": campaign.title},
        "field": FIELDS[group],
        **{side: _value(group, value, names) for side, value in sides.items()},
        "seen_at": moment(conflict.seen_at),
    }


def _value(group: str, value: Any, names: Mapping[int, str]) -> Any:
    if value is None:
        return None
    if group == "budget":
        return {"total_budget_cents": value[0], "total_budget_currency": value[1]}
    if group == "advertiser":
        return {"id": str(value), "name": names.get(value)}
    return value
