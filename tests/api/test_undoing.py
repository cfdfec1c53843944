"""Going back by a script: a change is undone, an earlier version is brought back."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.dry_runs import in_turn
from tests.api.scripts import Script
from tests.campaigns.form_work import edit_elsewhere
from webapp.api.models import ApiAnswer
from webapp.audit import queries as audit
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write", name="reports"))


def changes(campaign):
    query = select(Change).where(Change.campaign_id == campaign.id).order_by(Change.id)
    return db.session.scalars(query).all()


def edited(**changed):
    """A campaign that somebody changed, and the change that still waits."""
    campaign = factories.campaign(title="Before", budget=(100, "USD"))
    edit_elsewhere(campaign, **changed or {"title": "After"})
    return campaign, changes(campaign)[-1]


def arrived(campaign):
    """The ad server has confirmed everything of it."""
    for change in changes(campaign):
        change.state = "applied"
    campaign.base = campaign.base | {"title": campaign.title}
    campaign.base |= {"budget": [campaign.total_budget_minor, campaign.total_budget_currency]}
    campaign.sync_state = "confirmed"
    db.session.commit()


def undo(script, change, status=200, body=None, **headers):
    return script.post(f"/outgoing/{change.id}/undo", body or {}, status, **headers)


def restore(script, campaign, event_id, status=202, **body):
    sent = {"event_id": str(event_id), **body}
    return script.post(f"/campaigns/{campaign.uuid}/restore", sent, status)


def now(script, campaign):
    return script.get(f"/campaigns/{campaign.uuid}")


def etag(script, campaign):
    return script.call("GET", f"/campaigns/{campaign.uuid}").headers["ETag"]


def test_what_was_not_sent_is_undone_at_no_cost(script):
    campaign, change = edited()

    found = undo(script, change)

    assert (found["title"], found["sync"]["state"]) == ("Before", "confirmed")
    assert [each.state for each in changes(campaign)] == ["cancelled"]


def test_what_was_sent_is_undone_by_a_new_change(script):
    campaign, change = edited()
    arrived(campaign)

    found = undo(script, change, 202)

    assert (found["title"], found["sync"]["state"]) == ("Before", "waiting")
    newest = changes(campaign)[-1]
    assert (newest.undoes_id, newest.fields) == (change.id, ["title"])
    event = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"][0]
    assert (event["actor"], event["action"], event["after"]) == ("token reports", "undid", "Before")


def test_what_was_changed_since_is_undone_only_where_it_is_named(script):
    campaign, change = edited(title="After", total_budget_minor=200)
    arrived(campaign)
    edit_elsewhere(campaign, title="Newer")
    arrived(campaign)

    found = undo(script, change, 202)
    assert (found["title"], found["total_budget_cents"]) == ("Newer", 100)

    error = undo(script, changes(campaign)[0], 409)
    assert error["code"] == "clash"
    assert undo(script, change, 202, {"fields": ["title"]})["title"] == "Before"


def test_what_is_undone_already_is_left_as_it_is(script):
    campaign, change = edited()
    undo(script, change)

    assert undo(script, change)["title"] == "Before"
    assert len(changes(campaign)) == 1


def test_a_field_in_conflict_is_pointed_at(script):
    campaign, change = edited(title="After", total_budget_minor=200)
    arrived(campaign)
    factories.conflict(campaign, "budget", theirs=[300, "USD"])

    error = undo(script, change, 422, {"fields": ["title", "total_budget"]})

    assert [each["pointer"] for each in error["errors"]] == ["/fields/1"]
    assert now(script, campaign)["title"] == "After"


@pytest.mark.parametrize("fields", [[], ["owner"], ["title", 5], "title"])
def test_fields_that_cannot_be_undone_are_refused(script, fields):
    _, change = edited()

    assert undo(script, change, 422, {"fields": fields})["code"] == "invalid"


def test_a_field_that_the_change_did_not_touch_is_refused(script):
    campaign, change = edited()

    error = undo(script, change, 422, {"fields": ["total_budget"]})

    assert error["errors"][0]["pointer"] == "/fields"
    assert now(script, campaign)["title"] == "After"


def test_a_newer_edit_is_not_undone_unseen(script):
    campaign, change = edited()
    seen = etag(script, campaign)
    edit_elsewhere(campaign, total_budget_minor=700)

    error = undo(script, change, 412, If_Match=seen)

    assert error["code"] == "changed_meanwhile"
    assert error["changes"] == [
        {
            "field": "title",
            "base": "After",
            "base_known": True,
            "theirs": "After",
            "yours": "Before",
        },
        {
            "field": "total_budget_cents",
            "base": 100,
            "base_known": True,
            "theirs": 700,
            "yours": 100,
        },
    ]
    assert now(script, campaign)["title"] == "After"
    assert changes(campaign)[-1].state == "ready"
    assert undo(script, change, If_Match=etag(script, campaign))["title"] == "Before"


def test_a_booking_is_undone_until_it_is_sent_and_not_after_an_edit_unseen(script):
    body = {"title": "Spring", "advertiser_id": factories.advertiser().id}
    booked = script.call("POST", "/campaigns", 202, body)
    campaign = db.session.scalars(select(Campaign)).one()
    change = changes(campaign)[0]
    edit_elsewhere(campaign, title="Summer")

    error = undo(script, change, 412, If_Match=booked.headers["ETag"])
    changed = [(each["field"], each["theirs"], each["yours"]) for each in error["changes"]]
    assert changed == [("title", "Summer", "Spring"), ("archived", False, True)]
    assert now(script, campaign)["archived"] is False

    assert undo(script, change)["archived"] is True
    assert undo(script, change, 409)["code"] == "clash"


def test_an_undo_with_one_key_is_done_once(script):
    campaign, change = edited()
    arrived(campaign)
    key = {"Idempotency_Key": "undo-1"}

    first = undo(script, change, 202, **key)

    assert undo(script, change, 202, **key) == first
    assert len(changes(campaign)) == 2


def forget_answer():
    """As if the process had died before the last answer was kept."""
    kept = db.session.scalars(select(ApiAnswer).order_by(ApiAnswer.id.desc()).limit(1)).one()
    kept.finished_at, kept.claimed_until = None, utc_now()
    db.session.commit()


def test_an_undo_whose_answer_was_lost_is_not_done_twice(script):
    campaign, change = edited(title="After", total_budget_minor=200)
    arrived(campaign)
    edit_elsewhere(campaign, total_budget_minor=300)
    key = {"Idempotency_Key": "undo-1"}

    first = undo(script, change, 202, **key)
    forget_answer()

    assert undo(script, change, 202, **key) == first
    assert (first["title"], first["total_budget_cents"]) == ("Before", 300)
    assert len(changes(campaign)) == 3


@pytest.mark.parametrize("has_arrived", [True, False])
def test_undoing_can_be_tried_out(script, has_arrived):
    campaign, change = edited()
    if has_arrived:
        arrived(campaign)

    status = 202 if has_arrived else 200
    dry, real = in_turn(script, "POST", f"/outgoing/{change.id}/undo", status, {})

    assert dry == real
    assert dry[0]["title"] == "Before"


def test_a_trial_of_an_undo_that_clashes_leaves_nothing(script):
    _, change = edited()
    path, seen = f"/outgoing/{change.id}/undo", {"If_Match": '"99"'}

    dry, real = in_turn(script, "POST", path, 412, {}, **seen)

    assert dry == real


@pytest.fixture
def versions(app):
    """A campaign with three versions, and the event that made the second."""
    campaign = factories.campaign(title="One", budget=(100, "USD"))
    edit_elsewhere(campaign, title="Two", total_budget_minor=200, notes="Second")
    then = audit.last_event_id("campaign", campaign.id)
    edit_elsewhere(campaign, title="Three", total_budget_minor=300, notes="Third")
    arrived(campaign)
    return campaign, then


def test_an_earlier_version_is_brought_back(script, versions):
    campaign, then = versions

    found = restore(script, campaign, then)

    assert (found["title"], found["total_budget_cents"], found["notes"]) == ("Two", 200, "Second")
    event = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"][0]
    assert event["actor"] == "token reports"
    assert "Restored as" in event["reason"]
    assert restore(script, campaign, then, 200)["title"] == "Two"


def test_only_the_fields_that_are_named_come_back(script, versions):
    campaign, then = versions

    found = restore(script, campaign, then, 200, fields=["notes"])

    assert (found["title"], found["notes"]) == ("Three", "Second")


def test_a_version_that_is_none_is_not_found(script, versions):
    campaign, then = versions
    other = factories.campaign()

    restore(script, campaign, 999_999, 404)
    restore(script, other, then, 404)


def test_what_cannot_be_restored_says_why(script, versions):
    campaign, then = versions
    factories.conflict(campaign, "title", theirs="Theirs")

    error = restore(script, campaign, then, 422, fields=["notes", "title"])

    assert [each["pointer"] for each in error["errors"]] == ["/fields/1"]
    assert restore(script, campaign, then)["title"] == "Three"


def test_an_edit_made_meanwhile_is_not_restored_over_unseen(script, versions):
    campaign, then = versions
    seen = etag(script, campaign)
    edit_elsewhere(campaign, title="Four")
    path, body = f"/campaigns/{campaign.uuid}/restore", {"event_id": str(then)}

    error = script.call("POST", path, 412, body, If_Match=seen).json

    by_field = {each["field"]: each for each in error["changes"]}
    title = by_field["title"]
    assert (title["base"], title["theirs"], title["yours"]) == ("Three", "Four", "Two")
    assert now(script, campaign)["title"] == "Four"


def test_restoring_can_be_tried_out_and_is_done_once_with_one_key(script, versions):
    campaign, then = versions
    path, body = f"/campaigns/{campaign.uuid}/restore", {"event_id": then}
    key = {"Idempotency_Key": "restore-1"}

    dry, real = in_turn(script, "POST", path, 202, body)
    assert dry == real

    edit_elsewhere(campaign, title="Five")
    first = script.post(path, body, 202, **key)
    assert script.post(path, body, 202, **key) == first
    forget_answer()
    assert script.post(path, body, 202, **key) == first
    assert len(changes(campaign)) == 5
