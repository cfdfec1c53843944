"""A write waits for the ad server's verdict: confirmed, refused in its words, or on its way."""

import time

import pytest

from tests import factories
from tests.api.scripts import Script
from webapp.connections.models import PAUSED, Connection
from webapp.core.db import db

# The longest there is: the worker takes as long as the machine lets it.
WAIT = {"Prefer": "wait=30"}


@pytest.fixture
def script(client, desk):
    return Script(client, factories.api_token("read write"))


@pytest.fixture
def booked(script, worker, advertiser):
    """One that the ad server has confirmed."""
    with worker.working():
        return script.post(
            "/campaigns", {"title": "Spring", "advertiser_id": advertiser.id}, 201, **WAIT
        )


def refuse(desk, method, words):
    """The ad server refuses such writes from now on."""
    desk.sandbox.fault({"action": "status", "status": 422, "method": method, "message": words})


def test_a_confirmed_booking_is_a_201_with_the_ad_server_s_id(script, desk, worker, advertiser):
    sent = {
        "title": "Spring",
        "advertiser_id": advertiser.id,
        "total_budget_cents": 500_000,
        "total_budget_currency": "USD",
        "copy_needed": True,
    }
    with worker.working():
        answer = script.call("POST", "/campaigns", 201, sent, **WAIT)

    found = answer.json
    assert found["megaphone_id"]
    assert found["sync"] == {"state": "confirmed", "detail": None}
    assert answer.headers["Location"] == f"/api/v1/campaigns/{found['id']}"
    assert answer.headers["Preference-Applied"] == "wait=30"
    now = script.call("GET", f"/campaigns/{found['id']}")
    assert now.json == found
    assert now.headers["ETag"] == answer.headers["ETag"]
    assert [write["method"] for write in desk.sandbox.applied_writes()] == ["POST"]


def test_without_a_preference_it_waits_a_while(script, worker, advertiser, monkeypatch):
    monkeypatch.setattr("webapp.api.verdicts.PATIENCE_SECONDS", 60)
    token = script.token
    headers = {"Authorization": f"Bearer {token}"}
    with worker.working():
        answer = script.client.post(
            "/api/v1/campaigns",
            json={"title": "Spring", "advertiser_id": advertiser.id},
            headers=headers,
        )

    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers


def test_a_confirmed_change_is_a_200(script, desk, worker, booked):
    with worker.working():
        found = script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 200, **WAIT)

    assert (found["title"], found["sync"]["state"]) == ("Autumn", "confirmed")
    methods = [write["method"] for write in desk.sandbox.applied_writes()]
    assert methods == ["POST", "PUT"]


def test_a_refused_booking_says_why_and_stays_here_to_be_corrected(
    script, desk, worker, advertiser
):
    refuse(desk, "POST", "Title is not allowed")
    with worker.working():
        answer = script.call(
            "POST", "/campaigns", 422, {"title": "Spring", "advertiser_id": advertiser.id}, **WAIT
        )

        error = answer.json
        assert error["code"] == "refused"
        assert "Title is not allowed" in error["detail"]
        assert error["sync"]["state"] == "refused"
        assert answer.headers["Location"] == f"/api/v1/campaigns/{error['campaign_id']}"
        kept = script.get(f"/campaigns/{error['campaign_id']}")
        assert (kept["title"], kept["megaphone_id"]) == ("Spring", None)
        desk.sandbox.clear_faults()
        mended = script.put(f"/campaigns/{kept['id']}", {"title": "Summer"}, 200, **WAIT)

    assert mended["megaphone_id"]


def test_a_refused_change_says_why(script, desk, worker, booked):
    refuse(desk, "PUT", "No such title")
    with worker.working():
        error = script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 422, **WAIT)

    assert "No such title" in error["detail"]
    assert error["campaign_id"] == booked["id"]


def test_what_is_still_on_its_way_is_a_202_that_says_where_to_look(script, worker, advertiser):
    sent = {"title": "Spring", "advertiser_id": advertiser.id}

    started = time.monotonic()
    answer = script.call("POST", "/campaigns", 202, sent, Prefer="wait=1")

    assert 0.9 < time.monotonic() - started < 30
    assert answer.headers["Preference-Applied"] == "wait=1"
    where = answer.headers["Location"].removeprefix("/api/v1")
    assert script.get(where)["state"] == "waiting"
    with worker.working():
        script.put(where.removesuffix("/sync-status"), {"title": "Summer"}, 200, **WAIT)
    assert script.get(where)["state"] == "confirmed"


