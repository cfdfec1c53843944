"""Events: where they go, what each carries, and that no secret gets there by any way."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
import structlog
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from tests.support.client import Client
from tests.support.statements import count_statements
from webapp.adservers.errors import AdServerError
from webapp.adservers.types import Priority
from webapp.app import create_app
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratelimit import RateLimiter
from webapp.ops import logs
from webapp.sync.remote import RequestCount, open_remote

CANARY = "canary-tokenvalue-8f2c71"
PASSWORD_CANARY = "canary-typedpassword-1b9d"
BEARER_CANARY = "fdk_canary-bearer-77ab"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    loud = settings.model_copy(
        update={
            "log_level": "INFO",
            "megaphone_api_token": SecretStr(CANARY),
            "megaphone_org_id": "some-organisation",
            "megaphone_base_url": "http://127.0.0.1:9/api",
        }
    )
    logs.configure(loud)
    yield loud
    structlog.contextvars.clear_contextvars()


def events(settings: Settings, name: str = logs.ALL) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (settings.logs / name).read_text().splitlines()]


def everything_written(settings: Settings) -> str:
    return "".join(p.read_text() for p in settings.logs.glob("flightdeck*"))


def test_an_event_says_what_when_and_who(settings: Settings) -> None:
    structlog.contextvars.bind_contextvars(request_id="r1", run_id=7)
    structlog.get_logger().info("campaign_saved", campaign=12)
    (event,) = events(settings)
    assert event["event"] == "campaign_saved"
    assert event["level"] == "info"
    assert event["timestamp"].endswith("Z")
    assert event["process"] == "web"
    assert isinstance(event["pid"], int)
    assert (event["request_id"], event["run_id"], event["campaign"]) == ("r1", 7, 12)


def test_the_process_is_the_one_last_named(settings: Settings) -> None:
    logs.configure(settings, "worker")
    structlog.get_logger().info("once")
    (event,) = events(settings)
    assert event["process"] == "worker"


def test_libraries_speak_the_same_way(settings: Settings) -> None:
    for name in (
        "flask.app",
        "apscheduler.scheduler",
        "gunicorn.error",
        "werkzeug",
        "sqlalchemy.x",
    ):
        logging.getLogger(name).error("about %s", name)
    assert [event["event"] for event in events(settings)] == [
        "about flask.app",
        "about apscheduler.scheduler",
        "about gunicorn.error",
        "about werkzeug",
        "about sqlalchemy.x",
    ]


def test_a_scheduler_that_turns_every_second_is_not_quoted(settings: Settings) -> None:
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("apscheduler.scheduler").warning("skipped: maximum number of instances")
    assert not (settings.logs / logs.ALL).exists()


def test_errors_have_a_file_of_their_own(settings: Settings) -> None:
    log = structlog.get_logger()
    log.warning("so so")
    log.error("bad")
    assert [event["event"] for event in events(settings)] == ["so so", "bad"]
    assert [event["event"] for event in events(settings, logs.ERRORS)] == ["bad"]


def test_below_the_level_nothing_is_written(settings: Settings) -> None:
    logs.configure(settings.model_copy(update={"log_level": "WARNING"}))
    structlog.get_logger().info("quiet")
    logging.getLogger("anything").info("quiet")
    assert not (settings.logs / logs.ALL).exists()


GIVEN = "request-of-another-1"


def asked_with_an_id(settings: Settings, client: Client) -> tuple[str, dict[str, Any]]:
    """The id that an answer has, and the event of its request."""
    answer = client.get("/sign-in", headers={"X-Request-Id": GIVEN})
    (event,) = [e for e in events(settings) if e["event"] == "request"]
    return answer.headers["X-Request-Id"], event


def test_each_request_is_one_event_with_its_id(settings: Settings, client: Client) -> None:
    found, event = asked_with_an_id(settings, client)
    assert event["request_id"] == found
    assert (event["method"], event["endpoint"], event["status"]) == ("GET", "auth.sign_in", 200)


def test_an_id_that_a_client_gives_is_not_ours_and_is_logged_beside_it(
    settings: Settings, client: Client
) -> None:
    found, event = asked_with_an_id(settings, client)
    assert GIVEN not in (found, event["request_id"])
    assert event["client_request_id"] == GIVEN


@pytest.mark.parametrize("given", ["x", "<script>alert</script>", "x" * 65])
def test_what_cannot_be_an_id_is_not_logged(settings: Settings, client: Client, given: str) -> None:
    client.get("/sign-in", headers={"X-Request-Id": given})
    (event,) = [e for e in events(settings) if e["event"] == "request"]
    assert "client_request_id" not in event


def test_behind_a_proxy_the_id_that_it_gives_is_kept(settings: Settings, app: Flask) -> None:
    behind = create_app(settings.model_copy(update={"trusted_proxies": 1}))
    behind.test_client_class = Client
    client = behind.test_client()
    assert isinstance(client, Client)
    found, event = asked_with_an_id(settings, client)
    assert (found, event["request_id"], "client_request_id" in event) == (GIVEN, GIVEN, False)
    with behind.app_context():
        db.engine.dispose()


def test_a_request_says_how_long_it_took_and_how_many_statements(
    settings: Settings, manager_client: Client
) -> None:
    manager_client.get("/campaigns")
    with count_statements() as statements:
        manager_client.get("/campaigns")
    event = [e for e in events(settings) if e["event"] == "request"][-1]
    assert event["statements"] == len(statements) > 0
    assert event["ms"] > 0


def test_text_is_written_everywhere_when_that_is_wanted(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(settings.model_copy(update={"log_format": "text"}))
    structlog.get_logger().error("campaign_saved", campaign_id=12)
    for name in (logs.ALL, logs.ERRORS):
        (line,) = (settings.logs / name).read_text().splitlines()
        assert re.search(r"Z \[error +\] campaign_saved +.*campaign_id=12", line), line
    assert "campaign_id=12" in capsys.readouterr().err


def test_json_is_written_on_a_terminal_too_when_that_is_wanted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    logs.configure(settings.model_copy(update={"log_format": "json"}))
    structlog.get_logger().info("once", campaign_id=12)
    assert json.loads(terminal.getvalue())["campaign_id"] == 12


def test_without_files_only_the_console_is_told(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(settings.model_copy(update={"log_files": False}))
    structlog.get_logger().error("once")
    assert not (settings.logs / logs.ALL).exists()
    assert json.loads(capsys.readouterr().err)["event"] == "once"


def test_a_wrong_password_is_not_logged(settings: Settings, client: Client) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False
    answer = client.post("/sign-in", data={"email": "x@example.com", "password": PASSWORD_CANARY})
    assert answer.status_code == 422
    assert events(settings)
    assert PASSWORD_CANARY not in everything_written(settings)


def test_a_bearer_token_is_not_logged(settings: Settings, client: Client) -> None:
    headers = {"Authorization": f"Bearer {BEARER_CANARY}", "Cookie": "flightdeck=canary-cookie"}
    assert client.get("/api/v1/campaigns", headers=headers).status_code == 401
    assert events(settings)
    assert "canary" not in everything_written(settings)


def test_an_exception_that_carries_secrets_is_logged_without_them(
    settings: Settings, app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        header = f"Authorization: Token {BEARER_CANARY}"
        raise ValueError(f"token was {CANARY}, {header}")

    def broken() -> None:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError(f"password={PASSWORD_CANARY} refused") from error

    monkeypatch.setitem(app.view_functions, "ops.live", broken)
    answer = client.get("/health")
    assert answer.status_code == 500
    (event,) = events(settings, logs.ERRORS)
    assert event["event"] == "request_failed"
    assert event["request_id"] == answer.headers["X-Request-Id"]
    assert "RuntimeError" in event["exception"]
    assert "ValueError" in event["exception"]
    assert "canary" not in everything_written(settings)


def test_tracebacks_show_no_local_variables(settings: Settings) -> None:
    def fail(argument: str) -> None:
        raise ValueError(f"{len(argument)} characters")

    try:
        fail("local-" + "value")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed")
    assert len(events(settings)) == 2
    assert "Traceback" in everything_written(settings)
    assert "local-value" not in everything_written(settings)


def test_a_statement_that_fails_is_logged_without_its_values(
    settings: Settings, app: Flask
) -> None:
    try:
        db.session.execute(text("INSERT INTO nothing VALUES (:x)"), {"x": PASSWORD_CANARY})
    except DatabaseError:
        structlog.get_logger().exception("failed")
        db.session.rollback()
    assert "INSERT INTO nothing" in everything_written(settings)
    assert "canary" not in everything_written(settings)


def test_an_error_of_the_megaphone_client_is_logged_without_its_token(
    settings: Settings, app: Flask
) -> None:
    echo = {"error": f"{CANARY} may not. Authorization: Token token={CANARY}"}
    limiter, calls = RateLimiter(0), RequestCount()
    with responses.RequestsMock() as web:
        web.get(re.compile(".*"), json=echo, status=403)
        try:
            with open_remote("megaphone", settings, limiter, Priority.PULL, calls) as remote:
                remote.list_campaigns()
        except AdServerError as error:
            structlog.get_logger().exception("run_failed", message=str(error))
    assert [event["event"] for event in events(settings)] == ["remote_call", "run_failed"]
    assert "canary" not in everything_written(settings)


def test_the_console_is_readable_on_a_terminal_and_json_elsewhere(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream, expected in ((Terminal(), "hello"), (io.StringIO(), '"event": "hello"')):
        monkeypatch.setattr(sys, "stderr", stream)
        logs.configure(settings)
        structlog.get_logger().info("hello", password=PASSWORD_CANARY)
        assert expected in stream.getvalue()
        assert stream.getvalue().startswith("{") is (not stream.isatty())
        assert "canary" not in stream.getvalue()


def test_configured_twice_an_event_is_written_once(settings: Settings) -> None:
    logs.configure(settings)
    structlog.get_logger().info("once")
    assert len(events(settings)) == 1


def test_the_log_folder_is_a_setting(settings: Settings, tmp_path: Path) -> None:
    logs.configure(settings.model_copy(update={"log_dir": tmp_path / "elsewhere"}))
    structlog.get_logger().info("once")
    assert (tmp_path / "elsewhere" / logs.ALL).exists()
