"""Settling by hand what nothing moves on by itself."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.campaigns.fields import GROUPS, snapshot
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db


def lost_booking(**values):
    """A booking whose answer was lost, and that could not be found since."""
    owner = factories.campaign(title="Spring", waiting=True, budget=(450_000, "USD"))
    owner.sync_state, owner.marker = "parked", "fd-bcdfghjkmn"
    defaults = {
        "state": "parked",
        "fields": list(GROUPS),
        "sent_payload": snapshot(owner),
        "sent_at": utc_now() - timedelta(hours=1),
        "attempts": 1,
        "last_error": "It was never listed.",
    }
    return owner, factories.change(owner, **defaults | values)


def gone():
    owner = factories.campaign(title="Spring", sync_state="parked", budget=(450_000, "USD"))
    change = factories.change(owner, state="parked", last_status=404, error_code="not_found")
    return owner, change


def never_sent():
    owner = factories.campaign(title="Spring", sync_state="parked", budget=(450_000, "USD"))
    owner.total_budget_minor = 500_000
    sides = {"before": {"budget": [450_000, "USD"]}, "after": {"budget": [500_000, "USD"]}}
    change = factories.change(
        owner,
        state="parked",
        fields=["budget"],
        error_code="unreachable",
        last_error="Megaphone could not be reached.",
        **sides,
    )
    return owner, change


def look(client, owner):
    return get_page(client, f"/changes/parked/{owner.uuid}")


def steps(client):
    links = get_page(client, "/needs-you").main.all("a")
    return [link["aria-label"] for link in links if link.has("aria-label")]


def crumb(page):
    link = page.main.one("nav", **{"aria-label": "Breadcrumb"}).all("a")[0]
    return link.text, link["href"]


def state(change):
    return db.session.get_one(Change, change.id).state


def test_a_lost_booking_is_looked_for_once_more(manager_client):
    owner, change = lost_booking()

    page = look(manager_client, owner)
    assert page.h1 == "It is not known whether Spring was booked in Megaphone"
    assert "fd-bcdfghjkmn" in page.text
    page.submit("Find out")

    assert state(change) == "settling"
    assert db.session.get_one(Campaign, owner.id).sync_state == "checking"


def test_a_lost_booking_is_linked_to_the_record_that_it_is(manager_client):
    owner, change = lost_booking()
    found = factories.campaign(
        title="Spring",
        advertiser_id=owner.advertiser_id,
        budget=(450_000, "USD"),
        remote_created_at=utc_now() - timedelta(minutes=59),
    )
    remote_id = found.remote_id

    page = look(manager_client, owner)
    assert page.rows[0][0] == "Spring"
    page.submit("This is it: link")

    assert db.session.get_one(Campaign, owner.id).remote_id == remote_id
    assert state(change) == "applied"
    assert db.session.query(Campaign).count() == 1


def test_a_booking_that_nothing_looks_like_says_so(viewer_client):
    owner, _ = lost_booking()
    factories.campaign(title="Something else")

    page = look(viewer_client, owner)

    assert "Nothing that was read from Megaphone looks like it." in page.text
    assert page.main.all("button") == []


def test_a_lost_booking_is_booked_again_by_someone_who_looked(manager_client):
    owner, change = lost_booking()

    look(manager_client, owner).submit("I looked, it is not there: book it again")

    assert state(change) == "superseded"
    assert db.session.query(Change).filter_by(campaign_id=owner.id, state="ready").count() == 1


@pytest.mark.parametrize(
    ("make", "button", "words"),
    [
        (lost_booking, "I looked, it is not there: book it again", "no longer in doubt"),
        (never_sent, "Send it after all", "Nothing was given up here any more."),
    ],
)
def test_a_button_pressed_twice_sends_once(manager_client, make, button, words):
    owner, _ = make()
    page = look(manager_client, owner)

    page.submit(button)
    again = page.submit(button)

    assert words in again.notices
    assert db.session.query(Change).filter_by(campaign_id=owner.id, state="ready").count() == 1


def test_a_booking_that_megaphone_has_as_another_campaign_here_is_never_booked_again(
    manager_client,
):
    owner, change = lost_booking(
        error_code="made_there", last_error="Someone has worked on that one."
    )

    page = look(manager_client, owner)

    assert page.h1 == "Megaphone has Spring already, as another campaign here"
    assert "it would run twice" in page.text
    assert [button.text for button in page.main.all("button")] == ["Archive this entry"]
    assert steps(manager_client) == ["Settle it: Spring"]
    manager_client.application.config["WTF_CSRF_ENABLED"] = False
    for address, verb in (
        (f"/changes/parked/{owner.uuid}", "book-again"),
        (f"/changes/parked/{owner.uuid}", "find-out"),
        (f"/campaigns/{owner.uuid}/book-again", ""),
    ):
        manager_client.post(address, data={"verb": verb})
        assert state(change) == "parked"
    assert db.session.query(Change).count() == 1


def test_one_of_two_entries_of_a_booking_is_put_away(manager_client):
    owner, _ = lost_booking(error_code="made_there")

    page = look(manager_client, owner).submit("Archive this entry")

    assert "Go on with the other one." in page.notices
    assert db.session.get_one(Campaign, owner.id).archived_at
    assert steps(manager_client) == []
    shown = get_page(manager_client, f"/campaigns/{owner.uuid}")
    assert "Parked" in shown.text
    assert "Needs you" not in shown.text
    assert "See what can be done" not in shown.links
    rows = get_page(manager_client, "/campaigns?archived=archived").rows
    assert [row for row in rows if "Parked" in row]


def test_the_way_back_leads_to_where_one_came_from(manager_client):
    lost_booking()

    page = get_page(manager_client, "/changes?state=needs-you").follow("Settle it")
    assert crumb(page) == ("Changes", "/changes?state=needs-you")
    assert page.submit("Find out").url == "/changes?state=needs-you"

    lost_booking()
    page = get_page(manager_client, "/needs-you").follow("Find out")
    assert crumb(page) == ("Needs you", "/needs-you")


def test_a_record_that_is_gone_is_booked_anew(manager_client):
    owner, _ = gone()

    look(manager_client, owner).submit("Book it anew in Megaphone")

    owner = db.session.get_one(Campaign, owner.id)
    assert owner.remote_id is None
    assert db.session.query(Change).filter_by(campaign_id=owner.id, state="ready").one().kind == (
        "create"
    )


def test_a_record_that_is_gone_is_kept_here_only(manager_client):
    owner, change = gone()

    look(manager_client, owner).submit("Keep it here only")

    assert db.session.get_one(Campaign, owner.id).archived_at
    assert state(change) == "cancelled"


def test_what_was_given_up_before_it_was_sent_goes_out_after_all(manager_client):
    owner, change = never_sent()

    page = look(manager_client, owner)
    assert "Nothing of it reached Megaphone." in page.text
    page.submit("Send it after all")

    assert state(change) == "superseded"
    again = db.session.query(Change).filter_by(campaign_id=owner.id, state="ready").one()
    assert (again.kind, again.fields) == ("update", ["budget"])
    assert db.session.get_one(Campaign, owner.id).sync_state == "waiting"


def test_what_may_have_arrived_is_never_offered_to_be_sent_after_all(manager_client):
    owner, change = never_sent()
    change.sent_payload = {"budget": [500_000, "USD"]}

    page = look(manager_client, owner)

    assert [button.text for button in page.main.all("button")] == ["Find out"]
    manager_client.application.config["WTF_CSRF_ENABLED"] = False
    manager_client.post(f"/changes/parked/{owner.uuid}", data={"verb": "send-again"})
    assert state(change) == "parked"
    assert db.session.query(Change).count() == 1


def test_what_has_moved_on_says_so(manager_client):
    owner = factories.campaign(title="Spring")

    assert look(manager_client, owner).h1 == "Nothing of Spring has to be settled"


@pytest.mark.parametrize("form", [{}, {"verb": "odd"}, {"verb": "link", "candidate": "x"}])
def test_an_answer_that_says_nothing_changes_nothing(manager_client, form):
    manager_client.application.config["WTF_CSRF_ENABLED"] = False
    owner, change = lost_booking()

    answer = manager_client.post(f"/changes/parked/{owner.uuid}", data=form)

    assert "Choose" in get_page(manager_client, answer.headers["Location"]).notices
    assert state(change) == "parked"
