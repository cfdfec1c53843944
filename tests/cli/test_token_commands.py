"""``flask tokens``: made, listed, rotated and revoked at a shell."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests import factories
from tests.cli.conftest import Terminal
from webapp.api.tokens import LATEST
from webapp.audit.models import AuditEvent
from webapp.auth import queries
from webapp.auth.models import ApiToken
from webapp.core.clock import utc_now
from webapp.core.db import db


def opened(secret: str) -> ApiToken | None:
    found = queries.live_token(secret, utc_now())
    return found and found[0]


def audited() -> set[tuple[str, str, str]]:
    return {(e.source, e.action, e.object_label) for e in db.session.query(AuditEvent)}


def days_left(token: ApiToken) -> int:
    assert token.expires_at
    return round((token.expires_at - utc_now()) / timedelta(days=1))


def test_a_token_stands_alone_on_the_last_line_and_works(terminal: Terminal) -> None:
    result = terminal("tokens", "create", "reporting")
    assert result.exit_code == 0, result.output
    token = opened(result.stdout.splitlines()[-1])
    assert token is not None
    assert (token.name, token.scopes, token.per_window) == ("reporting", "read", 3000)
    assert days_left(token) == 365
    assert result.stdout.count("\n") == 1
    assert audited() == {("cli", "made token", "reporting")}


def test_a_token_is_made_as_it_is_wanted(terminal: Terminal, manager) -> None:
    wanted = ("--scope", "write", "--scope", "read", "--expires", "30d", "--limit", "77")
    result = terminal("tokens", "create", "x", *wanted, "--operator", manager.email, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    token = opened(said["token"])
    assert token is not None
    assert (token.scopes, token.per_window, token.operator_id) == ("read write", 77, manager.id)
    assert days_left(token) == 30
    assert (said["scopes"], said["state"]) == (["read", "write"], "live")


@pytest.mark.parametrize(
    ("said", "kept"),
    [("never", None), ("2099-12-31", datetime(2100, 1, 1, tzinfo=UTC))],
)
def test_a_token_expires_at_the_end_of_a_day_or_never(terminal: Terminal, said, kept) -> None:
    token = opened(terminal("tokens", "create", "x", "--expires", said).stdout.strip())
    assert token is not None
    assert token.expires_at == kept


@pytest.mark.parametrize("said", ["soon", "1", "-1d", "2026-02-30", "9999999y", "9999-12-31"])
def test_an_expiry_that_cannot_be_read_is_a_wrong_command_line(terminal: Terminal, said) -> None:
    result = terminal("tokens", "create", "x", "--expires", said)
    assert result.exit_code == 2
    assert db.session.query(ApiToken).count() == 0


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "taken"])
def test_a_token_needs_a_name_of_its_own(terminal: Terminal, name: str) -> None:
    factories.api_token(name="taken")
    result = terminal("tokens", "create", name)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stdout == ""


def test_a_token_of_nobody_known_is_not_made(terminal: Terminal) -> None:
    result = terminal("tokens", "create", "x", "--operator", "nobody@example.com")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nobody@example.com" in result.stderr


def test_a_revoked_token_opens_nothing_and_stays_on_the_list(terminal: Terminal) -> None:
    token = factories.api_token(name="old script")
    assert terminal("tokens", "revoke", "old script").exit_code == 0
    assert opened(token) is None
    listed = terminal("tokens", "list").stdout
    made = "old script  read, write, sync; made 2026-03-02; last used never; revoked "
    assert listed.startswith(made)
    assert token not in listed
    assert audited() == {("cli", "revoked token", "old script")}


def test_revoking_twice_keeps_the_first_time(terminal: Terminal) -> None:
    factories.api_token(name="old", revoked_at=factories.SOME_DAY)
    assert terminal("tokens", "revoke", "old").exit_code == 0
    assert db.session.query(ApiToken).one().revoked_at == factories.SOME_DAY
    assert audited() == set()


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
def test_what_is_not_there_is_said_in_a_sentence(terminal: Terminal, verb: str) -> None:
    result = terminal("tokens", verb, "nothing")
    assert (result.exit_code, result.stderr) == (1, "Error: There is no token named nothing.\n")


def test_rotated_the_new_secret_is_printed_and_the_old_one_works_on(terminal: Terminal) -> None:
    old = factories.api_token(name="report")
    result = terminal("tokens", "rotate", "report", "--overlap", "30m")
    new = result.stdout.strip()
    token = opened(new)
    assert token is not None
    assert new != old
    assert opened(old) is token
    assert token.previous_until is not None
    assert token.previous_until - utc_now() <= timedelta(minutes=30)
    assert token.expires_at is None
    assert audited() == {("cli", "rotated token", "report")}


@pytest.mark.parametrize(("said", "days"), [((), 30), (("--expires", "90d"), 90)])
def test_rotated_a_token_is_good_for_as_long_as_before_or_as_is_said(
    terminal: Terminal, said: tuple[str, ...], days: int
) -> None:
    made_days_ago(terminal, 20, "--expires", "30d")

    token = opened(terminal("tokens", "rotate", "report", *said).stdout.strip())

    assert token is not None
    assert days_left(token) == days


def test_rotated_again_the_time_since_the_first_secret_does_not_count(terminal: Terminal) -> None:
    made_days_ago(terminal, 20, "--expires", "30d")
    terminal("tokens", "rotate", "report")

    token = opened(terminal("tokens", "rotate", "report").stdout.strip())

    assert token is not None
    assert days_left(token) == 30


def test_rotated_again_and_again_it_stays_in_the_calendar(terminal: Terminal) -> None:
    made_days_ago(terminal, 2, "--expires", "2999-12-31")

    token = opened(terminal("tokens", "rotate", "report").stdout.strip())

    assert token is not None
    assert token.expires_at == LATEST


def made_days_ago(terminal: Terminal, days: int, *arguments: str) -> None:
    with time_machine.travel(utc_now() - timedelta(days=days), tick=True):
        assert terminal("tokens", "create", "report", *arguments).exit_code == 0


def test_rotated_without_overlap_the_old_secret_ends(terminal: Terminal) -> None:
    old = factories.api_token(name="report")
    said = json.loads(terminal("tokens", "rotate", "report", "--overlap", "0", "--json").stdout)
    assert opened(old) is None
    assert opened(said["token"]) is not None


def test_the_list_as_json_has_no_secret_and_no_digest(terminal: Terminal, manager) -> None:
    secret = factories.api_token(name="report", operator_id=manager.id)
    text = terminal("tokens", "list", "--json").stdout
    (said,) = json.loads(text)
    assert (said["name"], said["operator"], said["last_used_at"]) == (
        "report",
        manager.email,
        None,
    )
    assert secret not in text
    assert queries.token_digest(secret) not in text
