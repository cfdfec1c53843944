"""The ad server's own records through the API: its pages, one record, its errors in words."""

from datetime import timedelta

import pytest
from requests.utils import parse_header_links
from sqlalchemy import Engine, select

from tests import factories
from tests.support.listening import listening
from tests.support.threads import in_threads
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import RequestLog


@pytest.fixture
def get(client, desk):
    headers = {"Authorization": f"Bearer {factories.api_token('read')}"}

    def fetch(path, status=200):
        answer = client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    return fetch


def next_of(answer):
    found = parse_header_links(answer.headers.get("Link", ""))
    urls = [each["url"] for each in found if each["rel"] == "next"]
    return urls[0].removeprefix("http://localhost/api/v1") if urls else None


def logged():
    db.session.expire_all()
    return db.session.scalars(select(RequestLog).order_by(RequestLog.id.desc())).first()


def test_campaigns_come_a_page_at_a_time_as_the_ad_server_gives_them(get, desk):
    seen, path = [], "/remote/campaigns?per_page=15"
    while path:
        page = get(path)
        assert page.headers["X-Total-Count"] == "40"
        seen += page.json
        path = next_of(page)

    assert {row["id"] for row in seen} == set(desk.initial)
    assert len(seen) == 40
    assert get(f"/remote/campaigns/{seen[0]['id']}").json == seen[0]
    assert {"totalBudgetCents", "advertiserId", "createdAt"} <= seen[0].keys()


def test_advertisers_come_the_same_way(get):
    page = get("/remote/advertisers?page=2&per_page=5")

    assert len(page.json) == 3
    assert next_of(page) is None
    assert {"id", "name", "updatedAt"} <= page.json[0].keys()


def test_a_record_that_we_could_not_use_is_passed_on_all_the_same(get, desk):
    headers = {"Content-Type": "application/json", "X-Total": "1"}
    body = '[{"id": "x", "title": "T", "totalBudgetCents": -5, "odd": [1]}]'
    answer = {"status": 200, "headers": headers, "body": body}
    desk.sandbox.fault({"action": "answer", "path": "campaigns$", **answer})

    assert get("/remote/campaigns").json == [
        {"id": "x", "title": "T", "totalBudgetCents": -5, "odd": [1]}
    ]


def test_each_question_is_logged_with_the_calls_that_people_wait_for(get, desk):
    before = logged().id

    get("/remote/campaigns?per_page=1")

    call = logged()
    assert call.id > before
    assert (call.method, call.priority, call.outcome) == ("GET", "push", "ok")
    assert call.connection_id == desk.connection_id


@pytest.mark.parametrize(
    ("fault", "status", "code", "remote_status"),
    [
        ({"action": "answer", "status": 500, "body": "<p>"}, 502, "remote_error", 500),
        ({"action": "answer", "status": 401, "body": ""}, 502, "remote_error", 401),
        ({"action": "answer", "status": 429, "body": ""}, 503, "unavailable", 429),
        ({"action": "answer", "status": 422, "body": '{"error": "No."}'}, 422, "refused", 422),
        ({"action": "answer", "status": 404, "body": ""}, 502, "remote_error", 404),
        ({"action": "cut_before_apply"}, 504, "remote_timeout", None),
    ],
)
def test_an_error_of_the_ad_server_comes_in_words_with_its_status(
    get, desk, fault, status, code, remote_status
):
    desk.sandbox.fault({"path": "campaigns$", **fault})

    problem = get("/remote/campaigns", status)

    assert problem.json["code"] == code
    detail = problem.json["detail"]
    assert detail.startswith("Megaphone")
    assert "by itself" not in detail
    if code == "unavailable":
        assert detail.endswith(f"send it again in {problem.headers['Retry-After']} s.")
    elif remote_status in (500, None):
        assert detail.endswith("send it again later.")
    assert problem.json["remote"]["status"] == remote_status
    assert ("Retry-After" in problem.headers) == (code == "unavailable")


def test_a_record_that_is_not_there_is_a_404(get):
    problem = get("/remote/campaigns/2f6ad6b0-0000-11f0-8de9-0242ac120002", 404)

    assert problem.json["code"] == "not_found"
    assert get("/remote/campaigns/not an id", 404).json["code"] == "not_found"


def test_nothing_is_asked_through_a_connection_that_is_paused_or_silent(get, desk):
    connection = db.session.get_one(Connection, desk.connection_id)
    connection.failures, connection.trial_at = 5, utc_now() + timedelta(seconds=30)

    silent = get("/remote/campaigns", 503)
    assert silent.headers["Retry-After"] == "60"
    connection = db.session.get_one(Connection, desk.connection_id)
    connection.failures, connection.state, connection.state_reason = 0, "paused", "No token."

    asked = len(desk.sandbox.requests())
    assert get("/remote/campaigns", 503).json["detail"] == "The connection is paused. No token."
    assert len(desk.sandbox.requests()) == asked


def test_few_threads_of_a_process_wait_for_the_ad_server(app, desk):
    # Half of what an answer may take: the two need not begin at quite the same moment.
    desk.sandbox.settings(latency_ms=5000)
    headers = {"Authorization": f"Bearer {factories.api_token('read')}"}
    db.session.commit()

    def ask():
        return app.test_client().get("/api/v1/remote/campaigns?per_page=1", headers=headers)

    answers = sorted(in_threads([ask, ask]), key=lambda answer: answer.status_code)

    assert [answer.status_code for answer in answers] == [200, 503]
    assert answers[1].headers["Retry-After"] == "1"


def test_what_is_counted_of_a_question_is_written_under_the_write_lock(app, get, desk):
    limited = {"megaphone_requests_per_minute": 6000}
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=limited)
    seen = []

    def note(_connection, _cursor, statement, *_more):
        seen.append(statement)

    with listening(Engine, "before_cursor_execute", note):
        get("/remote/campaigns?per_page=1")

    begun = ""
    for statement in seen:
        if statement.startswith("BEGIN"):
            begun = statement
        # PostgreSQL's driver begins by itself, and locks rows.
        if statement.startswith(("UPDATE rate_budget", "INSERT INTO request_log")):
            assert begun in ("", "BEGIN IMMEDIATE"), seen
    assert any(statement.startswith("UPDATE rate_budget") for statement in seen)


@pytest.mark.parametrize("argument", ["page=0", "per_page=501", "search=x"])
def test_an_argument_that_cannot_be_used_is_refused(get, argument):
    assert get(f"/remote/campaigns?{argument}", 422).json["code"] == "invalid"
