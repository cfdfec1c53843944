"""Booking and editing in forms: what is saved, what is refused, and what is never lost."""

import threading

import pytest

from tests import factories
from tests.campaigns.form_work import BOOK, SAVE, edit_address, stored
from tests.support.client import signed_in
from tests.support.pages import get_page
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db


def test_booking_saves_the_campaign_and_its_change_and_shows_it(manager_client, manager):
    advertiser = factories.advertiser(name="Northwind")

    page = get_page(manager_client, "/campaigns/new").submit(
        BOOK,
        {
            "title": "  Café 東京  ",
            "advertiser_id": str(advertiser.id),
            "external_id": "IO-7",
            "total_budget": "5,000.50",
            "total_budget_currency": "USD",
            "copy_needed": "y",
        },
    )

    campaign = db.session.query(Campaign).one()
    assert page.h1 == "Café 東京"
    assert "on its way to Megaphone" in page.notices
    assert (campaign.title, campaign.external_id) == ("Café 東京", "IO-7")
    assert (campaign.total_budget_minor, campaign.total_budget_currency) == (500050, "USD")
    assert campaign.copy_needed
    change = db.session.query(Change).one()
    assert (change.kind, change.state, change.operator_id) == ("create", "ready", manager.id)
    event = db.session.query(AuditEvent).first()
    assert (event.actor, event.source) == ("manager@example.com", "web")
    assert event.request_id


def test_an_external_id_left_empty_is_made(manager_client):
    advertiser = factories.advertiser()

    get_page(manager_client, "/campaigns/new").submit(
        BOOK, {"title": "Spring", "advertiser_id": str(advertiser.id)}
    )

    assert db.session.query(Campaign).one().external_id.startswith("fd-")


def test_a_form_sent_twice_is_one_campaign_and_lands_on_the_same_page(manager_client):
    typed = {"title": "Spring", "advertiser_id": str(factories.advertiser().id)}
    form = get_page(manager_client, "/campaigns/new")

    first = form.submit(BOOK, typed)
    second = form.submit(BOOK, typed)

    assert first.url == second.url
    assert db.session.query(Campaign).count() == db.session.query(Change).count() == 1


def test_a_form_sent_twice_at_once_is_one_campaign(app, manager):
    advertiser = factories.advertiser()
    client = signed_in(app.test_client(), manager)
    form = get_page(client, "/campaigns/new").form(BOOK)
    data = form.values | {"title": "Spring", "advertiser_id": str(advertiser.id)}
    cookie = client.get_cookie("flightdeck").value
    start, found = threading.Barrier(2), []
    db.session.commit()

    def press():
        other = app.test_client()
        other.set_cookie("flightdeck", cookie)
        start.wait(60)
        found.append(other.post("/campaigns/new", data=data).headers.get("Location"))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(found) == 2
    assert found[0] == found[1] is not None
    assert db.session.query(Campaign).count() == 1


def test_the_key_of_a_form_with_other_values_books_nothing_more(manager_client):
    typed = {"title": "Spring", "advertiser_id": str(factories.advertiser().id)}
    form = get_page(manager_client, "/campaigns/new")
    form.submit(BOOK, typed)

    page = form.submit(BOOK, typed | {"title": "Summer"}, status=409)

    assert "sent before with other values" in page.notices
    assert page.form(BOOK).values["title"] == "Summer"
    assert page.follow("See the campaign that it booked").h1 == "Spring"
    assert db.session.query(Campaign).count() == 1


