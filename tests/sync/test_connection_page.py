"""The page of a connection: how it goes, what it can, and holding and releasing its sending."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.audit.models import AuditEvent
from webapp.auth import sessions
from webapp.auth.models import OperatorSession
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import RequestLog


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"megaphone_requests_per_minute": 60})


@pytest.fixture
def connection(app):
    return factories.connection()


def address(connection):
    return f"/connections/{connection.id}"


def facts(page):
    """Name -> text of every fact on the page."""
    return {
        name.text: fact.text
        for panel in page.main.all("dl")
        for name, fact in zip(panel.all("dt"), panel.all("dd"), strict=True)
    }


def called(connection, seconds_ago):
    db.session.add(
        RequestLog(
            connection_id=connection.id,
            at=utc_now() - timedelta(seconds=seconds_ago),
            method="GET",
            path="/campaigns",
            priority="pull",
            outcome="ok",
            received_bytes=1,
            duration_ms=1,
        )
    )
    db.session.flush()


def test_last_attempt_last_success_and_next_run_are_three_things(viewer_client):
    now = utc_now()
    connection = factories.connection(
        last_attempt_at=now - timedelta(minutes=10), last_success_at=now - timedelta(hours=5)
    )

    shown = facts(get_page(viewer_client, address(connection)))

    assert shown["Last attempt"].startswith("10 min ago")
    assert shown["Last success"].startswith("5 h ago")
    assert shown["Next run"].startswith("in 19 min")


def test_the_sync_page_leads_to_it_and_it_leads_to_its_runs(viewer_client, connection):
    factories.sync_run(connection_id=connection.id)

    page = get_page(viewer_client, "/sync").follow("Megaphone")

    assert page.h1 == "Megaphone"
    assert len(page.follow("All runs of this connection").rows) == 1


def test_calls_of_the_last_minute_are_counted_against_what_may_be_made(viewer_client, connection):
    for seconds_ago in (5, 30, 70):
        called(connection, seconds_ago)

    shown = facts(get_page(viewer_client, address(connection)))

    assert shown["In the last minute"] == "2 of 54 that may be made"


def test_calls_of_each_hour_are_drawn_against_what_an_hour_may_have(viewer_client, connection):
    for minutes_ago in (1, 61, 62, 60 * 30):
        called(connection, 60 * minutes_ago)

    shown = get_page(viewer_client, address(connection)).text

    assert "3 calls in 24 hours" in shown
    assert "Any hour may have 3,240." in shown


def test_an_open_breaker_says_what_is_tried_and_when(viewer_client):
    connection = factories.connection(
        failures=7, trial_at=utc_now() + timedelta(seconds=90), retry_tokens=2.4
    )

    page = get_page(viewer_client, address(connection))

    assert "7 calls in a row failed. One is tried each minute" in page.text
    shown = facts(page)
    assert shown["Failed in a row"] == "7, next trial in 1 min"
    assert shown["Sending again"].startswith("2 of 10 repeats left")


@pytest.mark.parametrize(
    ("mode", "words", "meaning"),
    [
        ("unique", "kept, and refused a second time", "after one look finds none"),
        ("stored", "kept", "only after two looks"),
        ("none", "not kept", "you choose from the campaigns that look like it"),
    ],
)
def test_how_external_ids_are_trusted_is_said_with_what_follows(
    viewer_client, mode, words, meaning
):
    connection = factories.connection(marker_mode=mode)

    shown = facts(get_page(viewer_client, address(connection)))["External IDs"]

    assert shown.startswith(words)
    assert meaning in shown


def test_what_the_last_check_found_is_listed_in_words(viewer_client):
    connection = factories.connection(
        checked_at=utc_now(),
        capabilities={
            "label": "Megaphone (v1)",
            "campaigns": 1240,
            "advertisers": None,
            "looked_at": 3,
            "unreadable": ["Its title is no text."],
            "update_fields": ["copy_needed", "title"],
            "delete": False,
            "archive": "local_only",
            "page_size": 500,
        },
    )

    shown = facts(get_page(viewer_client, address(connection)))

    assert shown["May see"] == "1,240 campaigns, advertisers"
    assert shown["Looked at"].endswith("1 cannot be used. Its title is no text.")
    assert shown["Fields that can be changed"] == "copy needed, title"
    assert (shown["Deleting"], shown["Archiving"]) == ("no", "kept here only")


def test_before_the_first_check_it_says_so(viewer_client, connection):
    page = get_page(viewer_client, address(connection))
    assert "It was not checked yet." in page.text
    assert facts(page)["External IDs"].startswith("kept, as far as is known")


def test_a_pause_ends_the_trials(viewer_client):
    connection = factories.connection(state="paused", state_reason="Refused.", failures=7)

    page = get_page(viewer_client, address(connection))

    assert "One is tried each minute" not in page.text
    assert facts(page)["Failed in a row"] == "7"


@pytest.mark.parametrize(
    ("kind", "step"),
    [
        ("auth_failed", "Enter a token that works"),
        ("contract_changed", "does not speak as agreed"),
        ("permission_denied", "then check again"),
        (None, "It has to be mended."),
    ],
)
def test_a_pause_says_why_and_what_ends_it(viewer_client, kind, step):
    connection = factories.connection(state="paused", state_reason="Refused.", pause_kind=kind)

    page = get_page(viewer_client, address(connection))

    assert "Megaphone is paused: Refused. Nothing is sent until then" in page.text
    assert step in page.text
    assert "Late" not in page.text


def test_all_sending_is_paused_with_a_reason_and_everyone_sees_who_did(manager_client, connection):
    page = get_page(manager_client, address(connection))
    page = page.submit("Pause all sending", {"reason": "Prices are wrong."})

    assert "Nothing is sent until somebody resumes it." in page.notices
    assert "manager@example.com paused all sending" in page.text
    assert "“Prices are wrong.”" in page.text
    assert "Pause all sending" not in [button for form in page.forms for button in form.buttons]
    assert "“Prices are wrong.” Changes wait" in get_page(manager_client, "/sync").text
    event = db.session.query(AuditEvent).one()
    assert (event.action, event.reason) == ("held sending", "Prices are wrong.")
    timeline = get_page(manager_client, "/timeline")
    assert "manager@example.com paused all sending to Megaphone" in timeline.text
    assert timeline.follow("Megaphone").url == address(connection)


def test_without_a_reason_it_is_not_paused_and_the_field_says_so(manager_client, connection):
    page = get_page(manager_client, address(connection))
    page = page.submit("Pause all sending", {"reason": "  "}, status=422)

    assert page.title.startswith("Error: ")
    assert "Say why" in page.errors["reason"]
    assert db.session.get_one(Connection, connection.id).held_at is None


@pytest.fixture
def held():
    return factories.connection(
        held_at=utc_now(), held_by="ana@example.com", hold_reason="Prices are wrong."
    )


def test_what_goes_out_is_listed_with_its_time_before_sending_is_resumed(manager_client, held):
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"))
    campaign.total_budget_minor = 480000
    factories.change(campaign, fields=["budget"])
    factories.change(factories.campaign(title="New one", waiting=True))
    tomorrow = utc_now() + timedelta(days=1)
    factories.change(factories.campaign(title="Put off"), not_before=tomorrow)
    factories.change(factories.campaign(title="On hold by itself"), state="held")
    factories.change(factories.campaign(title="Under way"), state="sent")

    page = get_page(manager_client, address(held)).follow("See what goes out, and resume")

    assert "2 changes go out, in less than a minute." in page.text
    assert "“Prices are wrong.”" in page.text
    assert [row[:2] for row in page.rows] == [
        ["Spring", "budget: from USD 4,500.00 to USD 4,800.00"],
        ["New one", "New campaign"],
        ["Put off", "nothing is left to send"],
    ]
    assert "1 more is put off, and goes out at its time." in page.text
    assert db.session.get_one(Connection, held.id).held_at is not None

    page = page.submit("Resume sending to Megaphone")
    assert "Sending goes on." in page.notices
    assert db.session.get_one(Connection, held.id).held_at is None


def test_resuming_takes_a_password_that_was_typed_just_now(manager_client, held):
    page = get_page(manager_client, f"{address(held)}/release")
    db.session.query(OperatorSession).update({"confirmed_at": utc_now() - sessions.FRESH})
    db.session.commit()

    assert page.submit("Resume sending to Megaphone").h1 == "Is it you?"
    assert db.session.get_one(Connection, held.id).held_at
    asked = get_page(manager_client, f"{address(held)}/release")
    assert asked.h1 == "Is it you?"
    page = asked.submit("Go on", {"password": factories.PASSWORD})
    assert "Sending goes on." in page.submit("Resume sending to Megaphone").notices


def test_pausing_asks_for_no_password(manager_client, connection):
    db.session.query(OperatorSession).update({"confirmed_at": utc_now() - sessions.FRESH})
    page = get_page(manager_client, address(connection))
    page.submit("Pause all sending", {"reason": "Rates change"})
    assert db.session.get_one(Connection, connection.id).held_at


def test_with_nothing_waiting_it_says_so(manager_client, held):
    assert "Nothing waits." in get_page(manager_client, f"{address(held)}/release").text


def test_with_nothing_but_what_is_put_off_nothing_goes_out_now(manager_client, held):
    factories.change(factories.campaign(), not_before=utc_now() + timedelta(hours=1))

    page = get_page(manager_client, f"{address(held)}/release")

    assert "Nothing goes out now. 1 is put off, and goes out at its time." in page.text


def test_of_very_many_some_are_listed_and_the_rest_counted(manager_client, held):
    for _ in range(52):
        factories.change(factories.campaign())

    page = get_page(manager_client, f"{address(held)}/release")

    assert len(page.rows) == 50
    assert "52 changes go out, in about 2 min at 54 requests a minute." in page.text
    assert "And 2 more." in page.text


def test_resuming_what_somebody_resumed_already_does_no_harm(manager_client, held):
    page = get_page(manager_client, f"{address(held)}/release")
    page.submit("Resume sending to Megaphone")
    page.submit("Resume sending to Megaphone")

    assert [e.action for e in db.session.query(AuditEvent)] == ["released sending"]
    assert get_page(manager_client, f"{address(held)}/release").url == address(held)


def test_a_viewer_sees_it_all_and_may_do_nothing(viewer_client, held):
    viewer_client.application.config["WTF_CSRF_ENABLED"] = False

    page = get_page(viewer_client, address(held))

    assert page.main.all("form") == []
    assert "See what goes out, and resume" not in page.links
    get_page(viewer_client, f"{address(held)}/release", status=403)
    for action in ("hold", "release", "check"):
        assert viewer_client.post(f"{address(held)}/{action}").status_code == 403


@pytest.mark.parametrize("number", ["999", "9" * 30, "x"])
def test_a_connection_that_is_not_there_is_a_404(manager_client, number):
    assert get_page(manager_client, f"/connections/{number}", status=404)


def test_a_detached_connection_has_no_page(manager_client):
    connection = factories.connection(state="detached")
    assert get_page(manager_client, address(connection), status=404)


@pytest.mark.parametrize(("path", "most"), [("", 14), ("/release", 9)])
def test_its_pages_cost_as_many_statements_with_much_as_with_little(
    manager_client, held, path, most
):
    factories.change(factories.campaign(), fields=["advertiser"])

    def statements():
        db.session.commit()
        with count_statements() as found:
            manager_client.get(f"{address(held)}{path}")
        return found

    few = statements()
    for _ in range(20):
        factories.change(factories.campaign(), fields=["advertiser"])
        called(held, 1)

    assert len(statements()) == len(few) <= most
    assert written(few) == []
