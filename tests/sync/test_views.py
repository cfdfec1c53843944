"""The sync page and the page of a run."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.audit.models import AuditEvent
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import SyncRun

HTMX = {"HX-Request": "true"}


def facts(page):
    panel = page.main.all("dl")[0]
    names = [name.text for name in panel.all("dt")]
    return dict(zip(names, [fact.text for fact in panel.all("dd")], strict=True))


def test_last_attempt_and_last_success_are_two_things(viewer_client):
    now = utc_now()
    factories.connection(
        last_attempt_at=now - timedelta(minutes=10), last_success_at=now - timedelta(hours=5)
    )

    page = get_page(viewer_client, "/sync")

    shown = facts(page)
    assert shown["Last attempt"].startswith("10 min ago")
    assert shown["Last success"].startswith("5 h ago")
    assert shown["Next run"].startswith("in 19 min")
    assert "Late" in page.text
    assert "Megaphone is 5 h late; numbers may be old." in page.text


def test_a_fresh_connection_needs_no_banner(viewer_client):
    now = utc_now()
    factories.connection(last_attempt_at=now, last_success_at=now)

    page = get_page(viewer_client, "/sync")

    assert "Fresh" in page.text
    assert "numbers may be old" not in page.text


def test_a_connection_that_was_never_read_says_never(viewer_client):
    factories.connection(created_at=utc_now())

    assert facts(get_page(viewer_client, "/sync"))["Last success"] == "never"


def test_a_paused_connection_says_why_on_every_page(viewer_client):
    factories.connection(state="paused", state_reason="Megaphone refused the token.")

    for path in ("/sync", "/campaigns", "/"):
        text = get_page(viewer_client, path).text
        assert "Megaphone is paused: Megaphone refused the token. Nothing is sent" in text


def test_nothing_connected_says_what_to_set(viewer_client):
    assert "MEGAPHONE_API_TOKEN" in get_page(viewer_client, "/sync").text


def test_sync_now_asks_for_one_run_however_often_it_is_pressed(manager_client):
    factories.connection()

    page = get_page(manager_client, "/sync").submit("Sync now")
    page = page.submit("Sync now")

    assert "A run is asked for" in page.notices
    run = db.session.query(SyncRun).one()
    assert (run.state, run.trigger, run.requested_by) == (
        "requested",
        "operator",
        "manager@example.com",
    )
    event = db.session.query(AuditEvent).one()
    assert (event.actor, event.action) == ("manager@example.com", "asked for a sync")
    assert page.root.one(id="progress").has("data-live")


def test_a_viewer_may_not_start_a_run(viewer_client):
    viewer_client.application.config["WTF_CSRF_ENABLED"] = False
    connection = factories.connection()

    assert "Sync now" not in get_page(viewer_client, "/sync").text
    answer = viewer_client.post(f"/sync/connections/{connection.id}/run")
    assert answer.status_code == 403
    assert db.session.query(SyncRun).count() == 0


@pytest.mark.parametrize("number", ["999", "9" * 30, "x"])
def test_a_connection_that_is_not_there_is_a_404(manager_client, number):
    manager_client.application.config["WTF_CSRF_ENABLED"] = False

    assert manager_client.post(f"/sync/connections/{number}/run").status_code == 404


def test_a_run_under_way_shows_how_far_it_is(viewer_client):
    factories.sync_run(
        state="running", remote_total=1000, read_count=400, unchanged_count=400, request_count=3
    )

    fragment = viewer_client.get("/sync/progress", headers=HTMX).text

    assert "400 of 1,000 campaigns read" in fragment
    assert 'value="400"' in fragment
    assert 'data-live="/sync/progress"' in fragment
    assert "<html" not in fragment


def test_a_run_of_a_connection_that_is_not_shown_keeps_nobody_waiting(viewer_client):
    gone = factories.connection(state="detached")
    factories.sync_run(state="running", connection_id=gone.id)

    assert not get_page(viewer_client, "/sync").root.one(id="progress").has("data-live")


def test_when_a_run_is_over_the_region_says_how_it_ended_and_stops(viewer_client):
    factories.sync_run(state="failed", problem="Megaphone answered with an error (502).")

    fragment = viewer_client.get("/sync/progress", headers=HTMX).text

    assert "Megaphone answered with an error (502)." in fragment
    assert "data-live=" not in fragment
    assert 'hx-select-oob="#freshness,#runs"' in fragment


def test_the_latest_runs_are_renewed_when_a_run_is_over_and_lead_to_all(viewer_client):
    for _ in range(12):
        factories.sync_run()

    page = get_page(viewer_client, "/sync")

    assert len(page.root.one(id="runs").all("tr")) == 11
    assert len(page.follow("All runs").rows) == 12


def test_the_progress_opened_by_itself_leads_to_the_sync_page(viewer_client):
    assert get_page(viewer_client, "/sync/progress").h1 == "Sync"


def test_the_list_of_runs_has_counts_that_balance(viewer_client):
    factories.sync_run(
        state="incomplete",
        read_count=1000,
        created_count=1,
        updated_count=20,
        unchanged_count=976,
        set_aside_count=3,
        request_count=7,
        problem="Page 3 could not be read.",
    )

    cells = get_page(viewer_client, "/sync").rows[0]

    assert cells[1:] == [
        "Incomplete",
        "1,000",
        "1",
        "20",
        "976",
        "3",
        "7",
        "20 s",
        "Page 3 could not be read.",
    ]


def test_what_is_going_out_is_counted_in_the_operators_words(viewer_client):
    for state in ("ready", "ready", "claimed", "sent", "settling", "probing", "applied"):
        factories.change(factories.campaign(), state=state)

    cards = [
        card.text
        for card in get_page(viewer_client, "/sync").main.all("div")
        if card.get("class") == "card"
    ]

    assert [card.split() for card in cards] == [
        ["2", "waiting"],
        ["0", "on", "hold"],
        ["2", "sending"],
        ["2", "checking"],
    ]


def test_refused_and_unknown_changes_are_listed_with_a_sentence_and_a_link(viewer_client):
    for state, error in (
        ("rejected", "The title is taken."),
        ("settling", "Megaphone did not answer in time."),
        ("parked", "It is not in Megaphone any more."),
        ("applied", "Not to be seen."),
    ):
        factories.change(factories.campaign(title=state), state=state, last_error=error)

    page = get_page(viewer_client, "/sync")

    assert [row[:3] for row in page.rows] == [
        ["parked", "Needs you", "It is not in Megaphone any more."],
        ["settling", "Checking", "Megaphone did not answer in time."],
        ["rejected", "Refused", "The title is taken."],
    ]
    assert "again" not in page.text.lower()
    assert page.follow("rejected").h1 == "rejected"


def test_the_sync_page_costs_few_statements(viewer_client):
    for _ in range(10):
        factories.sync_run()
    db.session.commit()

    with count_statements() as statements:
        viewer_client.get("/sync")

    assert len(statements) <= 10
    assert written(statements) == []


@pytest.mark.parametrize("path", ["/sync", "/sync/1", "/sync/runs", "/sync/progress"])
def test_a_stranger_is_asked_to_sign_in(client, path):
    assert get_page(client, path).h1 == "Sign in"
