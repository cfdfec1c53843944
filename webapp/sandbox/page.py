"""The stand-in's own pages: what Megaphone's people would see and change in their tab.

Plain forms without scripts. Faults and the rate limit do not reach these pages.
"""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webapp.core.money import CURRENCIES, format_amount
from webapp.sandbox import page_form, rules, vendor, writes
from webapp.sandbox.guard import refuse_other_sites
from webapp.sandbox.paging import read_number
from webapp.sandbox.records import Record
from webapp.sandbox.standin import here

blueprint = Blueprint("page", __name__)
blueprint.before_request(refuse_other_sites)

PAGE_SIZE = 50
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
NOTES = {
    "created": "Campaign created.",
    "saved": "Changes saved.",
    "deleted": "Campaign deleted.",
    "renamed": "Advertiser renamed.",
}


@blueprint.after_request
def protect(answer: Response) -> Response:
    """No scripts, no frames, nothing kept by the browser."""
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "same-origin"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/")
def campaigns() -> str:
    return _list_page("campaigns")


@blueprint.get("/advertisers")
def advertisers() -> str:
    return _list_page("advertisers")


def _list_page(kind: str) -> str:
    text = request.args.get("search", "").strip()[:200]
    page = read_number(request.args.get("page"), 1, 10**6)
    found, total = here().state.search(kind, text, (page - 1) * PAGE_SIZE, PAGE_SIZE)
    return render_template(
        f"{kind}.html",
        found=found,
        total=total,
        search=text,
        page=page,
        last_page=max(1, -(-total // PAGE_SIZE)),
        agencies=_agency_names() if kind == "advertisers" else {},
        note=_note(),
    )


@blueprint.get("/campaigns/new")
def new_campaign() -> str:
    return _form_page(None, page_form.blank(), {})


@blueprint.post("/campaigns/new")
def create_campaign() -> AnyResponse | tuple[str, int]:
    state = here().state
    typed = request.form.to_dict()
    values, problems = page_form.read(typed)
    with state.transaction():
        problems = page_form.flatten(rules.check_new(values, _advertiser_exists)) | problems
        if not problems:
            created = writes.create_campaign(state, values, vendor.origin("POST", request.path))
    if problems:
        return _form_page(None, typed, problems), 422
    return _back_to("page.campaign", "created", campaign_id=created["id"])


@blueprint.get("/campaigns/<campaign_id>")
def campaign(campaign_id: str) -> str:
    found = _load("campaigns", campaign_id)
    return _form_page(found, page_form.fill(found), {})


@blueprint.post("/campaigns/<campaign_id>")
def edit_campaign(campaign_id: str) -> AnyResponse | tuple[str, int]:
    state = here().state
    typed = request.form.to_dict()
    values, problems = page_form.read(typed)
    with state.transaction():
        found = _load("campaigns", campaign_id)
        problems = (
            page_form.flatten(rules.check_changes(found, values, _advertiser_exists)) | problems
        )
        if not problems:
            writes.update_campaign(state, found, values, vendor.origin("PUT", request.path))
    if problems:
        return _form_page(found, typed, problems), 422
    return _back_to("page.campaign", "saved", campaign_id=campaign_id)


@blueprint.post("/campaigns/<campaign_id>/delete")
def delete_campaign(campaign_id: str) -> AnyResponse:
    state = here().state
    with state.transaction():
        found = _load("campaigns", campaign_id)
        writes.delete_campaign(state, found, vendor.origin("DELETE", request.path))
    return _back_to("page.campaigns", "deleted")


@blueprint.get("/advertisers/<advertiser_id>")
def advertiser(advertiser_id: str) -> str:
    found = _load("advertisers", advertiser_id)
    return _advertiser_page(found, found["name"], None)


@blueprint.post("/advertisers/<advertiser_id>")
def rename_advertiser(advertiser_id: str) -> AnyResponse | tuple[str, int]:
    state = here().state
    name = request.form.get("name", "").strip()
    problem = rules.check_name(name)
    with state.transaction():
        found = _load("advertisers", advertiser_id)
        if not problem:
            writes.rename_advertiser(state, found, name, vendor.origin("PUT", request.path))
    if problem:
        return _advertiser_page(found, name, f"The name {problem}."), 422
    return _back_to("page.advertisers", "renamed", search=name)


def _advertiser_page(found: Record, typed: str, problem: str | None) -> str:
    agency = _agency_names().get(found["agencyId"])
    return render_template(
        "advertiser.html", advertiser=found, agency=agency, typed=typed, problem=problem
    )


def _form_page(found: Record | None, typed: dict[str, str], problems: dict[str, str]) -> str:
    sellers = [] if found else _advertiser_choices()
    codes = sorted({*CURRENCIES, typed.get("currency", "")} - {""})
    return render_template(
        "campaign.html",
        campaign=found,
        typed=typed,
        problems=problems,
        currencies=codes,
        advertisers=sellers,
        note=_note(),
    )


def _advertiser_choices() -> list[tuple[str, str]]:
    state = here().state
    names = _agency_names()
    found = state.records_at(state.positions("advertisers"))
    labels = [
        (each["id"], f"{each['name']} ({names.get(each['agencyId'], 'no agency')})")
        for each in found
    ]
    return sorted(labels, key=lambda pair: pair[1].casefold())


def _agency_names() -> dict[str, str]:
    state = here().state
    return {each["id"]: each["name"] for each in state.records_at(state.positions("agencies"))}


def _advertiser_exists(advertiser_id: str) -> bool:
    return here().state.find("advertisers", advertiser_id) is not None


def _load(kind: str, record_id: str) -> Record:
    found = here().state.find(kind, record_id)
    if found is None:
        abort(404)
    return found


def _note() -> str | None:
    return NOTES.get(request.args.get("done", ""))


def _back_to(endpoint: str, done: str, **values: Any) -> AnyResponse:
    return redirect(url_for(endpoint, done=done, **values), 303)


@blueprint.app_template_filter("amount")
def amount(minor: int | None, currency: str | None) -> str:
    """Minor units for people; a dash for none."""
    return "–" if minor is None else format_amount(minor, currency or "USD")


@blueprint.app_template_filter("moment")
def moment(timestamp: str) -> str:
    """``2025-03-27T13:56:42.529Z`` as ``2025-03-27 13:56:42``; the page says that all is UTC."""
    return timestamp[:19].replace("T", " ")


@blueprint.app_errorhandler(404)
def not_found(_: Exception) -> tuple[str, int]:
    return render_template("not_found.html"), 404
