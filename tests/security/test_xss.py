"""Hostile text in every stored field, on every page: it is read as text and makes nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests import factories
from tests.security.hostile import LONG, PAYLOADS, TAG, made_of_text, poison
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.markup import parse
from tests.support.pages import Form, Page
from webapp.auth.models import Operator
from webapp.bulk.models import BulkJob
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.notices.models import Notice

# How a text is put on a page is not up to the database.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FRAGMENT = {"HX-Request": "true"}
# Texts of people and of the ad server that pages must show, for else this proves nothing.
SHOWN = {
    "campaign.title",
    "campaign.external_id",
    "campaign.notes",
    "agency.name",
    "advertiser.name",
    "operator.email",
    "invitation.email",
    "saved_view.name",
    "connection.name",
    "connection.hold_reason",
    "connection.held_by",
    "bulk_job.message",
    "bulk_job.actor",
    "import_file.name",
    "operator_session.agent",
    "sync_run.problem",
    "change.last_error",
    "duplicate.marker",
    "notice.words",
}
# Arguments of lists: a search, an order, a filter by anything.
ARGUMENTS = (
    "q", "sort", "sort_by", "page", "per_page", "view", "about", "who", "kind", "source", "action",
    "state", "from", "to", "advertiser", "agency", "owner", "next", "list", "connection", "change",
)  # fmt: skip


@pytest.fixture
def admin(app: Flask, client: Client) -> tuple[Client, Operator]:
    person = factories.operator("admin")
    return signed_in(client, person), person


def enrich() -> dict[str, str]:
    """Records of every kind, each of which says something."""
    values = routes.values()
    connection = factories.the_connection()
    connection.held_at, connection.held_by = factories.SOME_DAY, "x"
    connection.hold_reason = connection.state_reason = "x"
    counts = {"campaigns": 1, "advertisers": 1, "looked_at": 1}
    connection.capabilities = {"label": "x", "unreadable": ["x"], **counts}
    campaign = factories.campaign(notes="x", external_id="x", booking_source="x")
    agency = factories.agency()
    campaign.advertiser_id = factories.advertiser(agency_id=agency.id).id
    factories.change(campaign, state="rejected", last_error="x", remote_request_id="x")
    factories.sync_run(state="failed", problem="x")
    for each in db.session.scalars(select(Campaign)):
        each.notes, each.external_id, each.advertiser_id = "x", "x", campaign.advertiser_id
    for job in db.session.scalars(select(BulkJob)):
        job.message, job.state = "x", "paused"
    now = utc_now()
    known = {"subject": "x", "words": "x", "link": "/", "opened_at": now, "seen_at": now}
    db.session.add(Notice(kind="late", **known))
    db.session.commit()
    return values


def addresses(app: Flask, values: dict[str, str]) -> Iterator[str]:
    for rule in routes.rules(app, "GET"):
        if not routes.takes_tokens(rule) and rule.endpoint != "static":
            yield routes.address(app, rule, values)


def shown_by(answer: TestResponse, path: str) -> str:
    """The text of an answer, having looked at what it is made of."""
    assert answer.status_code != 500, path
    if answer.mimetype != "text/html":
        # Whatever else it is, no browser may take it for a page.
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return ""
    if answer.location is not None:
        # The few words beside a redirect, which no browser shows.
        assert f"<{TAG}" not in answer.text
        return ""
    try:
        root = parse(answer.text)
    except AssertionError as error:
        raise AssertionError(f"{path}: {error}") from None
    assert list(made_of_text(root)) == [], path
    values = " ".join(v for each in root.walk() for v in each.attributes.values())
    return f"{root.text} {values}"


@ONE_DATABASE
@pytest.mark.parametrize("kind", PAYLOADS)
def test_stored_text_makes_nothing_on_any_page(
    app: Flask, admin: tuple[Client, Operator], kind: str
) -> None:
    client, _ = admin
    values = enrich()
    poison(PAYLOADS[kind])
    seen = ""
    for path in addresses(app, values):
        seen += shown_by(client.get(path), path)
        seen += shown_by(client.get(path, headers=FRAGMENT), path)
    assert PAYLOADS[kind][:20] in seen
    assert {place for place in SHOWN if f"{place}." in seen} == SHOWN


@ONE_DATABASE
@pytest.mark.parametrize("kind", PAYLOADS)
def test_arguments_of_an_address_make_nothing_on_any_page(
    app: Flask, admin: tuple[Client, Operator], kind: str
) -> None:
    client, _ = admin
    values, text = enrich(), PAYLOADS[kind]
    seen = ""
    for path in addresses(app, values):
        everything = dict.fromkeys(ARGUMENTS, text)
        for given in (everything, {"q": text}, {"q": f'title:"{text}" {text}:x'}):
            seen += shown_by(client.get(path, query_string=given), path)
    assert text[:20] in seen


@ONE_DATABASE
@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_is_typed_into_any_form_comes_back_as_text(
    app: Flask, admin: tuple[Client, Operator], kind: str
) -> None:
    client, _ = admin
    values, text = enrich(), PAYLOADS[kind]
    forms, seen = 0, ""
    for path in addresses(app, values):
        for form in forms_at(client, path):
            typed = hostile_values(form, text)
            if typed and "sign-out" not in form.action:
                forms += 1
                seen += shown_by(sent_with(client, form, typed), f"{form.action} of {path}")
    assert forms > 30
    assert text[:20] in seen


def forms_at(client: Client, path: str) -> list[Form]:
    answer = client.get(path)
    is_page = answer.status_code == 200 and answer.mimetype == "text/html"
    return Page(client, answer).forms if is_page else []


def sent_with(client: Client, form: Form, typed: dict[str, str | list[str]]) -> TestResponse:
    if form.method == "get":
        return client.get(form.action, query_string=typed)
    return client.post(form.action, data=typed, headers={"Referer": form.page_url})


def hostile_values(form: Form, text: str) -> dict[str, str | list[str]] | None:
    fields = form.element.all("input", "textarea", "select")
    typed = {
        each["name"]: text
        for each in fields
        if each.has("name")
        and (each.tag == "textarea" or each.get("type") not in ("hidden", "submit", "checkbox"))
    }
    return {**form.values, **typed} if typed else None


@ONE_DATABASE
def test_headers_and_addresses_that_nobody_knows_make_nothing(
    app: Flask, admin: tuple[Client, Operator]
) -> None:
    client, _ = admin
    hostile = {"User-Agent": LONG, "X-Request-ID": LONG, "Referer": f"http://localhost/{LONG}"}
    for path in (f"/{LONG}", f"/campaigns/{LONG}", f"/campaigns?q={LONG}", "/people", "/account"):
        shown_by(client.get(path, headers=hostile), path)
    answer = client.get("/", headers=hostile)
    assert "<" not in answer.headers.get("X-Request-ID", "")


@ONE_DATABASE
def test_a_browser_named_with_markup_is_shown_as_text(app: Flask, client: Client) -> None:
    person = factories.operator()
    page = Page(client, client.get("/sign-in"))
    (form,) = [each for each in page.forms if each.method == "post"]
    typed = {**form.values, "email": person.email, "password": factories.PASSWORD}
    client.post(form.action, data=typed, headers={"User-Agent": LONG})
    answer = client.get("/account")
    assert "<xss-made" not in answer.text
    assert "&lt;xss-made" in answer.text
    shown_by(answer, "/account")


def test_the_check_itself_finds_what_text_could_make() -> None:
    for bad in (LONG, f'<p title="{PAYLOADS["quotes"]}">x</p>', '<a href="javascript:xss()">x</a>'):
        try:
            found = list(made_of_text(parse(f"<main>{bad}</main>")))
        except AssertionError:
            # It does not even nest as our pages do.
            continue
        assert found
