"""``flask connections``: which there are, whether they answer, pausing and resuming sending."""

import json
from datetime import timedelta

import pytest

from tests import factories
from tests.cli.conftest import Terminal, leading_to
from tests.factories import ACTOR
from tests.support.sandbox import Sandbox
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign, Change
from webapp.connections import service
from webapp.connections.models import ACTIVE, NO_MARKER, PAUSED, STORED_MARKER, Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.sync.models import RequestLog


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return leading_to(sandbox, settings)


@pytest.fixture
def connection(settings: Settings, db_session) -> Connection:
    with transaction():
        made = service.connect_from_settings(ACTOR, settings)
    assert made
    return made


def the_connection() -> Connection:
    db.session.expire_all()
    return db.session.query(Connection).one()


def test_connections_are_listed_with_their_address(terminal: Terminal, connection) -> None:
    (line,) = terminal("connections", "list").stdout.splitlines()
    (found,) = json.loads(terminal("connections", "list", "--json").stdout)

    assert line.startswith(f"{connection.id}  Megaphone  ")
    assert connection.base_url in line
    assert (found["id"], found["state"], found["address"]) == (
        connection.id,
        "active",
        connection.base_url,
    )


def test_without_a_connection_the_list_is_empty(terminal: Terminal) -> None:
    result = terminal("connections", "list", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_a_check_says_what_it_saw_and_keeps_it(terminal: Terminal, connection) -> None:
    result = terminal("connections", "check")

    assert result.exit_code == 0, result.output
    assert "answers, shows 40 campaigns; external IDs: kept" in result.stdout
    kept = the_connection()
    assert kept.capabilities["campaigns"] == 40
    assert kept.capabilities["update_fields"] == sorted(kept.capabilities["update_fields"])
    assert kept.checked_at is not None
    assert db.session.query(AuditEvent).one().action == "checked"
    calls = db.session.query(RequestLog).all()
    assert [(call.connection_id, call.outcome) for call in calls] == [(kept.id, "ok")] * 4
    assert (kept.capabilities["looked_at"], kept.capabilities["unreadable"]) == (3, [])


def test_an_ad_server_that_refuses_the_token_fails_and_pauses(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    sandbox.fault({"action": "status", "status": 401})

    result = terminal("connections", "check", "--json")

    (found,) = json.loads(result.stdout)
    assert (result.exit_code, found["answers"]) == (1, False)
    paused = the_connection()
    assert (paused.state, paused.pause_kind) == (PAUSED, "auth_failed")
    assert paused.checked_at is None


def test_a_broken_answer_fails_without_a_pause_and_counts_for_the_breaker(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    sandbox.fault({"action": "status", "status": 500})

    assert terminal("connections", "check").exit_code == 1
    assert (the_connection().state, the_connection().failures) == (ACTIVE, 1)


def test_a_check_that_succeeds_ends_a_pause(terminal: Terminal, connection) -> None:
    with transaction():
        service.pause(ACTOR, the_connection(), "Refused.", "auth_failed")

    assert terminal("connections", "check").exit_code == 0
    assert (the_connection().state, the_connection().pause_kind) == (ACTIVE, None)


def booked_under(marker: str, sandbox: Sandbox) -> Campaign:
    """A campaign that exists in the sandbox, as if it had been booked from here."""
    remote = sandbox.control("GET", "campaigns")["campaigns"][0]
    sandbox.control("PUT", f"campaigns/{remote['id']}", {"externalId": marker})
    return factories.campaign(remote_id=remote["id"], marker=marker)


def test_only_proof_makes_external_ids_trusted_again(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    connection.marker_mode = NO_MARKER
    db.session.flush()
    terminal("connections", "check")
    assert the_connection().marker_mode == NO_MARKER

    booked_under("fd-abc", sandbox)
    terminal("connections", "check")
    assert the_connection().marker_mode == STORED_MARKER


def test_an_external_id_that_is_another_now_proves_nothing(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    campaign = booked_under("fd-abc", sandbox)
    campaign.marker = "FD-ABC"
    db.session.flush()

    terminal("connections", "check")

    assert the_connection().marker_mode == STORED_MARKER
    assert the_connection().capabilities["marker_seen"] is False


def test_one_of_those_booked_first_and_last_and_between_is_proof_enough(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    connection.marker_mode = NO_MARKER
    remote = sandbox.control("GET", "campaigns")["campaigns"][:5]
    for number, record in enumerate(remote):
        # Each but the first was given another external ID there since.
        marker = f"fd-{number}" if number == 0 else "theirs"
        sandbox.control("PUT", f"campaigns/{record['id']}", {"externalId": marker})
        factories.campaign(remote_id=record["id"], marker=f"fd-{number}")

    terminal("connections", "check")

    assert the_connection().marker_mode == STORED_MARKER
    one = [call for call in db.session.query(RequestLog) if call.path.endswith("{campaign}")]
    assert len(one) == 2


def test_a_row_at_the_end_of_the_list_that_cannot_be_read_is_said(
    terminal: Terminal, sandbox: Sandbox, connection
) -> None:
    row = {"status": 200, "headers": {"Content-Type": "application/json", "X-Total": "40"}}
    answer = {"action": "answer", "path": "campaigns$", "page": 40, **row}
    sandbox.fault(answer | {"body": '[{"id": "x", "title": 7}]'})

    result = terminal("connections", "check")

    assert result.exit_code == 0, result.output
    assert "; 1 of 3 looked at cannot be used: " in result.stdout


def test_sending_is_paused_with_a_reason(terminal: Terminal, connection) -> None:
    result = terminal("connections", "pause", str(connection.id), "--reason", "Not today")

    assert result.exit_code == 0, result.output
    assert the_connection().hold_reason == "Not today"
    assert "sending paused by " in terminal("connections", "list").stdout


@pytest.mark.parametrize("arguments", [(), ("--reason", " ")])
def test_without_a_reason_the_command_line_is_wrong(
    terminal: Terminal, connection, arguments: tuple[str, ...]
) -> None:
    assert terminal("connections", "pause", *arguments).exit_code == 2
    assert the_connection().held_at is None


@pytest.fixture
def held(connection: Connection) -> Connection:
    with transaction():
        service.hold_sending(ACTOR, connection, "Not today")
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"))
    campaign.total_budget_minor = 480000
    factories.change(campaign, fields=["budget"])
    return connection


def test_resuming_shows_what_goes_out(terminal: Terminal, held: Connection) -> None:
    result = terminal("connections", "resume", "--yes")

    assert result.exit_code == 0, result.output
    assert "Megaphone: 1 to send, in less than a minute.\n" in result.stderr
    assert "Spring: budget USD 4,500.00 -> USD 4,800.00" in result.stderr
    assert result.stdout == "Sending goes on.\n"
    assert the_connection().held_at is None


def test_resuming_says_that_nothing_goes_out_and_what_goes_out_later(
    terminal: Terminal, held: Connection
) -> None:
    change = db.session.query(Change).one()
    change.not_before = utc_now() + timedelta(hours=1)
    assert "Megaphone: nothing to send; 1 put off.\n" in resumed(terminal)
    change.state, change.not_before = "applied", None
    assert "Megaphone: nothing to send.\n" in resumed(terminal)


def resumed(terminal: Terminal) -> str:
    terminal("connections", "pause", "--reason", "Not today")
    return terminal("connections", "resume", "--yes").stderr


def test_resuming_with_nobody_to_ask_needs_a_yes(terminal: Terminal, held: Connection) -> None:
    result = terminal("connections", "resume")

    assert result.exit_code == 2
    assert "Use --yes" in result.stderr
    assert the_connection().held_at is not None


def test_one_that_an_error_paused_is_checked_before_it_is_resumed(
    terminal: Terminal, sandbox: Sandbox, connection: Connection
) -> None:
    with transaction():
        service.pause(ACTOR, the_connection(), "Refused.", "auth_failed")
    sandbox.fault({"action": "status", "status": 401})

    assert terminal("connections", "resume", "--yes").exit_code == 1
    assert the_connection().state == PAUSED

    sandbox.clear_faults()
    result = terminal("connections", "resume", "--yes", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)[0]["state"] == "active"


@pytest.mark.parametrize("command", ["check", "pause", "resume"])
def test_a_connection_that_is_not_there_is_a_sentence(terminal: Terminal, command: str) -> None:
    arguments = ("--reason", "x") if command == "pause" else ()
    result = terminal("connections", command, "99", *arguments)
    assert (result.exit_code, result.stderr) == (1, "Error: There is no such connection.\n")
