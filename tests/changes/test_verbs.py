"""Holding, releasing, putting off, cancelling and finding out, by the buttons of the pages."""

from datetime import timedelta

import pytest

from tests import factories
from tests.changes.rows import press, press_bulk
from tests.support.pages import get_page
from webapp.campaigns.fields import snapshot
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db


def waiting(title="Spring", **values):
    """A campaign whose budget was raised here, and the change that waits."""
    owner = factories.campaign(title=title, budget=(450_000, "USD"), sync_state="waiting")
    owner.total_budget_minor = 500_000
    sides = {"before": {"budget": [450_000, "USD"]}, "after": {"budget": [500_000, "USD"]}}
    return factories.change(owner, **{"fields": ["budget"], **sides, **values})


def state(change):
    return db.session.get_one(Change, change.id).state


def test_a_change_is_held_and_released_from_its_row(manager_client):
    change = waiting()

    page = press(manager_client, get_page(manager_client, "/changes?q=spring"), "Spring", "Hold")

    assert state(change) == "held"
    assert "On hold until someone releases it." in page.notices
    assert page.url == "/changes?q=spring"
    page = press(manager_client, page, "Spring", "Release")
    assert state(change) == "ready"


def test_cancelling_brings_back_what_both_sides_agreed_on(manager_client):
    change = waiting()

    press(manager_client, get_page(manager_client, "/changes"), "Spring", "Cancel")

    assert state(change) == "cancelled"
    owner = db.session.get_one(Campaign, change.campaign_id)
    assert snapshot(owner)["budget"] == [450_000, "USD"]


def test_cancelling_a_booking_says_where_it_went(manager_client):
    owner = factories.campaign(title="Café", waiting=True)
    factories.change(owner)

    page = press(manager_client, get_page(manager_client, "/changes"), "Café", "Cancel")

    assert "the booking is in the archive" in page.notices
    assert db.session.get_one(Campaign, owner.id).archived_at


@pytest.mark.parametrize("words", ["Hold", "Cancel"])
def test_what_is_being_sent_already_is_too_late_and_left_alone(manager_client, words):
    change = waiting()
    page = get_page(manager_client, "/changes")
    change.state = "sent"

    answer = press(manager_client, page, "Spring", words)

    assert "It is too late" in answer.notices
    assert state(change) == "sent"


def test_a_second_press_changes_nothing_and_says_so(manager_client):
    change = waiting()
    page = get_page(manager_client, "/changes")

    press(manager_client, page, "Spring", "Cancel")
    answer = press(manager_client, page, "Spring", "Cancel")

    assert "cancelled already" in answer.notices
    assert state(change) == "cancelled"


def test_finding_out_has_the_worker_look_but_never_before_the_answer_can_be_trusted(
    manager_client,
):
    until = utc_now() + timedelta(minutes=1)
    change = waiting(state="settling", settle_until=until, next_attempt_at=until, attempts=1)

    page = press(manager_client, get_page(manager_client, "/changes"), "Spring", "Find out")

    assert "Megaphone is asked" in page.notices
    looked = db.session.get_one(Change, change.id)
    assert looked.settle_until == until
    assert looked.next_attempt_at < until


def test_no_button_says_try_again_while_the_outcome_is_unknown(manager_client):
    change = waiting(state="settling", settle_until=utc_now(), attempts=1)

    for path in ("/changes", f"/changes/{change.id}"):
        page = get_page(manager_client, path)
        words = [button.text for button in page.main.all("button")]
        assert "Find out" in words
        assert not [each for each in words if "again" in each.lower()]


def test_a_change_is_put_off_in_the_zone_of_the_pages(manager_client):
    change = waiting()
    page = get_page(manager_client, f"/changes/{change.id}")
    tomorrow = (utc_now() + timedelta(days=1)).strftime("%Y-%m-%dT09:30")

    page = page.submit("Send then", {"when": tomorrow})

    found = db.session.get_one(Change, change.id).not_before
    assert found.strftime("%Y-%m-%dT%H:%M") == tomorrow
    page.submit("Send as soon as it may be")
    assert db.session.get_one(Change, change.id).not_before is None


@pytest.mark.parametrize("text", ["soon", "2026-13-40T09:00", "1999-01-01T09:00"])
def test_a_moment_that_cannot_be_is_refused_in_words(manager_client, text):
    change = waiting()

    page = get_page(manager_client, f"/changes/{change.id}").submit("Send then", {"when": text})

    assert "moment" in page.notices
    assert db.session.get_one(Change, change.id).not_before is None


def test_ticked_changes_are_held_together_and_each_says_how_it_went(manager_client):
    first, second = waiting("Alpha"), waiting("Beta")
    page = get_page(manager_client, "/changes")
    second.state = "sent"

    answer = press_bulk(manager_client, page, "hold", [first.id, second.id, first.id])

    assert answer.h1 == "Put on hold: 1 of 2"
    assert [row[:2] for row in answer.rows] == [["Alpha", "Done"], ["Beta", "Not done"]]
    assert "It is too late" in answer.rows[1][2]
    assert (state(first), state(second)) == ("held", "sent")


def test_the_box_in_the_head_stands_for_every_row_of_the_page_and_no_other(manager_client):
    changes = [waiting(f"Spring {number:02}") for number in range(30)]
    page = get_page(manager_client, "/changes?per_page=25&sort=campaign")
    form = next(form for form in page.forms if "/changes/bulk" in form.action)

    # The verb is the pressed button's.
    token = form.values["csrf_token"]
    data = {"csrf_token": token, "verb": "hold", "all": "on", "on_page": form.values["on_page"]}
    answer = manager_client.post(form.action, data=data, headers={"Referer": page.url})

    assert "Put on hold: 25 of 25" in answer.text
    assert [state(each) for each in changes] == ["held"] * 25 + ["ready"] * 5


@pytest.mark.parametrize(
    ("verb", "ids"),
    [("hold", []), ("odd", [1]), ("hold", ["x", "9" * 30]), ("release", [2_000_000_000])],
)
def test_a_bulk_of_nothing_harms_nothing(manager_client, verb, ids):
    change = waiting()
    page = get_page(manager_client, "/changes")

    answer = press_bulk(manager_client, page, verb, ids)

    assert answer.status == 200
    assert state(change) == "ready"
