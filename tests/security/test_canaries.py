"""Secrets with names of their own, a day with failures, and a search through all that is written.

Looked through: every file of the instance folder and of the logs, every column of every table, what
a backup holds, what commands print, and every answer of pages and of the API.
"""

import json
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask, request
from pydantic import SecretStr

from tests import factories
from tests.adservers.wire import WireServer, answer
from tests.auth.factors import codes_on, secret_on
from tests.cli.conftest import Terminal
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.connections import service as connections
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.keys import made_key
from webapp.core.ratelimit import RateLimiter
from webapp.notices import jobs as notices
from webapp.ops import firststart, heartbeat, logs
from webapp.sync import jobs

TOKEN, ENTERED = "canary-token-of-settings", "canary-token-entered"
PASSWORD, WRONG, JOINED = "canary first password", "canary wrong password", "canary joined words"
BAD_API_TOKEN = "fdk_canary-of-nobody-0123456789-abcdefghijklmnop"
FIRST = "first@example.com"
# Files that hold a key: for this user only, and in no backup.
KEY_FILES = {"secret_key", "encryption_key", "sandbox_token"}


class Heard:
    """What was said to whom. ``secrets`` maps a name to a value, ``told`` says where one may be."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.answers: list[tuple[str, str]] = []
        self.printed: list[tuple[str, str]] = []
        self.told: dict[str, set[str]] = {}
        self.secrets = {
            "token of the settings": TOKEN,
            "entered token": ENTERED,
            "first password": PASSWORD,
            "wrong password": WRONG,
            "password of who joined": JOINED,
            "token of nobody": BAD_API_TOKEN,
        }
        for name in ("secret_key", "encryption_key", "metrics_token", "webhook_secret"):
            self.secrets[name] = getattr(settings, name).get_secret_value()
        for name in ("heartbeat_pull_url", "webhook_url", "sentry_dsn", "mail_url"):
            self.secrets[name] = f"canary-{name}"

    def knows(self, name: str, value: str, *shown_at: str) -> str:
        """A secret that was made on the way; shown once, by the answer to what made it."""
        assert len(value) > 6
        self.secrets[name] = value
        self.told[name] = set(shown_at)
        return value


@pytest.fixture
def outside() -> Iterator[WireServer]:
    """An ad server that refuses, and repeats in its words all that it was sent."""
    with WireServer() as server:

        def repeat(sock: socket.socket) -> None:
            said = server.heads[-1].partition("uthorization: ")[2].partition("\n")[0]
            told = json.dumps({"error": f"{said} may not. Authorization: {said}"})
            sock.sendall(answer(told, "403 Forbidden", {"X-Token": said}))

        server.play(repeat)
        yield server


@pytest.fixture
def settings(settings: Settings, outside: WireServer) -> Settings:
    dead = "http://127.0.0.1:9"
    found: dict[str, Any] = {
        "secret_key": "canary-secret-key-of-at-least-32-characters",
        "encryption_key": made_key(),
        "metrics_token": "canary-metrics-token",
        "webhook_secret": "canary-webhook-secret",
        "webhook_url": f"{dead}/canary-webhook_url",
        "heartbeat_pull_url": f"{outside.url}/canary-heartbeat_pull_url",
        "sentry_dsn": f"{dead}/canary-sentry_dsn",
        "mail_url": "smtp://desk:canary-mail_url@127.0.0.1:9",
        "first_operator_password": PASSWORD,
        "megaphone_api_token": TOKEN,
    }
    changed = {name: SecretStr(value) for name, value in found.items()}
    plain = {"megaphone_org_id": "organisation", "megaphone_base_url": outside.url}
    calm = {"megaphone_requests_per_minute": 0, "log_level": "DEBUG", "first_operator_email": FIRST}
    return settings.model_copy(update={**changed, **plain, **calm})


@pytest.fixture
def heard(settings: Settings, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Heard:
    made = Heard(settings)
    opened = Client.open

    def listening(client: Client, *arguments: Any, **more: Any) -> Any:
        got = opened(client, *arguments, **more)
        headers = "\n".join(f"{k}: {v}" for k, v in got.headers if k != "Set-Cookie")
        made.answers.append((got.request.path, f"{headers}\n{got.get_data(as_text=True)}"))
        return got

    monkeypatch.setattr(Client, "open", listening)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return made


def at_the_door(app: Flask, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The first operator: wrong, failing and right sign-ins, and a second factor."""
    assert firststart.create_first_operator(heard.settings)
    client = app.test_client()
    assert isinstance(client, Client)
    page = get_page(client, "/sign-in")
    page.submit("Sign in", {"email": FIRST, "password": WRONG}, status=422)
    with monkeypatch.context() as patch:
        patch.setitem(app.view_functions, "auth.sign_in", _failing)
        typed = {**page.form("Sign in").values, "email": FIRST, "password": PASSWORD}
        assert client.post("/sign-in", data=typed).status_code == 500
    page.submit("Sign in", {"email": FIRST, "password": PASSWORD})
    cookie = client.get_cookie("flightdeck")
    assert cookie
    heard.knows("session cookie", cookie.value)
    return client


