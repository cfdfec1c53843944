"""The vendor's side of the control endpoint: records written as if by Megaphone."""

from dataclasses import asdict

from flask import Blueprint, Response, request

from webapp.sandbox import rules, vendor, writes
from webapp.sandbox.answers import error, json_answer
from webapp.sandbox.control_input import BadRequest, counts, read_object
from webapp.sandbox.paging import read_number
from webapp.sandbox.records import Record
from webapp.sandbox.standin import here

blueprint = Blueprint("vendor", __name__)

PAGE_SIZE = 100
SETTABLE = (*rules.WRITABLE, *rules.VENDOR_ONLY)


@blueprint.get("/<any(campaigns, advertisers, agencies):kind>")
def list_records(kind: str) -> Response:
    page = read_number(request.args.get("page"), 1, 10**6)
    text = request.args.get("search", "")
    found, total = here().state.search(kind, text, (page - 1) * PAGE_SIZE, PAGE_SIZE)
    return json_answer({kind: found, "total": total})


@blueprint.get("/<any(campaigns, advertisers, agencies):kind>/<record_id>")
def read_record(kind: str, record_id: str) -> Response:
    found = here().state.find(kind, record_id)
    return json_answer(found) if found else error(404, f"{kind} has no {record_id}.")


@blueprint.post("/campaigns")
def create_campaign() -> Response:
    state = here().state
    values = _read_values()
    with state.transaction():
        _raise_if(rules.check_new(values, _advertiser_exists))
        return json_answer(writes.create_campaign(state, values, _origin()), 201)


@blueprint.put("/campaigns/<campaign_id>")
def update_campaign(campaign_id: str) -> Response:
    state = here().state
    values = _read_values()
    with state.transaction():
        campaign = state.find("campaigns", campaign_id)
        if campaign is None:
            return error(404, f"campaigns has no {campaign_id}.")
        _raise_if(rules.check_changes(campaign, values, _advertiser_exists))
        return json_answer(writes.update_campaign(state, campaign, values, _origin()))


@blueprint.delete("/campaigns/<campaign_id>")
def delete_campaign(campaign_id: str) -> Response:
    state = here().state
    with state.transaction():
        campaign = state.find("campaigns", campaign_id)
        if campaign is None:
            return error(404, f"campaigns has no {campaign_id}.")
        writes.delete_campaign(state, campaign, _origin())
    return json_answer({"deleted": campaign["id"]})


@blueprint.post("/advertisers")
def create_advertiser() -> Response:
    state = here().state
    body = read_object()
    name, agency_id = _name(body), body.get("agencyId")
    with state.transaction():
        if agency_id is not None and not state.find("agencies", str(agency_id)):
            raise BadRequest(f"There is no agency {agency_id!r}.")
        return json_answer(writes.create_advertiser(state, name, agency_id, _origin()), 201)


@blueprint.put("/advertisers/<advertiser_id>")
def rename_advertiser(advertiser_id: str) -> Response:
    state = here().state
    name = _name(read_object())
    with state.transaction():
        advertiser = state.find("advertisers", advertiser_id)
        if advertiser is None:
            return error(404, f"advertisers has no {advertiser_id}.")
        return json_answer(writes.rename_advertiser(state, advertiser, name, _origin()))


@blueprint.post("/churn")
def churn() -> Response:
    body = read_object()
    pick = body.pop("pick", "any")
    if pick not in ("newest", "any"):
        raise BadRequest("pick is newest or any.")
    wish = vendor.Churn(pick=pick, **counts(body, ("create", "edit", "delete", "seed")))
    return json_answer({"wish": asdict(wish), **vendor.churn(here().state, wish, request.path)})


def _read_values() -> Record:
    body = read_object()
    strangers = set(body) - set(SETTABLE)
    if strangers:
        raise BadRequest(f"{', '.join(sorted(strangers))} cannot be set. Can be: {list(SETTABLE)}.")
    return rules.read_members(body, SETTABLE, snake_case=False)


def _name(body: Record) -> str:
    name = body.get("name")
    problem = rules.check_name(name)
    if problem or not isinstance(name, str):
        raise BadRequest(f"name {problem}.")
    return name


def _raise_if(problems: rules.Errors) -> None:
    if problems:
        told = [f"{name} {text}" for name, texts in problems.items() for text in texts]
        raise BadRequest("; ".join(told) + ".")


def _advertiser_exists(advertiser_id: str) -> bool:
    return here().state.find("advertisers", advertiser_id) is not None


def _origin() -> writes.Origin:
    body = request.get_data().decode("utf-8", "replace")
    return vendor.origin(request.method, request.path, body)
