"""Advertisers found while their name is typed, and how a form offers them without scripts."""

import pytest

from tests import factories
from tests.campaigns.form_work import BOOK, SAVE, edit_address, stored
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.advertisers import queries
from webapp.campaigns import offers
from webapp.campaigns.models import Campaign
from webapp.connections.models import DETACHED
from webapp.core.db import db


def found(text: str) -> list[str]:
    return [words for _, words in queries.suggest(text)]


def test_names_that_begin_so_come_first_and_agencies_count(db_session) -> None:
    agency = factories.agency(name="Acme Media")
    for name in ("Zebra", "The Acme Shop", "Acme Tools"):
        factories.advertiser(name=name, agency_id=agency.id if name == "Zebra" else None)
    factories.advertiser(name="Other", agency_id=None)

    assert found("acme") == ["Acme Tools", "The Acme Shop", "Zebra – Acme Media"]
    assert found("ÁCME sh") == ["The Acme Shop"]
    assert found("xyzzy") == []
    assert len(found("")) == 4


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", '"', "\x00", "x" * 300, "  "])
def test_whatever_is_typed_is_answered(manager_client, text: str) -> None:
    factories.advertiser(name="100% Juice")
    answer = manager_client.get("/advertisers/suggest", query_string={"q": text})
    assert answer.status_code == 200
    assert answer.text.count("<li") == 1


def test_at_most_twenty_are_suggested_in_few_statements(db_session) -> None:
    for number in range(30):
        factories.advertiser(name=f"Acme {number:02}")
    with count_statements() as statements:
        assert len(found("acme")) == 20
    assert len(statements) <= 2


def test_an_advertiser_that_cannot_be_booked_is_not_suggested(db_session) -> None:
    gone = factories.connection()
    factories.advertiser(name="Gone", connection_id=gone.id)
    gone.state = DETACHED
    db_session.flush()
    assert found("gone") == []


def test_markup_in_a_name_is_only_text(viewer_client) -> None:
    factories.advertiser(name="<b>Acme</b>")
    answer = viewer_client.get("/advertisers/suggest?q=acme")
    assert "&lt;b&gt;Acme&lt;/b&gt;" in answer.text


def offered(page: Page, button: str = BOOK) -> list[str]:
    select = page.form(button).element.one("select", name="advertiser_id")
    return [option.text for option in select.all("option")][1:]


def find(page: Page, words: str, button: str = BOOK) -> Page:
    """Press the button that only searches."""
    form = page.form(button)
    assert "Find" in form.buttons
    data = form.values | {"advertiser_search": words, "again": "find"}
    return Page(page.client, page.client.post(form.action, data=data))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch, db_session) -> list[str]:
    """More advertisers than a list shows."""
    monkeypatch.setattr(offers, "MOST_LISTED", 3)
    names = ["Acme", "Acorn", "Birch", "Cedar"]
    return [factories.advertiser(name=name, agency_id=None).name for name in names]


def test_few_advertisers_are_a_plain_list(manager_client) -> None:
    factories.advertiser(name="Acme", agency_id=None)
    page = get_page(manager_client, "/campaigns/new")
    assert offered(page) == ["Acme"]
    assert "Find" not in page.form(BOOK).buttons


def test_very_many_are_found_first_and_then_picked_without_scripts(manager_client, many) -> None:
    page = get_page(manager_client, "/campaigns/new")
    assert offered(page) == []
    page = page.submit(BOOK, {"title": "Spring", "advertiser_search": "ac"}, status=422)
    assert list(page.errors) == ["advertiser_id"]
    # What was searched for is picked from at once.
    assert offered(page) == ["Acme", "Acorn"]

    page = find(page, "birch")
    assert page.status == 200
    assert page.form(BOOK).values["title"] == "Spring"
    assert offered(page) == ["Birch"]
    picked = page.form(BOOK).element.one("select", name="advertiser_id").all("option")[1]["value"]
    page = page.submit(BOOK, {"advertiser_id": picked})

    assert page.h1 == "Spring"
    assert "Birch" in page.text
    assert db.session.query(Campaign).count() == 1


def test_what_was_picked_stays_picked_while_others_are_searched_for(manager_client, many) -> None:
    page = find(get_page(manager_client, "/campaigns/new"), "birch")
    form = page.form(BOOK)
    chosen = form.element.one("select", name="advertiser_id").all("option")[1]["value"]
    data = form.values | {"advertiser_id": chosen, "advertiser_search": "ac", "again": "find"}

    page = Page(page.client, page.client.post(form.action, data=data))

    assert page.form(BOOK).values["advertiser_id"] == chosen
    assert offered(page) == ["Acme", "Acorn", "Birch"]


def test_a_campaign_s_own_advertiser_is_offered_among_very_many(manager_client, many) -> None:
    campaign = factories.campaign(title="Spring")
    page = get_page(manager_client, edit_address(campaign))
    assert page.form(SAVE).values["advertiser_id"] == str(campaign.advertiser_id)
    page.submit(SAVE, {"title": "Summer"})
    assert stored(campaign).title == "Summer"