def _failing() -> str:
    raise KeyError(f"no such thing in {request.form!r} with {request.headers!r}")


def with_a_factor(client: Client, heard: Heard) -> None:
    with time_machine.travel(utc_now(), tick=True):
        page = get_page(client, "/account/second-factor/set-up")
        phone = secret_on(page)
        set_up = "/account/second-factor/set-up"
        heard.knows("secret of a second factor", phone.secret, set_up)
        codes = codes_on(page.submit("Set up a second factor", {"code": phone.code()}))
        for number, code in enumerate(codes[:2]):
            # A code that is mistyped stands in the field again, before whoever typed it.
            heard.knows(f"recovery code {number}", code, set_up, "/sign-in/code")
        other = client.application.test_client()
        assert isinstance(other, Client)
        page = _typed_password(other)
        page.submit("Go on", {"code": codes[0]})
        _typed_password(client.application.test_client()).submit(
            "Go on", {"code": f"{codes[1]}x"}, status=422
        )


def _typed_password(client: Any) -> Any:
    page = get_page(client, "/sign-in").submit("Sign in", {"email": FIRST, "password": PASSWORD})
    return page.follow("Use a recovery code")


def somebody_joins(app: Flask, heard: Heard, admin: Client) -> None:
    page = get_page(admin, "/people/invite")
    made = page.submit("Make the link", {"email": "kim@example.com", "role": "viewer"})
    link = next(part for part in made.html.split('"') if "/join/" in part)
    secret = heard.knows("link to join", link.rpartition("/")[2].split("<")[0], "/people/invite")
    kim: Any = app.test_client()
    # The address of a form is where it was asked for: its own page may repeat it.
    heard.told["link to join"].add(f"/join/{secret}")
    page = get_page(kim, f"/join/{secret}")
    page.submit("Join", {"password": JOINED, "repeated": f"{JOINED}x"}, status=422)
    page.submit("Join", {"password": JOINED, "repeated": JOINED})
    get_page(app.test_client(), f"/join/{secret}", status=410)


def scripts(app: Flask, heard: Heard, client: Client, terminal: Terminal) -> None:
    page = get_page(client, "/tokens/new")
    form = next(f for f in page.forms if f.method == "post" and "name" in f.values)
    made = page.submit(form, {"name": "reporting"})
    secret = re.findall(r"fdk_[\w-]{20,}", made.html)[0]
    heard.knows("token of a page", secret, "/tokens/new")
    printed = terminal("tokens", "create", "nightly").stdout
    heard.knows("token of a command", printed.split()[-1])
    stranger = app.test_client()
    for token in (secret, BAD_API_TOKEN):
        headers = {"Authorization": f"Bearer {token}"}
        for path in ("/api/v1/me", "/api/v1/campaigns?q=(", "/api/v1/nowhere"):
            stranger.get(path, headers=headers)
        stranger.post("/api/v1/campaigns", headers=headers, json={"title": token[:3]})


