"""The v1 paths: campaigns, advertisers and agencies of the one organisation.

``gate`` has let the request in (token, rate, faults, organisation) before a view runs.
"""

import json
from typing import Any

from flask import Blueprint, Response, g, request

from webapp.sandbox import answers, faulty_lists, gate, rules, writes
from webapp.sandbox.paging import Listing, read_listing
from webapp.sandbox.records import Record, dump, parse
from webapp.sandbox.standin import here

blueprint = Blueprint("api", __name__, url_prefix="/api")
blueprint.url_value_preprocessor(gate.take_organization)
blueprint.before_request(gate.admit)
blueprint.after_request(gate.release)

ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
OWN = "/organizations/<organization>"


@blueprint.get(f"{OWN}/<any(campaigns, agencies):kind>")
def list_records(kind: str) -> Response:
    return _list_answer(_listing(kind))


@blueprint.get(f"{OWN}/advertisers")
def list_advertisers() -> Response:
    listing = _listing("advertisers")
    shape = here().settings.agency_in_advertiser
    if shape != "id":
        listing.rows = [_with_agency(parse(row), shape) for row in listing.rows]
    return _list_answer(listing)


def _listing(kind: str) -> Listing:
    state = here().state
    # Rails underscores the names of parameters, and repeats them so in its links.
    arguments = {rules.snake(name): values[-1] for name, values in request.args.lists()}
    listing = read_listing(request.base_url, arguments)
    listing.total = state.total(kind)
    listing.rows = state.page(kind, listing.offset, listing.per_page)
    listing.fill_links()
    faulty_lists.disturb(listing, kind, state, g.faults)
    return listing


def _list_answer(listing: Listing) -> Response:
    answer = answers.text_answer(f"[{','.join(listing.rows)}]")
    answer.headers.update(listing.headers())
    return answer


def _with_agency(advertiser: Record, shape: str) -> str:
    agency_id = advertiser["agencyId"]
    agency = here().state.find("agencies", agency_id) if agency_id else None
    embedded = {"id": agency["id"], "name": agency["name"]} if agency else None
    if shape == "embedded":
        del advertiser["agencyId"]
    return dump(advertiser | {"agency": embedded})


@blueprint.get(f"{OWN}/campaigns/<campaign_id>")
def get_campaign(campaign_id: str) -> Response:
    campaign = here().state.find("campaigns", campaign_id)
    return _hidden(campaign_id) or (
        answers.json_answer(campaign) if campaign else answers.error(404)
    )


@blueprint.post(f"{OWN}/campaigns")
def create_campaign() -> Response:
    standin = here()
    values = _read_values()
    if values is None:
        return answers.error(400)
    with standin.state.transaction():
        errors = rules.check_new(values, _advertiser_exists) or _taken(values, None)
        if errors:
            return answers.invalid(errors, standin.settings.validation_shape)
        campaign = writes.create_campaign(standin.state, values, _origin())
    return answers.json_answer(campaign, standin.settings.post_status)


@blueprint.put(f"{OWN}/campaigns/<campaign_id>")
def update_campaign(campaign_id: str) -> Response:
    standin = here()
    values = _read_values()
    if values is None:
        return answers.error(400)
    with standin.state.transaction():
        campaign = standin.state.find("campaigns", campaign_id)
        refused = _hidden(campaign_id)
        if refused or campaign is None:
            return refused or answers.error(404)
        errors = rules.check_changes(campaign, values, _advertiser_exists) or _taken(
            values, campaign_id
        )
        if errors:
            return answers.invalid(errors, standin.settings.validation_shape)
        campaign = writes.update_campaign(standin.state, campaign, values, _origin())
    return answers.json_answer(campaign)


@blueprint.delete(f"{OWN}/campaigns/<campaign_id>")
def delete_campaign(campaign_id: str) -> Response:
    standin = here()
    with standin.state.transaction():
        campaign = standin.state.find("campaigns", campaign_id)
        refused = _hidden(campaign_id)
        if refused or campaign is None:
            return refused or answers.error(404)
        writes.delete_campaign(standin.state, campaign, _origin())
    if standin.settings.delete_status == 204:
        return Response(status=204)
    return answers.json_answer({"success": "Campaign deleted"})


@blueprint.route("/", defaults={"rest": ""}, methods=ALL_METHODS)
@blueprint.route("/<path:rest>", methods=ALL_METHODS)
def unknown() -> Response:
    return answers.error(404)


def _hidden(campaign_id: str) -> Response | None:
    hidden = faulty_lists.is_hidden(campaign_id.lower(), g.faults)
    return answers.error(403) if hidden else None


def _advertiser_exists(advertiser_id: str) -> bool:
    return here().state.find("advertisers", advertiser_id) is not None


def _read_values() -> Record | None:
    try:
        body: Any = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    values = rules.read_members(body, rules.WRITABLE, snake_case=here().settings.snake_case)
    if isinstance(values.get("advertiserId"), str):
        values["advertiserId"] = values["advertiserId"].lower()
    return rules.external_id_as_kept(values, here().settings.external_id)


def _taken(values: Record, own_id: str | None) -> rules.Errors:
    """The refusal of an external id that another campaign has, where they must differ."""
    external_id = values.get("externalId")
    if here().settings.external_id != "unique" or external_id is None:
        return {}
    holder = here().state.holder_of(external_id)
    is_free = holder is None or holder == (own_id or "").lower()
    return {} if is_free else {"externalId": ["has already been taken"]}


def _origin() -> writes.Origin:
    body = request.get_data().decode("utf-8", "replace")
    return writes.Origin("api", request.method, request.path, g.request_id, body)
