"""Outgoing changes for scripts: found by their ids, held, released, put off and taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.dry_runs import everything, in_turn
from tests.api.scripts import Script
from tests.campaigns.form_work import edit_elsewhere
from tests.support.statements import count_statements
from webapp.bulk.queries import lane_of
from webapp.campaigns.models import Campaign, Change
from webapp.changes.shown import who_saved
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.moments import iso


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write", name="reports"))


@pytest.fixture
def campaign(app):
    campaign = factories.campaign(title="Before")
    edit_elsewhere(campaign, title="After")
    return campaign


def newest(campaign):
    query = select(Change).where(Change.campaign_id == campaign.id).order_by(Change.id.desc())
    return db.session.scalars(query.limit(1)).one()


def one(script, change):
    return script.get(f"/outgoing/{change.id}")


def press(script, change, verb, status=200, **headers):
    return script.post(f"/outgoing/{change.id}/{verb}", None, status, **headers)


def tomorrow():
    return iso(utc_now() + timedelta(days=1))


def test_what_waits_says_what_it_does_and_what_may_be_done_with_it(script, campaign):
    found = script.get(f"/outgoing?campaign_id={campaign.uuid}")["items"]

    assert [item["id"] for item in found] == [str(newest(campaign).id)]
    assert found[0]["campaign"] == {"id": str(campaign.uuid), "title": "After"}
    assert found[0]["effects"] == [{"field": "title", "before": "Before", "after": "After"}]
    assert (found[0]["state"], found[0]["waits_for"]) == ("ready", "queue")
    assert found[0]["can"] == ["cancel", "hold", "send_at", "undo"]
    assert one(script, newest(campaign)) == found[0]


def test_its_id_is_the_one_that_the_sync_status_names(script, campaign):
    waiting = script.get(f"/campaigns/{campaign.uuid}/sync-status")["waiting"]

    assert [each["id"] for each in waiting] == [str(newest(campaign).id)]


@pytest.mark.parametrize(
    ("values", "can"),
    [
        ({"state": "held"}, ["cancel", "release", "send_at"]),
        ({"state": "settling"}, ["find_out"]),
        ({"state": "parked"}, ["settle"]),
        ({"state": "rejected"}, ["edit"]),
        ({"state": "applied", "before": {"title": "Old"}, "after": {"title": "New"}}, ["undo"]),
        ({"state": "superseded"}, []),
    ],
)
def test_each_state_says_what_may_be_done(script, values, can):
    change = factories.change(factories.campaign(), **values)

    assert one(script, change)["can"] == can


def test_they_are_listed_by_steps_the_newest_first_and_by_state(script):
    campaign = factories.campaign()
    states = ["applied", "rejected", "applied", "held", "settling"]
    made = [str(factories.change(campaign, state=state).id) for state in states]
    factories.change(factories.campaign())

    found, cursor = [], "start"
    while cursor:
        page = script.get(f"/outgoing?campaign_id={campaign.uuid}&per_page=2&cursor={cursor}")
        found += [item["id"] for item in page["items"]]
        cursor = page["meta"]["next_cursor"]

    assert found == made[::-1]
    assert len(script.get("/outgoing")["items"]) == 6
    of_state = script.get(f"/outgoing?campaign_id={campaign.uuid}&state=applied")["items"]
    assert [item["id"] for item in of_state] == [made[2], made[0]]
    is_open = script.get(f"/outgoing?campaign_id={campaign.uuid}&state=open")["items"]
    assert [item["id"] for item in is_open] == [made[4], made[3]]


def test_what_is_not_there_is_not_found(script, campaign):
    script.get("/outgoing?campaign_id=nonsense", 404)
    script.get("/outgoing?campaign_id=", 404)
    script.get("/outgoing/999999", 404)
    script.get("/outgoing/nonsense", 404)
    script.post("/outgoing/999999/hold", None, 404)


def test_a_list_costs_as_many_statements_for_few_as_for_many(script):
    script.get("/outgoing")
    costs = []
    for _ in range(2):
        for _ in range(8):
            sides = {"before": {"advertiser": factories.advertiser().id}, "after": {}}
            factories.change(factories.campaign(), fields=["advertiser"], **sides)
        db.session.commit()
        with count_statements() as statements:
            script.get("/outgoing")
        costs.append(len(statements))

    assert costs[0] == costs[1] <= 6


def test_a_change_on_hold_is_sent_when_it_is_released(script, campaign):
    change = newest(campaign)

    held = press(script, change, "hold")

    assert held["id"] == str(campaign.uuid)
    found = one(script, change)
    assert (found["state"], found["held_by"]) == ("held", "token reports")
    error = press(script, change, "hold", 409)
    assert (error["code"], error["detail"]) == ("clash", "This is on hold already.")
    answer = script.call("POST", f"/outgoing/{change.id}/release", 202)
    assert answer.headers["Location"] == f"/api/v1/campaigns/{campaign.uuid}/sync-status"
    assert one(script, change)["state"] == "ready"
    press(script, change, "release", 409)


def test_a_later_moment_is_set_and_taken_away(script, campaign):
    change, when = newest(campaign), tomorrow()

    script.put(f"/outgoing/{change.id}/send-at", {"when": when}, 200)

    found = one(script, change)
    assert (found["not_before"], found["waits_for"]) == (when, "later")
    script.put(f"/outgoing/{change.id}/send-at", {"when": None}, 202)
    assert one(script, change)["not_before"] is None


@pytest.mark.parametrize(
    "when",
    [
        "2020-01-01T09:00:00Z",
        "2999-01-01T09:00:00Z",
        "2030-01-01T09:00:00",
        "2030-01-01",
        "soon",
        "1893488400",
        1893488400,
        True,
    ],
)
def test_a_moment_that_cannot_be_is_refused(script, campaign, when):
    change = newest(campaign)

    error = script.put(f"/outgoing/{change.id}/send-at", {"when": when}, 422)

    assert error["errors"][0]["pointer"] == "/when"
    assert one(script, change)["not_before"] is None


def test_a_change_that_is_taken_back_leaves_what_was_agreed_on(script, campaign):
    change = newest(campaign)

    found = press(script, change, "cancel")

    assert (found["title"], found["sync"]["state"]) == ("Before", "confirmed")
    assert one(script, change)["state"] == "cancelled"
    event = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"][0]
    assert (event["actor"], event["action"]) == ("token reports", "cancelled")


def test_a_booking_that_is_taken_back_goes_to_the_archive_and_can_be_booked_after_all(script):
    booked = script.post(
        "/campaigns", {"title": "Spring", "advertiser_id": factories.advertiser().id}, 202
    )
    change = script.get(f"/outgoing?campaign_id={booked['id']}")["items"][0]

    found = script.post(f"/outgoing/{change['id']}/cancel", None, 200)

    assert found["archived"] is True
    assert script.get(f"/campaigns/{booked['id']}/unsettled")["choices"] == ["book_again"]
    again = script.post(f"/campaigns/{booked['id']}/settle", {"choice": "book_again"}, 202)
    assert (again["archived"], again["sync"]["state"]) == (False, "waiting")


@pytest.mark.parametrize("verb", ["hold", "release", "cancel", "find-out"])
def test_what_is_being_sent_can_no_longer_be_kept_back(script, verb):
    change = factories.change(factories.campaign(), state="sent")

    error = press(script, change, verb, 409)

    assert "too late" in error["detail"]
    assert one(script, change)["state"] == "sent"


def test_a_lost_answer_is_asked_for_again(script):
    later = utc_now() + timedelta(hours=1)
    change = factories.change(factories.campaign(), state="settling", next_attempt_at=later)

    found = press(script, change, "find-out", 202)

    assert found["sync"]["state"] == "checking"
    assert one(script, change)["next_attempt_at"] <= iso(utc_now())


@pytest.mark.parametrize(
    ("verb", "status", "values"),
    [
        ("hold", 200, {}),
        ("release", 202, {"state": "held"}),
        ("cancel", 200, {}),
        ("find-out", 202, {"state": "settling"}),
        ("hold", 409, {"state": "applied"}),
    ],
)
def test_a_dry_run_answers_alike_and_does_nothing(script, verb, status, values):
    change = factories.change(factories.campaign(title="Same"), **values)

    before = everything()
    dry, real = in_turn(script, "POST", f"/outgoing/{change.id}/{verb}", status, None)

    assert dry == real
    assert (everything() != before) == (status != 409)


def test_putting_off_can_be_tried_out(script, campaign):
    path = f"/outgoing/{newest(campaign).id}/send-at"

    dry, real = in_turn(script, "PUT", path, 200, {"when": tomorrow()})

    assert dry == real


def test_the_same_key_gives_the_same_answer_again(script, campaign):
    change, key = newest(campaign), {"Idempotency_Key": "hold-1"}

    first = press(script, change, "hold", 200, **key)
    again = script.call("POST", f"/outgoing/{change.id}/hold", 200, None, **key)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first


def test_a_token_that_only_reads_reads_them_and_holds_none(script, client, campaign):
    reader = Script(client, factories.api_token("read"))

    assert len(reader.get("/outgoing")["items"]) == 1
    assert press(reader, newest(campaign), "hold", 403)["code"] == "not_allowed"
    assert db.session.get_one(Campaign, campaign.id).title == "After"


def test_who_did_it_is_said_as_the_timeline_has_it(client, manager):
    token = factories.api_token("read write", name="Nightly", operator_id=manager.id)
    script, campaign = Script(client, token), factories.campaign()
    script.put(f"/campaigns/{campaign.uuid}", {"title": "After"})
    press(script, newest(campaign), "hold")
    job = factories.bulk_job([campaign.id])
    job.actor = "token Nightly"
    factories.change(factories.campaign(), lane=lane_of(job), operator_id=manager.id)

    found = script.get("/outgoing")["items"]
    events = script.get(f"/campaigns/{campaign.uuid}/timeline")["items"]

    assert [each["by"] for each in found] == ["token Nightly"] * 2
    assert found[1]["held_by"] == "token Nightly"
    assert {each["actor"] for each in events} == {"token Nightly"}


@pytest.mark.parametrize(
    ("email", "lane", "who"),
    [
        ("ana@example.com", "ana@example.com", "ana@example.com"),
        (f"{'a' * 70}@example.com", "a" * 64, f"{'a' * 70}@example.com"),
        ("ana@example.com", "batch:1", "ana@example.com"),
        ("ana@example.com", "token t", "token t"),
        (None, "command line", "command line"),
        (None, "", "sync"),
    ],
)
def test_who_saved_is_told_from_whose_turn_it_is(email, lane, who):
    assert who_saved(email, lane) == who