def at_the_ad_server(app: Flask, heard: Heard, client: Client, terminal: Terminal) -> None:
    """Everything that calls out, and is refused in words that repeat the secret."""
    settings = heard.settings
    with transaction():
        connection = connections.connect_from_settings(factories.ACTOR, settings)
        assert connection
        connection_id = connection.id
    work = jobs.Work(settings, RateLimiter(0), keep_going=lambda: True)
    page = get_page(client, f"/connections/{connection_id}")
    page.submit("Check now")
    entering = get_page(client, f"/connections/{connection_id}/token")
    entering.submit("Use this token", {"token": f"{ENTERED} {ENTERED}"}, status=422)
    entering.submit("Use this token", {"token": ENTERED})
    get_page(client, f"/connections/{connection_id}").submit("Sync now")
    jobs.pull_next(work)
    heard.printed += [
        (" ".join(command), terminal(*command).output)
        for command in (
            ("connections", "check"),
            ("sync", "pull"),
            ("doctor",),
            ("connections", "list", "--json"),
            ("credentials", "rotate-key"),
        )
    ]
    heartbeat.tell("pull", settings.heartbeat_pull_url)
    notices.look(work)
    for path in ("/", "/sync", "/timeline", "/metrics", f"/connections/{connection_id}"):
        client.get(path)


def found_in(heard: Heard, where: str, text: str) -> list[str]:
    path = where.partition(": ")[2]
    return [
        f"{name} in {where}"
        for name, value in heard.secrets.items()
        if value in text and path not in heard.told.get(name, ())
    ]


def written(heard: Heard) -> Iterator[tuple[str, str]]:
    """Everything, each part with a name."""
    yield from ((f"answer: {path}", text) for path, text in heard.answers)
    yield from ((f"command: {name}", text) for name, text in heard.printed)
    for path in heard.settings.instance_dir.rglob("*"):
        if path.is_file() and path.name not in KEY_FILES and path.suffix != ".zip":
            yield f"file: {path.name}", path.read_bytes().decode("utf-8", "replace")
    db.session.rollback()
    with db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            yield f"table: {table.name}", repr(connection.execute(table.select()).all())


def in_the_backup(heard: Heard, terminal: Terminal, folder: Path) -> Iterator[tuple[str, str]]:
    heard.printed.append(("backup", terminal("backup", str(folder)).output))
    (file,) = folder.glob("*.zip")
    with zipfile.ZipFile(file) as opened:
        names = opened.namelist()
        yield "backup: names", " ".join(names)
        for name in names:
            yield f"backup: {name}", opened.read(name).decode("utf-8", "replace")


def test_no_secret_is_written_or_said_anywhere(
    app: Flask,
    heard: Heard,
    outside: WireServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    terminal = Terminal(app)
    logs.configure(heard.settings)
    first = at_the_door(app, heard, monkeypatch)
    with_a_factor(first, heard)
    admin = signed_in(app.test_client(), factories.operator("admin"))
    somebody_joins(app, heard, admin)
    scripts(app, heard, first, terminal)
    at_the_ad_server(app, heard, first, terminal)

    parts = [*in_the_backup(heard, terminal, tmp_path / "backups"), *written(heard)]
    found = [each for where, text in parts for each in found_in(heard, where, text)]
    assert not found, "\n".join(found)

    # The secrets were used, and it was looked at where things are written at all.
    assert {TOKEN in head for head in outside.heads} == {True, False}
    assert any(ENTERED in head for head in outside.heads)
    log = next(text for where, text in parts if where == f"file: {logs.ALL}")
    for event in ("sign_in_failed", "request_failed", "remote_call", "heartbeat_failed"):
        assert event in log
    assert len(heard.secrets) >= 18
    assert {where.partition(":")[0] for where, _ in parts} >= {"answer", "command", "file", "table"}