BAD_INPUT = [
    ({"title": ""}, "title", "Enter a title."),
    ({"title": "   "}, "title", "Enter a title."),
    ({"title": "x" * 1000}, "title", "The title has 1,000 characters; the most is 255."),
    ({"advertiser_id": ""}, "advertiser_id", "Pick an advertiser from the list."),
    ({"advertiser_id": "999999"}, "advertiser_id", "Pick an advertiser from the list."),
    ({"advertiser_id": "9" * 40}, "advertiser_id", "Pick an advertiser from the list."),
    ({"advertiser_id": "one"}, "advertiser_id", "Pick an advertiser from the list."),
    ({"external_id": "x" * 101}, "external_id", "The external ID has 101 characters"),
    ({"total_budget": "-5"}, "total_budget", "cannot be negative"),
    ({"total_budget": "99999999999999999"}, "total_budget", "too large"),
    ({"total_budget": "9" * 5000}, "total_budget", "too long"),
    ({"total_budget": "1E+500"}, "total_budget", "This is not an amount"),
    ({"total_budget": "NaN"}, "total_budget", "This is not an amount"),
    ({"total_budget": "1.234"}, "total_budget", "can be read two ways"),
    ({"total_budget": "12,50"}, "total_budget", "can be read two ways"),
    ({"total_budget": "5.001", "total_budget_currency": "JPY"}, "total_budget", "two ways"),
    ({"total_budget_currency": "XYZ"}, "total_budget_currency", "Pick a currency from the list."),
    ({"total_budget_currency": "$" * 90}, "total_budget_currency", "Pick a currency"),
    ({"total_budget_currency": ""}, "total_budget_currency", "Pick a currency for the budget."),
]


@pytest.mark.parametrize(("wrong", "field", "message"), BAD_INPUT)
def test_bad_input_is_told_at_its_field_and_kept(manager_client, wrong, field, message):
    advertiser = factories.advertiser()
    typed = {
        "title": "Spring",
        "advertiser_id": str(advertiser.id),
        "external_id": "IO-7",
        "total_budget": "5000",
        "total_budget_currency": "USD",
    } | wrong

    page = get_page(manager_client, "/campaigns/new").submit(BOOK, typed, status=422)

    assert list(page.errors) == [field]
    assert message in page.errors[field]
    assert page.title.startswith("Error: ")
    assert page.root.one(id="error-summary").one("a")["href"] == f"#{field}"
    kept = page.form(BOOK).values
    for name in ("title", "external_id", "total_budget"):
        assert kept[name] == typed[name].strip()
    assert db.session.query(Campaign).count() == 0


def test_every_wrong_field_is_told_at_once(manager_client):
    factories.connection()

    page = get_page(manager_client, "/campaigns/new").submit(
        BOOK, {"title": "", "external_id": "x" * 200}, status=422
    )

    assert set(page.errors) == {"title", "advertiser_id", "external_id"}
    assert "3 things to mend" in page.notices


def test_an_empty_budget_with_a_currency_is_no_budget(manager_client):
    typed = {
        "title": "Spring",
        "advertiser_id": str(factories.advertiser().id),
        "total_budget_currency": "USD",
    }

    get_page(manager_client, "/campaigns/new").submit(BOOK, typed)

    campaign = db.session.query(Campaign).one()
    assert (campaign.total_budget_minor, campaign.total_budget_currency) == (None, None)


def test_a_request_that_is_too_large_is_told_so(manager_client):
    factories.connection()
    page = get_page(manager_client, "/campaigns/new")

    answer = page.submit(BOOK, {"title": "x" * 2_000_000}, status=413)

    assert "too large" in answer.text


@pytest.mark.parametrize("path", ["/campaigns/new", "/campaigns/{}/edit"])
def test_a_viewer_gets_no_form(viewer_client, path):
    campaign = factories.campaign()

    assert viewer_client.get(path.format(campaign.uuid)).status_code == 403


@pytest.mark.parametrize("path", ["/campaigns/new", "/campaigns/{}/edit"])
def test_a_stranger_gets_no_form(client, path):
    campaign = factories.campaign()

    assert get_page(client, path.format(campaign.uuid)).h1 == "Sign in"


def test_booking_without_a_connection_says_what_is_missing(manager_client):
    page = get_page(manager_client, "/campaigns/new")

    assert "Megaphone is not connected yet" in page.text


def test_an_edit_changes_the_campaign_and_sends_only_what_was_typed(manager_client):
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"), external_id="IO-7")

    page = get_page(manager_client, edit_address(campaign)).submit(SAVE, {"total_budget": "5000"})

    assert page.h1 == "Spring"
    assert "Waiting, sends in a moment" in page.text
    assert "budget: from USD 4,500.00 to USD 5,000.00" in page.text
    assert stored(campaign).total_budget_minor == 500000
    assert db.session.query(Change).one().fields == ["budget"]


def test_saving_nothing_new_sends_nothing(manager_client):
    campaign = factories.campaign(budget=(123456, "KWD"), external_id=None, copy_needed=True)

    get_page(manager_client, edit_address(campaign)).submit(SAVE)

    assert db.session.query(Change).count() == 0
    assert stored(campaign).version == 1


