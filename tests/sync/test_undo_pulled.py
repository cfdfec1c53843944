"""Undoing one thing that a pull took from Megaphone: shown first, then sent as a new change."""

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import PulledChange


@pytest.fixture
def pulled(app):
    """The budget of "Spring" was 4,500 here, and 4,800 was taken from Megaphone."""
    campaign = factories.campaign(title="Spring", budget=(480000, "USD"))
    item = PulledChange(
        run_id=factories.sync_run().id,
        campaign_id=campaign.id,
        at=utc_now(),
        kind="changed",
        field_group="budget",
        before=[450000, "USD"],
        after=[480000, "USD"],
    )
    db.session.add(item)
    db.session.flush()
    return item


def undo_page(client, pulled):
    return get_page(client, f"/sync/{pulled.run_id}").follow("Undo")


def budget(pulled):
    db.session.expire_all()
    return db.session.get_one(Campaign, pulled.campaign_id).total_budget_minor


def test_what_would_be_restored_is_shown_before_anything_happens(manager_client, pulled):
    page = undo_page(manager_client, pulled)

    assert page.h1 == "Undo what Megaphone changed in Spring"
    facts = [fact.text for fact in page.main.one("dl").all("dd")]
    assert facts[0] == "Budget"
    assert facts[2:] == ["USD 4,800.00", "USD 4,500.00"]
    assert db.session.query(Change).count() == 0


def test_undoing_restores_the_value_and_sends_it(manager_client, pulled):
    page = undo_page(manager_client, pulled).submit("Restore and send to Megaphone")

    assert page.h1 == "Spring"
    assert budget(pulled) == 450000
    change = db.session.query(Change).one()
    assert (change.state, change.fields) == ("ready", ["budget"])
    run = get_page(manager_client, f"/sync/{pulled.run_id}")
    assert "undone by manager@example.com" in run.text
    assert "Undo" not in run.links


def test_pressed_twice_it_is_undone_once_and_says_by_whom(manager_client, pulled):
    page = undo_page(manager_client, pulled)
    page.submit("Restore and send to Megaphone")

    again = page.submit("Restore and send to Megaphone", status=409)

    assert "manager@example.com has undone this already." in again.text
    assert db.session.query(Change).count() == 1


def test_a_campaign_changed_meanwhile_is_looked_at_again_first(manager_client, pulled):
    page = undo_page(manager_client, pulled)
    campaign = db.session.get_one(Campaign, pulled.campaign_id)
    campaign.total_budget_minor, campaign.version = 500000, campaign.version + 1
    db.session.commit()

    drawn = page.submit("Restore and send to Megaphone", status=409)

    assert "Look again at what would be restored." in drawn.notices
    assert "that would be replaced too" in drawn.text
    assert budget(pulled) == 500000
    drawn.submit("Restore and send to Megaphone")
    assert budget(pulled) == 450000


def test_what_is_already_as_before_has_nothing_to_undo(manager_client, pulled):
    db.session.get_one(Campaign, pulled.campaign_id).total_budget_minor = 450000
    db.session.commit()

    page = undo_page(manager_client, pulled)

    assert "already as it was before" in page.text
    assert not any("Restore" in button for form in page.forms for button in form.buttons)


@pytest.mark.parametrize("kind", ["conflict", "gone", "back"])
def test_what_replaced_nothing_cannot_be_undone(manager_client, pulled, kind):
    pulled.kind = kind
    db.session.commit()

    assert "Undo" not in get_page(manager_client, f"/sync/{pulled.run_id}").links
    page = get_page(manager_client, f"/sync/items/{pulled.id}/undo")
    assert "there is nothing to undo" in page.text


@pytest.mark.parametrize(
    ("data", "status"), [({"key": "x"}, 422), ({"key": None}, 422), ({"version": "x"}, 409)]
)
def test_a_form_that_was_tampered_with_changes_nothing(manager_client, pulled, data, status):
    page = undo_page(manager_client, pulled)
    page.submit("Restore and send to Megaphone", data, status=status)
    assert budget(pulled) == 480000


@pytest.mark.parametrize("number", ["999", "9" * 30, "x"])
def test_what_is_not_there_is_a_404(manager_client, number):
    assert get_page(manager_client, f"/sync/items/{number}/undo", status=404)


def test_a_viewer_may_not_undo(viewer_client, pulled):
    assert "Undo" not in get_page(viewer_client, f"/sync/{pulled.run_id}").links
    get_page(viewer_client, f"/sync/items/{pulled.id}/undo", status=403)