def test_where_nothing_is_sent_nobody_waits(script, desk, advertiser):
    db.session.get_one(Connection, desk.connection_id).state = PAUSED

    started = time.monotonic()
    script.post("/campaigns", {"title": "Spring", "advertiser_id": advertiser.id}, 202, **WAIT)

    assert time.monotonic() - started < 25


def test_a_change_that_takes_the_place_of_another_is_waited_for_by_both(
    script, desk, worker, booked
):
    first = script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 202)
    with worker.working():
        second = script.put(f"/campaigns/{booked['id']}", {"copy_needed": True}, 200, **WAIT)

    assert first["sync"]["state"] == "waiting"
    assert (second["title"], second["copy_needed"]) == ("Autumn", True)
    assert second["sync"]["state"] == "confirmed"


def test_a_settled_conflict_waits_for_the_ad_server_too(script, desk, worker, booked):
    script.put(f"/campaigns/{booked['id']}", {"title": "Ours"}, 202)
    desk.sandbox.control("PUT", f"campaigns/{booked['megaphone_id']}", {"title": "Theirs"})
    desk.pull()
    conflict = script.get("/conflicts")["items"][0]
    assert (conflict["base"], conflict["ours"], conflict["theirs"]) == ("Spring", "Ours", "Theirs")

    with worker.working():
        found = script.post(f"/conflicts/{conflict['id']}/resolve", {"choice": "ours"}, 200, **WAIT)

    assert (found["title"], found["sync"]["state"]) == ("Ours", "confirmed")


def change_of(script, booked):
    return script.get(f"/outgoing?campaign_id={booked['id']}")["items"][0]


def test_a_released_change_waits_for_the_ad_server_too(script, desk, worker, booked):
    script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 202)
    change = change_of(script, booked)
    script.post(f"/outgoing/{change['id']}/hold", None, 200)
    with worker.working():
        found = script.post(f"/outgoing/{change['id']}/release", None, 200, **WAIT)

    assert (found["title"], found["sync"]["state"]) == ("Autumn", "confirmed")
    assert change_of(script, booked)["state"] == "applied"


def test_a_released_change_that_is_refused_says_why(script, desk, worker, booked):
    refuse(desk, "PUT", "No such title")
    script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 202)
    change = change_of(script, booked)
    script.post(f"/outgoing/{change['id']}/hold", None, 200)
    with worker.working():
        error = script.post(f"/outgoing/{change['id']}/release", None, 422, **WAIT)

    assert (error["code"], error["campaign_id"]) == ("refused", booked["id"])
    assert "No such title" in error["detail"]


def test_an_undone_and_a_restored_change_wait_for_the_ad_server_too(script, desk, worker, booked):
    with worker.working():
        script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 200, **WAIT)
        edited = script.get(f"/campaigns/{booked['id']}/timeline")["items"]
        event = next(each for each in edited if each["action"] == "edited")
        undone = script.post(f"/outgoing/{change_of(script, booked)['id']}/undo", {}, 200, **WAIT)
        path, body = f"/campaigns/{booked['id']}/restore", {"event_id": event["id"]}
        restored = script.post(path, body, 200, **WAIT)

    assert (undone["title"], undone["sync"]["state"]) == ("Spring", "confirmed")
    assert (restored["title"], restored["sync"]["state"]) == ("Autumn", "confirmed")
    methods = [write["method"] for write in desk.sandbox.applied_writes()]
    assert methods == ["POST", "PUT", "PUT", "PUT"]


def test_what_was_taken_back_never_reaches_the_ad_server(script, desk, worker, booked):
    script.put(f"/campaigns/{booked['id']}", {"title": "Autumn"}, 202)
    script.post(f"/outgoing/{change_of(script, booked)['id']}/cancel", None, 200)
    with worker.working():
        script.put(f"/campaigns/{booked['id']}", {"copy_needed": True}, 200, **WAIT)

    assert [write["method"] for write in desk.sandbox.applied_writes()] == ["POST", "PUT"]
    assert script.get(f"/campaigns/{booked['id']}")["title"] == "Spring"
