"""The doctor on people, worker and connections; and on the ad server, asked for real."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.support.desk import with_credential
from tests.support.sandbox import Sandbox
from webapp.connections.models import PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.ops.doctor import adserver, examination, work
from webapp.ops.doctor.findings import BROKEN, OK, WARNING, Finding
from webapp.sync import leases
from webapp.sync.lead import LASTS, NAME
from webapp.sync.models import RequestLog


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return with_credential(settings, sandbox)


@pytest.fixture
def connection(app: Flask) -> Connection:
    """All is well: somebody may administer, a worker leads, everything was just read."""
    with transaction():
        factories.operator("admin")
        made = factories.connection(last_success_at=utc_now())
        leases.take_or_renew(NAME, "somebody", utc_now(), LASTS)
    return made


def examined(settings: Settings, now: datetime | None = None) -> list[Finding]:
    db.session.commit()
    db.session.expire_all()
    found = work.examine(settings, now or utc_now())
    db.session.rollback()
    return found


def not_well(settings: Settings) -> Finding:
    (found,) = [each for each in examined(settings) if each.verdict != OK]
    return found


def test_all_is_well(settings: Settings, connection: Connection) -> None:
    found = examined(settings)
    assert {each.verdict for each in found} == {OK}, found


def test_nobody_who_can_sign_in(settings: Settings, app: Flask) -> None:
    with transaction():
        factories.operator(active=False)
    found = next(each for each in examined(settings) if each.part == "people")
    assert (found.verdict, "operators create" in found.fix) == (BROKEN, True)


def test_nobody_who_may_administer(settings: Settings, app: Flask) -> None:
    with transaction():
        factories.operator("viewer")
        factories.operator("admin", active=False)
    found = next(each for each in examined(settings) if each.part == "people")
    assert (found.verdict, "administer" in found.words) == (WARNING, True)
    assert found.fix == "Run: flask operators first-admin"


def test_no_worker_leads(settings: Settings, connection: Connection) -> None:
    leases.give_up(NAME, "somebody")
    found = not_well(settings)
    assert (found.part, found.verdict, "flask worker" in found.fix) == ("worker", BROKEN, True)


def test_a_worker_whose_clock_is_ahead(settings: Settings, connection: Connection) -> None:
    leases.take_or_renew(NAME, "somebody", utc_now() + timedelta(seconds=40), LASTS)
    found = not_well(settings)
    assert (found.part, found.verdict) == ("clock", BROKEN)
    assert "the worker's clock is" in found.words


def test_no_connection_was_made(settings: Settings, app: Flask) -> None:
    found = next(each for each in examined(settings) if each.part == "connection")
    assert (found.verdict, "never made" in found.words) == (WARNING, True)


def test_no_ad_server_in_the_settings(settings: Settings, connection: Connection) -> None:
    practising = settings.model_copy(update={"megaphone_api_token": None})
    found = not_well(practising)
    assert (found.verdict, "MEGAPHONE_API_TOKEN" in found.fix) == (WARNING, True)


def test_a_paused_connection_says_why(settings: Settings, connection: Connection) -> None:
    connection.state, connection.state_reason = PAUSED, "The token was refused."
    found = [each for each in examined(settings) if each.verdict == BROKEN]
    assert [each.words for each in found] == ["it is paused: The token was refused."]
    assert f"flask connections resume {connection.id}" in found[0].fix


def test_sending_that_is_held_says_by_whom(settings: Settings, connection: Connection) -> None:
    connection.held_at, connection.held_by, connection.hold_reason = utc_now(), "Bo", "a restore"
    found = not_well(settings)
    assert (found.verdict, found.words) == (WARNING, "Bo keeps it from sending: a restore")


def test_a_breaker_that_is_open(settings: Settings, connection: Connection) -> None:
    connection.failures = 5
    found = not_well(settings)
    assert (found.verdict, "the last 5 calls failed" in found.words) == (BROKEN, True)


def test_a_sync_that_is_late(settings: Settings, connection: Connection) -> None:
    connection.last_success_at = utc_now() - timedelta(hours=2)
    found = not_well(settings)
    assert (found.verdict, "120 minutes ago" in found.words) == (WARNING, True)
    connection.last_success_at = None
    assert "never read" in not_well(settings).words


def test_a_change_that_is_due_for_too_long(settings: Settings, connection: Connection) -> None:
    campaign = factories.campaign(connection_id=connection.id)
    factories.change(campaign, next_attempt_at=utc_now() - timedelta(minutes=20))
    found = not_well(settings)
    assert (found.verdict, "20 minutes, and nothing goes out" in found.words) == (BROKEN, True)
    db.session.add(
        RequestLog(
            connection_id=connection.id,
            at=utc_now(),
            method="PUT",
            path="/campaigns/{id}",
            priority="push",
            status=200,
            outcome="ok",
            received_bytes=0,
            duration_ms=5,
        )
    )
    assert not_well(settings).verdict == WARNING


def asked(settings: Settings) -> Finding:
    (found,) = adserver.examine(settings, RateLimiter(0), has_database=False)
    return found


def test_an_ad_server_that_answers(settings: Settings, sandbox: Sandbox) -> None:
    found = asked(settings)
    assert (found.verdict, found.words) == (OK, "it answers, and shows 40 campaigns")


def test_asking_keeps_nothing(app: Flask, settings: Settings, connection: Connection) -> None:
    before = db.session.get_one(Connection, connection.id).checked_at
    db.session.rollback()
    examination.of_everything(settings, utc_now(), ask_ad_server=True)
    db.session.expire_all()
    assert db.session.get_one(Connection, connection.id).checked_at == before
    assert db.session.query(RequestLog).count() == 0


def test_a_token_that_is_refused(settings: Settings, sandbox: Sandbox) -> None:
    wrong = Settings(megaphone_api_token="wrong", megaphone_org_id=sandbox.organization)
    found = asked(settings.model_copy(update={"megaphone_api_token": wrong.megaphone_api_token}))
    assert (found.verdict, "(401)" in found.words) == (BROKEN, True)
    assert "MEGAPHONE_API_TOKEN" in found.fix


@pytest.mark.parametrize("path", ["", "/api/v7", "/wrong"])
def test_an_address_with_a_wrong_path(settings: Settings, sandbox: Sandbox, path: str) -> None:
    found = asked(settings.model_copy(update={"megaphone_base_url": sandbox.root_url + path}))
    assert (found.verdict, "path of MEGAPHONE_BASE_URL" in found.fix) == (BROKEN, True)


def test_an_organisation_that_there_is_not(settings: Settings, sandbox: Sandbox) -> None:
    found = asked(settings.model_copy(update={"megaphone_org_id": "another"}))
    assert (found.verdict, "MEGAPHONE_ORG_ID" in found.fix) == (BROKEN, True)


def test_an_ad_server_that_is_not_there(settings: Settings) -> None:
    found = asked(settings.model_copy(update={"megaphone_base_url": "http://127.0.0.1:9/api"}))
    assert (found.verdict, "Can this machine reach" in found.fix) == (BROKEN, True)


@contextmanager
def answering(body: bytes, kind: str, wrap: Callable[[Any], Any] | None = None) -> Iterator[int]:
    """A server that says the same to everything. Yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if wrap:
        server.socket = wrap(server.socket)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_something_else_answers_with_a_page(settings: Settings) -> None:
    with answering(b"<html>Please sign in to the network</html>", "text/html") as port:
        url = f"http://127.0.0.1:{port}/api"
        found = asked(settings.model_copy(update={"megaphone_base_url": url}))
    assert (found.verdict, "Something else answers" in found.fix) == (BROKEN, True)


def test_a_certificate_that_nobody_here_trusts(settings: Settings, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def wrap(listener: Any) -> Any:
        return context.wrap_socket(listener, server_side=True)

    with answering(b"[]", "application/json", wrap) as port:
        url = f"https://127.0.0.1:{port}/api"
        found = asked(settings.model_copy(update={"megaphone_base_url": url}))
    assert (found.verdict, "For a certificate" in found.fix) == (BROKEN, True)
    assert "certificate" in found.words.lower()
