"""Credentials of connections: locked in their row, entered in a page, never shown, rotated."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests import factories
from tests.adservers.wire import WireServer, answer
from tests.cli.conftest import Terminal, terminal
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.stack import PATIENCE, ROOT
from webapp.adservers.errors import AdServerError, AuthFailed
from webapp.adservers.types import Priority
from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator, OperatorSession
from webapp.connections import credentials, service
from webapp.connections.models import ACTIVE, PAUSED, Connection
from webapp.connections.service import MEGAPHONE
from webapp.core.config import Settings
from webapp.core.crypt import CannotOpen, decrypt, encrypt, is_newest
from webapp.core.db import db
from webapp.core.keys import encryption_key_file, encryption_keys, new_key
from webapp.core.ratelimit import RateLimiter
from webapp.ops.doctor import surroundings, work
from webapp.ops.doctor.findings import BROKEN, OK
from webapp.sync.remote import RequestCount, open_remote

__all__ = ["terminal"]

ONE, TWO, THREE = "token-one-canary", "token-two-canary", "token-three-canary"
ORGANIZATION = "organisation-1"


def settings_with(token: str, base_url: str = "https://cms.example/api") -> Settings:
    return Settings(
        megaphone_api_token=token, megaphone_org_id=ORGANIZATION, megaphone_base_url=base_url
    )


def start(token: str, base_url: str = "https://cms.example/api") -> Connection:
    """As the launcher and the worker do when they start."""
    connection = service.connect_from_settings(factories.ACTOR, settings_with(token, base_url))
    assert connection
    db.session.commit()
    return connection


def in_use(token: str = ONE) -> str:
    return credentials.token_in_use(MEGAPHONE, settings_with(token))


def actions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


@pytest.fixture(autouse=True)
def _database(app: Flask) -> None:
    """Every test here has a database."""


def enter(client: Client, connection: Connection, token: str, status: int = 200) -> Any:
    page = get_page(client, f"/connections/{connection.id}/token")
    return page.submit("Use this token", {"token": token}, status=status)


def test_the_settings_token_is_taken_into_the_row_locked() -> None:
    connection = start(ONE)
    stored = db.session.scalar(text("SELECT credential FROM connection"))
    assert ONE not in stored
    assert decrypt(stored, bound_to=f"connection:{connection.id}:credential") == ONE
    assert in_use() == ONE
    assert actions() == []


def test_before_there_is_a_row_the_settings_token_is_used() -> None:
    assert in_use(TWO) == TWO


def test_a_connection_from_before_gets_its_token_locked_at_the_next_start() -> None:
    connection = start(ONE)
    connection.credential = None
    db.session.commit()
    assert start(ONE).credential is not None
    assert in_use() == ONE


def test_copied_into_another_row_it_does_not_open() -> None:
    first = start(ONE)
    other = factories.connection(external_id="other")
    other.credential = first.credential
    db.session.commit()
    foreign = Settings(megaphone_api_token=TWO, megaphone_org_id="other")
    with pytest.raises(CannotOpen):
        credentials.token_in_use(MEGAPHONE, foreign)


def test_a_token_that_was_entered_is_used_until_the_settings_have_another(
    manager_client: Client,
) -> None:
    connection = start(ONE)
    enter(manager_client, connection, f"  {TWO}\n")
    assert in_use() == TWO
    start(ONE)
    assert in_use() == TWO
    start(THREE)
    assert in_use(THREE) == THREE
    assert actions() == ["new token", "new token"]


def test_calls_are_made_with_the_token_that_was_entered(manager_client: Client) -> None:
    with WireServer(answer("", "401 Unauthorized")) as server:
        connection = start(ONE, f"{server.url}/api")
        enter(manager_client, connection, TWO)
        limiter, calls = RateLimiter(0), RequestCount()
        settings = settings_with(ONE, f"{server.url}/api")
        with (
            pytest.raises(AdServerError),
            open_remote(MEGAPHONE, settings, limiter, Priority.PUSH, calls) as remote,
        ):
            remote.check()
    assert TWO in server.heads[0]
    assert ONE not in server.heads[0]


def test_a_token_that_was_entered_lifts_the_pause_and_is_told_without_itself(
    manager_client: Client,
) -> None:
    connection = start(ONE)
    service.pause(factories.ACTOR, connection, "Megaphone refused the token.", "auth_failed")
    db.session.commit()
    assert connection.state == PAUSED
    enter(manager_client, connection, TWO)
    db.session.refresh(connection)
    assert (connection.state, connection.pause_kind) == (ACTIVE, None)
    assert actions() == ["paused", "new token", "resumed"]
    events = db.session.execute(text("SELECT * FROM audit_event")).all()
    assert TWO not in str(events)
    page = get_page(manager_client, f"/connections/{connection.id}").text
    assert "Set by manager" in page
    assert TWO not in page


@pytest.mark.parametrize("token", ["", "   ", "two words", 'quo"te', "back\\slash", "x" * 1001])
def test_what_is_no_token_is_refused_and_not_shown_again(
    manager_client: Client, token: str
) -> None:
    connection = start(ONE)
    page = enter(manager_client, connection, token, status=422)
    assert in_use() == ONE
    field = next(each for each in page.root.all("input") if each.get("name") == "token")
    assert not field.get("value")
    assert actions() == []


def test_no_page_of_it_has_a_token(manager_client: Client) -> None:
    connection = start(ONE)
    enter(manager_client, connection, TWO)
    for path in (
        f"/connections/{connection.id}",
        f"/connections/{connection.id}/token",
        "/sync",
        "/timeline",
    ):
        answered = manager_client.get(path).text
        assert not {ONE, TWO, connection.credential} & set(answered.split('"'))
        assert TWO not in answered


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_not_manage_connections_neither_sees_nor_does_it(client: Client, role: str) -> None:
    connection = start(ONE)
    signed_in(client, factories.operator(role))
    get_page(client, f"/connections/{connection.id}/token", status=403)
    assert "Enter a new token" not in get_page(client, f"/connections/{connection.id}").text


def test_it_takes_a_password_that_was_typed_just_now(manager_client: Client) -> None:
    connection = start(ONE)
    for row in db.session.scalars(select(OperatorSession)):
        row.confirmed_at -= timedelta(minutes=16)
    db.session.commit()
    path = f"/connections/{connection.id}/token"
    answered = manager_client.get(path)
    assert (answered.status_code, "confirm" in answered.location) == (302, True)
    token = get_page(manager_client, "/bulk").root.all("input", name="csrf_token")[0]["value"]
    refused = manager_client.post(path, data={"csrf_token": token, "token": TWO})
    assert refused.status_code == 302
    assert TWO not in refused.text + refused.location
    assert in_use() == ONE


def test_without_its_key_nothing_is_called_and_it_is_said(app: Flask) -> None:
    with WireServer(answer()) as server:
        start(ONE, f"{server.url}/api")
        encryption_key_file(app.config["SETTINGS"]).unlink()
        settings = settings_with(ONE, f"{server.url}/api")
        with (
            pytest.raises(AuthFailed, match="cannot be opened"),
            open_remote(MEGAPHONE, settings, RateLimiter(0), Priority.PUSH, RequestCount()),
        ):
            pass
        assert server.connections == 0


def with_factor() -> Operator:
    person = factories.operator()
    person.totp_secret = encrypt("JBSWY3DPEHPK3PXP", bound_to=f"operator:{person.id}:totp")
    db.session.commit()
    return person


def test_rotating_locks_all_with_the_newest_key_and_once_only(
    terminal: Terminal, app: Flask
) -> None:
    connection, person = start(ONE), with_factor()
    before = connection.credential, person.totp_secret
    told = json.loads(terminal("credentials", "rotate-key", "--new", "--json").stdout)
    assert told == {"locked_anew": 2, "cannot_be_opened": []}
    db.session.refresh(connection)
    db.session.refresh(person)
    assert connection.credential != before[0]
    assert is_newest(connection.credential or "")
    assert is_newest(person.totp_secret or "")
    # The old key is no longer needed.
    path = encryption_key_file(app.config["SETTINGS"])
    path.write_text(path.read_text().splitlines()[0])
    assert in_use() == ONE
    after = connection.credential
    assert "0 locked" in terminal("credentials", "rotate-key").stdout
    db.session.refresh(connection)
    assert connection.credential == after
    assert actions().count("new lock") == 2


def test_rotating_goes_on_where_it_was_broken_off(terminal: Terminal, app: Flask) -> None:
    """A new key was made, and nothing was locked with it: as after a kill between the two."""
    connection = start(ONE)
    with new_key(app.config["SETTINGS"]):
        pass
    assert not is_newest(connection.credential or "")
    assert "1 locked" in terminal("credentials", "rotate-key").stdout
    assert in_use() == ONE


def test_two_that_rotate_at_once_lose_no_key_and_no_secret(app: Flask, settings: Settings) -> None:
    connection = start(ONE)
    given = {"DATABASE_URL": settings.sqlalchemy_url, "INSTANCE_DIR": str(settings.instance_dir)}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "credentials", "rotate-key", "--new"]
    both = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for each in both:
        told, _ = each.communicate(timeout=3 * PATIENCE)
        assert (each.returncode, b"1 locked" in told) == (0, True)
    assert len(encryption_keys(settings)) == 3
    db.session.rollback()
    db.session.refresh(connection)
    assert is_newest(connection.credential or "")
    assert in_use() == ONE


def test_rotating_leaves_and_names_what_no_key_opens(terminal: Terminal) -> None:
    connection, person = start(ONE), with_factor()
    person.totp_secret = connection.credential
    db.session.commit()
    told = terminal("credentials", "rotate-key", "--new")
    assert told.exit_code == 3
    assert "1 locked" in told.stdout
    assert f"No key opens the second factor of {person.email}" in told.stdout
    db.session.refresh(person)
    assert person.totp_secret is not None


def test_keys_of_the_settings_are_not_made_by_rotating(terminal: Terminal, app: Flask) -> None:
    made = terminal("credentials", "make-key").stdout.strip()
    assert len(made) == 44
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = Settings(
        **{**settings.model_dump(exclude_unset=True), "encryption_key": made}
    )
    said = terminal("credentials", "rotate-key", "--new")
    assert said.exit_code == 1
    assert "make-key" in said.stderr


def test_the_doctor_names_a_key_that_does_not_open_what_is_stored(app: Flask) -> None:
    settings = app.config["SETTINGS"]
    start(ONE)
    assert of("stored secrets", settings) == (OK, "")
    encryption_key_file(settings).unlink()
    verdict, fix = of("stored secrets", settings)
    assert verdict == BROKEN
    assert "ENCRYPTION_KEY" in fix


def of(part: str, settings: Settings) -> tuple[str, str]:
    (found,) = [each for each in work.examine(settings, factories.SOME_DAY) if each.part == part]
    return found.verdict, found.fix


def test_a_restore_without_the_key_says_so(terminal: Terminal, app: Flask, tmp_path: Path) -> None:
    start(ONE)
    terminal("backup", str(tmp_path))
    (file,) = tmp_path.glob("*.zip")
    encryption_key_file(app.config["SETTINGS"]).unlink()
    told = terminal("restore", str(file), "--replace", "--yes")
    assert told.exit_code == 0, told.output
    assert "No key of this installation opens the token of Megaphone" in told.stdout
    assert "ENCRYPTION_KEY" in told.stdout


def test_the_doctor_names_a_key_that_others_can_read(app: Flask) -> None:
    settings = app.config["SETTINGS"]
    start(ONE)
    path: Path = encryption_key_file(settings)
    path.chmod(0o644)
    found = [each for each in surroundings.folders(settings) if each.part == "permissions"]
    assert [each.verdict for each in found] == [BROKEN]
    assert f"chmod 600 {path}" in found[0].fix
