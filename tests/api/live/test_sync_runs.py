"""Asking for a sync run, waiting for it or not, and reading what runs came to."""

import json

import pytest

from tests import factories
from tests.support.statements import count_statements
from webapp.api.schemas import sync_runs as schemas
from webapp.core.db import db
from webapp.sync.models import SyncRun

COUNTS = ("total", "upserted", "failed", "deleted")


@pytest.fixture
def script(client):
    token = factories.api_token("read sync")

    def send(method, path, status=200, headers=(), **sent):
        bearer = {"Authorization": f"Bearer {token}", **dict(headers)}
        answer = client.open(f"/api/v1{path}", method=method, headers=bearer, **sent)
        assert answer.status_code == status, answer.text
        return answer

    return send


def counts(answer):
    return tuple(answer.json[name] for name in COUNTS)


def test_who_asks_for_campaigns_gets_the_counts_when_all_was_read(script, desk, worker, advertiser):
    made = {"title": "Made there", "advertiserId": advertiser.remote_id}
    desk.sandbox.control("POST", "campaigns", made)

    with worker.working():
        answer = script("POST", "/sync/campaigns")

    schemas.AskedRun.model_validate(answer.json)
    assert answer.json["status"] == "success"
    assert counts(answer) == (41, 41, 0, 0)
    assert (answer.json["created"], answer.json["joined"]) == (1, False)
    assert answer.headers["Location"] == f"/api/v1/sync/runs/{answer.json['id']}"


def test_who_asks_for_advertisers_gets_the_same_run_counted_by_advertisers(script, desk, worker):
    with worker.working():
        answer = script("POST", "/sync/advertisers", json={})

    assert answer.json["status"] == "success"
    assert counts(answer) == (8, 8, 0, 0)


def test_advertisers_that_cannot_be_read_are_counted_as_failed(script, desk, worker):
    rows = desk.sandbox.control("GET", "advertisers")["advertisers"]
    rows[1]["name"] = rows[4]["name"] = None
    headers = {"Content-Type": "application/json", "X-Total": "8"}
    body = {"status": 200, "headers": headers, "body": json.dumps(rows)}
    desk.sandbox.fault({"action": "answer", "path": "advertisers$", **body})

    with worker.working():
        answer = script("POST", "/sync/advertisers")

    schemas.AskedRun.model_validate(answer.json)
    assert (answer.json["state"], answer.json["status"]) == ("complete", "partial_failure")
    assert counts(answer) == (8, 6, 2, 0)
    assert "2 rows of the list of advertisers could not be read." in answer.json["message"]
    assert script("POST", "/sync/campaigns", 202, {"Prefer": "wait=0"}).json["failed"] == 0


def test_a_list_of_advertisers_that_is_not_whole_is_a_partial_failure(script, desk, worker):
    desk.sandbox.fault({"action": "total_off", "by": 1, "path": "advertisers$"})

    with worker.working():
        answer = script("POST", "/sync/advertisers")

    assert (answer.json["state"], answer.json["status"]) == ("complete", "partial_failure")
    assert counts(answer) == (8, 8, 0, 0)
    assert "9 advertisers were announced and 8 listed." in answer.json["message"]
    whole = script("GET", f"/sync/runs/{answer.json['id']}").json
    assert (whole["status"], whole["failed"]) == ("success", 0)
    assert whole["set_aside"] == [{"id": None, "reason": answer.json["message"]}]


def test_one_run_s_unread_advertisers_are_not_another_s(script, desk, worker):
    desk.sandbox.fault({"action": "total_off", "by": 1, "path": "advertisers$"})
    with worker.working():
        assert script("POST", "/sync/advertisers").json["status"] == "partial_failure"
    desk.sandbox.clear_faults()

    with worker.working():
        assert script("POST", "/sync/advertisers").json["status"] == "success"


def test_who_does_not_wait_is_told_where_to_look(script, desk):
    answer = script("POST", "/sync/campaigns", 202, {"Prefer": "respond-async"})

    schemas.AskedRun.model_validate(answer.json)
    assert (answer.json["status"], answer.json["state"]) == ("running", "requested")
    assert answer.headers["Preference-Applied"] == "respond-async"
    where = answer.headers["Location"].removeprefix("/api/v1")
    assert script("GET", where).json["state"] == "requested"


def test_waiting_ends_when_its_time_is_over(script, desk):
    answer = script("POST", "/sync/campaigns", 202, {"Prefer": "wait=1"})

    assert answer.headers["Preference-Applied"] == "wait=1"
    assert answer.json["status"] == "running"


