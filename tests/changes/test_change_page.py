"""The page of one change, and undoing it."""

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db
from webapp.sync.models import RequestLog


def sent(**values):
    """A budget that was raised here and arrived."""
    owner = factories.campaign(title="Spring", budget=(500_000, "USD"))
    defaults = {
        "state": "applied",
        "fields": ["budget"],
        "before": {"budget": [450_000, "USD"]},
        "after": {"budget": [500_000, "USD"]},
        "sent_payload": {"budget": [500_000, "USD"]},
        "sent_at": factories.SOME_DAY,
        "attempts": 1,
    }
    return factories.change(owner, **defaults | values)


def test_the_page_tells_what_was_sent_and_each_call_that_was_made(viewer_client):
    change = sent()
    db.session.add(
        RequestLog(
            connection_id=change.connection_id,
            at=factories.SOME_DAY,
            method="PUT",
            path="/campaigns/{id}",
            priority="push",
            status=None,
            outcome="outcome_unknown",
            received_bytes=0,
            duration_ms=10_000,
            remote_request_id="req-1",
            change_id=change.id,
        )
    )

    page = get_page(viewer_client, f"/changes/{change.id}")

    assert ["Budget", "USD 4,500.00", "USD 5,000.00"] in page.rows
    assert "PUT /campaigns/{id}" in page.text
    assert "outcome unknown" in page.text
    assert "10,000 ms" in page.text
    assert str(change.intent_key) in page.text


def test_what_was_kept_back_is_said_not_to_be_sent(viewer_client):
    both = {"title": "Autumn", "budget": [450_000, "USD"]}
    change = sent(fields=["title"], before=both, after={**both, "title": "Spring"})

    page = get_page(viewer_client, f"/changes/{change.id}")

    assert ["Title", "Autumn", "Spring"] in page.rows
    assert "Not sent with it: budget." in page.text


def test_a_field_is_named_as_on_every_other_page(viewer_client):
    change = sent(fields=["external_id"], before={"external_id": "A"}, after={"external_id": "B"})

    assert ["External ID", "A", "B"] in get_page(viewer_client, f"/changes/{change.id}").rows


def test_a_waiting_change_says_how_long_it_takes(viewer_client):
    change = factories.change(factories.campaign())

    text = get_page(viewer_client, f"/changes/{change.id}").text

    assert "At this pace it is out in less than a minute." in text


@pytest.mark.parametrize("path", ["/changes/2000000000", "/changes/2000000000/undo"])
def test_a_change_that_is_not_there_is_said_so(manager_client, path):
    sent()

    page = get_page(manager_client, path, status=404)

    assert page.h1 == "There is nothing at this address"
    assert "Spring" not in page.text


def test_the_way_back_leads_to_the_list_as_it_was_and_nowhere_else(viewer_client):
    change = sent()

    for back, crumb in (("/changes?state=all", "/changes?state=all"), ("/campaigns", "/changes")):
        page = get_page(viewer_client, f"/changes/{change.id}?back={back}")
        crumbs = page.main.one("nav", **{"aria-label": "Breadcrumb"})
        assert crumbs.one("a")["href"] == crumb


def test_all_changes_of_a_campaign_are_one_press_away(viewer_client):
    change = sent()
    factories.change(factories.campaign(title="Other"))

    page = get_page(viewer_client, f"/changes/{change.id}").follow("All changes of this campaign")

    assert [row[0] for row in page.rows] == ["Spring"]


def test_undoing_shows_first_what_would_be_restored(manager_client):
    change = sent()

    page = get_page(manager_client, f"/changes/{change.id}").follow("Undo…")

    assert page.rows == [["Budget", "USD 5,000.00", "USD 4,500.00", "–"]]
    assert db.session.query(Change).count() == 1
    page.submit("Restore and send to Megaphone")
    undoing = db.session.query(Change).filter_by(undoes_id=change.id).one()
    owner = db.session.get_one(Campaign, change.campaign_id)
    assert (undoing.state, owner.total_budget_minor) == ("ready", 450_000)


def test_pressing_undo_twice_is_one_change(manager_client):
    change = sent()
    page = get_page(manager_client, f"/changes/{change.id}/undo")

    page.submit("Restore and send to Megaphone")
    page.submit("Restore and send to Megaphone")

    assert db.session.query(Change).filter_by(undoes_id=change.id).count() == 1


def test_a_campaign_changed_meanwhile_has_the_preview_drawn_anew(manager_client):
    change = sent()
    page = get_page(manager_client, f"/changes/{change.id}/undo")
    owner = db.session.get_one(Campaign, change.campaign_id)
    owner.total_budget_minor, owner.version = 470_000, owner.version + 1

    page = page.submit("Restore and send to Megaphone", status=409)

    assert "changed since this was drawn" in page.notices
    assert page.rows[0][1] == "USD 4,700.00"
    assert db.session.get_one(Campaign, change.campaign_id).total_budget_minor == 470_000
    # Read and pressed again, it is done.
    page.submit("Restore and send to Megaphone")
    assert db.session.get_one(Campaign, change.campaign_id).total_budget_minor == 450_000


def test_undoing_nothing_asks_what_to_restore(manager_client):
    page = get_page(manager_client, f"/changes/{sent().id}/undo")

    page = page.submit("Restore and send to Megaphone", {"group": None}, status=422)

    assert "Choose what to restore." in page.notices


def test_a_booking_that_was_sent_says_why_it_cannot_be_undone(manager_client):
    change = sent(kind="create", before=None)

    page = get_page(manager_client, f"/changes/{change.id}/undo")

    assert "A booking that was sent cannot be undone here." in page.text
    assert "Undo…" not in get_page(manager_client, f"/changes/{change.id}").links