def test_an_edit_returns_to_the_list_it_came_from(manager_client):
    campaign = factories.campaign(title="Spring")
    back = "/campaigns?q=spring&sort=title"

    page = get_page(manager_client, f"{edit_address(campaign)}?back={back.replace('&', '%26')}")
    page = page.submit(SAVE, {"title": "Spring again"})

    assert page.url == back
    assert page.rows[0][0] == "Spring again"


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "x"])
def test_nobody_is_sent_elsewhere_after_an_edit(manager_client, target):
    campaign = factories.campaign(title="Spring")

    page = get_page(manager_client, f"{edit_address(campaign)}?back={target}")

    assert "elsewhere" not in page.main.one("form").one("div", **{"class": "actions"}).text
    assert page.submit(SAVE, {"title": "New"}).url == f"/campaigns/{campaign.uuid}"


@pytest.mark.parametrize(
    "values",
    [
        {"title": "x" * 400},
        {"title": "Two\nlines"},
        {"title": " blanks around "},
        {"title": "invisible \u200e\x07 signs"},
        {"external_id": "y" * 300},
        {"external_id": " blank "},
        {"advertiser_id": None},
        {"budget": (500000, None)},
        {"budget": (500000, "XAU")},
        {"budget": (7, "JPY")},
    ],
)
def test_what_megaphone_sent_stays_as_it_is_when_something_else_is_edited(manager_client, values):
    campaign = factories.campaign(**values)
    before = {name: getattr(campaign, name) for name in ("title", "external_id", "advertiser_id")}
    budget = (campaign.total_budget_minor, campaign.total_budget_currency)

    get_page(manager_client, edit_address(campaign)).submit(SAVE, {"copy_needed": "y"})

    after = stored(campaign)
    assert db.session.query(Change).one().fields == ["copy_needed"]
    assert {name: getattr(after, name) for name in before} == before
    assert (after.total_budget_minor, after.total_budget_currency) == budget


def test_an_advertiser_that_is_no_longer_listed_can_be_kept(manager_client):
    old = factories.connection(state="detached")
    advertiser = factories.advertiser(name="Gone", connection_id=old.id)
    factories.connection()
    campaign = factories.campaign(connection_id=old.id, advertiser_id=advertiser.id)

    page = get_page(manager_client, edit_address(campaign))

    assert page.form(SAVE).values["advertiser_id"] == str(advertiser.id)


def test_a_refused_edit_can_be_mended(manager_client):
    campaign = factories.campaign(title="Spring", sync_state="refused")
    factories.change(campaign, state="rejected", last_error="The title is taken.")

    page = get_page(manager_client, edit_address(campaign)).submit(SAVE, {"title": "Other"})

    assert "Waiting, sends in a moment" in page.text


def test_markup_in_a_title_is_only_text(manager_client):
    title = '<script>alert("x")</script>'
    campaign = factories.campaign(title=title)

    page = get_page(manager_client, f"/campaigns/{campaign.uuid}")

    assert page.h1 == title
    assert get_page(manager_client, edit_address(campaign)).form(SAVE).values["title"] == title


def test_a_new_campaign_is_the_booker_s_own_and_notes_keep_their_lines(manager_client, manager):
    advertiser = factories.advertiser()

    page = get_page(manager_client, "/campaigns/new").submit(
        BOOK,
        {
            "title": "Spring",
            "advertiser_id": str(advertiser.id),
            "notes": "Call first\r\nthen book",
        },
    )

    campaign = db.session.query(Campaign).one()
    assert (campaign.owner_id, campaign.notes) == (manager.id, "Call first\nthen book")
    assert "Owner manager@example.com" in page.text
    assert "Notes Call first then book" in page.text


def test_notes_and_owner_alone_are_saved_here_and_nothing_is_sent(manager_client):
    other = factories.operator(email="other@example.com")
    campaign = factories.campaign(notes="Old")

    page = get_page(manager_client, edit_address(campaign)).submit(
        SAVE, {"owner_id": str(other.id), "notes": ""}
    )

    after = stored(campaign)
    assert (after.owner_id, after.notes, after.sync_state) == (other.id, None, "confirmed")
    assert db.session.query(Change).count() == 0
    assert "nothing new to send" in page.notices