@pytest.mark.parametrize("state", ["requested", "running"])
def test_a_run_that_is_open_is_joined_and_that_is_said(script, desk, state):
    run = factories.sync_run(state=state, connection_id=desk.connection_id)
    number = run.id

    answer = script("POST", "/sync/campaigns", 202, {"Prefer": "wait=0"})

    assert answer.json["joined"] is True
    assert answer.json["id"] == str(number)
    db.session.expire_all()
    assert db.session.query(SyncRun).filter_by(state="requested").count() == (state == "requested")


def test_a_run_that_failed_is_a_200_that_says_so(script, desk, worker):
    desk.sandbox.fault({"action": "answer", "path": "advertisers", "status": 401, "body": ""})

    with worker.working():
        answer = script("POST", "/sync/campaigns")

    assert answer.json["status"] == "complete_failure"
    assert "401" in answer.json["message"]
    assert counts(answer) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "status", "expected"),
    [
        ({"state": "complete", "read_count": 3, "created_count": 3}, "success", (3, 3, 0, 0)),
        (
            {"state": "incomplete", "read_count": 3, "updated_count": 2, "set_aside_count": 1},
            "partial_failure",
            (3, 2, 1, 0),
        ),
        (
            {"state": "complete", "read_count": 1, "unchanged_count": 1, "gone_count": 2},
            "success",
            (1, 1, 0, 2),
        ),
        ({"state": "failed"}, "complete_failure", (0, 0, 0, 0)),
        ({"state": "lost", "read_count": 1, "unchanged_count": 1}, "partial_failure", (1, 1, 0, 0)),
        ({"state": "running"}, "running", (0, 0, 0, 0)),
    ],
)
def test_a_run_s_counts_and_status(script, values, status, expected):
    run = factories.sync_run(**values)

    answer = script("GET", f"/sync/runs/{run.id}")

    schemas.FullRun.model_validate(answer.json)
    assert answer.json["status"] == status
    assert counts(answer) == expected


def test_what_could_not_be_used_is_named(script):
    rows = [{"id": "9", "reason": "Its title is empty."}, {"id": None, "reason": "No record."}]
    run = factories.sync_run(state="incomplete", set_aside=rows)

    assert script("GET", f"/sync/runs/{run.id}").json["set_aside"] == rows


def test_runs_are_listed_by_pages_and_filtered(script):
    runs = [factories.sync_run() for _ in range(3)]
    factories.sync_run(state="failed", trigger="operator", requested_by="ana@example.com")

    page = script("GET", "/sync/runs?page=2&per_page=3").json
    failed = script("GET", f"/sync/runs?state=failed&connection_id={runs[0].connection_id}").json

    schemas.RunList.model_validate(page)
    assert [item["id"] for item in page["items"]] == [str(runs[0].id)]
    assert page["meta"] == {"page": 2, "per_page": 3, "total": 4}
    assert [item["requested_by"] for item in failed["items"]] == ["ana@example.com"]


def test_without_a_connection_there_is_nothing_to_sync(script):
    assert script("POST", "/sync/campaigns", 503).json["code"] == "unavailable"


def test_a_body_is_refused_and_an_empty_object_is_none(script, desk):
    nothing, before = {"Prefer": "respond-async"}, db.session.query(SyncRun).count()

    refused = script("POST", "/sync/campaigns", 422, json={"full": True}).json
    assert (refused["code"], db.session.query(SyncRun).count()) == ("invalid", before)

    asked = script("POST", "/sync/campaigns", 202, nothing, json={}).json
    joined = script("POST", "/sync/campaigns", 202, nothing).json
    assert (joined["id"], joined["joined"]) == (asked["id"], True)


def test_a_token_without_the_scope_may_only_look(client):
    headers = {"Authorization": f"Bearer {factories.api_token('read write')}"}

    assert client.post("/api/v1/sync/campaigns", headers=headers).status_code == 403
    assert client.get("/api/v1/sync/runs", headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["4711", "x", "99999999999"])
def test_a_run_that_is_not_there_is_a_404(script, name):
    assert script("GET", f"/sync/runs/{name}", 404).json["detail"] == "There is no such sync run."


def test_more_runs_cost_no_more_statements(script):
    def cost():
        db.session.commit()
        with count_statements() as statements:
            script("GET", "/sync/runs")
        return len(statements)

    factories.sync_run()
    script("GET", "/sync/runs")
    few = cost()
    for _ in range(8):
        factories.sync_run()

    assert cost() == few <= 4
