"""What others outside are told: heartbeats after good work, and errors, with no secret in them."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sentry_sdk
import structlog
from flask import Flask
from pydantic import SecretStr

from tests.support.client import Client
from tests.support.desk import connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from webapp import worker
from webapp.core.config import Settings, SettingsError
from webapp.core.http import Limits
from webapp.ops import heartbeat, logs, sentry

CANARY = "canary-metrics-token-31"


class Outside(HTTPServer):
    """Keeps what it was sent. ``status`` is its answer, which it keeps to itself while ``mute``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), type("Keeper", (Keeping,), ANSWERS))
        self.status = 200
        self.got: list[tuple[str, str, bytes]] = []
        self.mute = threading.Event()
        self.mute.set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Keeping(BaseHTTPRequestHandler):
    server: Outside

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.got.append((self.command, self.path, body))
        self.server.mute.wait(60)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """It has nothing to say on the console."""


ANSWERS = {"do_GET": Keeping.answer, "do_POST": Keeping.answer}


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.mute.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=5) as started:
        yield started


def paths(outside: Outside) -> list[tuple[str, str]]:
    return [(method, path) for method, path, _ in outside.got]


def events(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (settings.logs / logs.ALL).read_text().splitlines()]


def test_a_good_reading_and_an_hours_cleaning_each_call_their_own_address(
    app: Flask, settings: Settings, sandbox: Sandbox, outside: Outside
) -> None:
    beating = with_credential(settings, sandbox).model_copy(
        update={
            "heartbeat_pull_url": SecretStr(f"http://{outside.address}/ping/pull"),
            "heartbeat_clean_url": SecretStr(f"http://{outside.address}/ping/clean"),
        }
    )
    desk = connected(beating, sandbox)
    worker._pull(desk.work)
    assert outside.got == []
    desk.ask_for_a_pull()
    worker._pull(desk.work)
    assert paths(outside) == [("GET", "/ping/pull")]
    worker._clean(desk.work)
    assert paths(outside)[1:] == [("GET", "/ping/clean")]

    sandbox.fault({"action": "status", "status": 500, "path": "campaigns"})
    desk.ask_for_a_pull()
    worker._pull(desk.work)
    sandbox.clear_faults()
    assert len(outside.got) == 2


@pytest.mark.parametrize("status", [500, 302, 404])
def test_an_address_that_refuses_is_logged_and_not_told(
    settings: Settings, outside: Outside, status: int
) -> None:
    logs.configure(settings)
    outside.status = status
    heartbeat.tell("pull", SecretStr(f"http://{outside.address}/secret-path"))
    (event,) = events(settings)
    assert (event["event"], event["status"]) == ("heartbeat_failed", status)
    assert "secret-path" not in json.dumps(event)


def test_an_address_that_does_not_answer_holds_nothing_up_for_long(
    settings: Settings, outside: Outside
) -> None:
    logs.configure(settings)
    outside.mute.clear()
    short = Limits(connect=0.2, read=0.2, total=0.3)
    took = []
    for _ in range(3):
        began = time.monotonic()
        heartbeat.tell("pull", SecretStr(f"http://{outside.address}/secret-path"), short)
        took.append(time.monotonic() - began)
    # The quickest: the machine may have stood still in one.
    assert min(took) < 2
    found = events(settings)
    assert [event["event"] for event in found] == ["heartbeat_failed"] * 3
    assert "secret-path" not in json.dumps(found)
    assert heartbeat.LIMITS.total <= 5


@contextmanager
def reporting(settings: Settings, outside: Outside) -> Iterator[None]:
    dsn = SecretStr(f"http://public@{outside.address}/1")
    handlers = list(logs.logging.root.handlers)
    sentry.init(settings.model_copy(update={"sentry_dsn": dsn}), "web")
    try:
        yield
    finally:
        sentry_sdk.get_client().close(timeout=60)
        sentry_sdk.init()
        logs.logging.root.handlers = handlers


def reports(outside: Outside) -> list[dict[str, Any]]:
    found = []
    for _, _, body in outside.got:
        lines = [json.loads(line) for line in body.splitlines() if line.startswith(b"{")]
        found += [line for line in lines if "event_id" in line and "level" in line]
    return found


def test_an_error_is_reported_with_its_ids_and_without_any_value(
    app: Flask, settings: Settings, client: Client, outside: Outside, monkeypatch: Any
) -> None:
    def broken() -> None:
        local = "canary-in-a-variable"
        raise ValueError(f"{len(local)}: token {CANARY}, password=canary-password")

    known = settings.model_copy(update={"metrics_token": SecretStr(CANARY)})
    logs.configure(known)
    monkeypatch.setitem(app.view_functions, "ops.live", broken)
    with reporting(known, outside):
        answer = client.get("/health?typed=canary-typed", headers={"Cookie": "a=canary-cookie"})
    assert answer.status_code == 500
    (report,) = reports(outside)
    assert report["exception"]["values"][-1]["type"] == "ValueError"
    assert report["tags"]["event"] == "request_failed"
    assert report["tags"]["request_id"] == answer.headers["X-Request-Id"]
    assert report["tags"]["process"] == "web"
    assert b"canary" not in b"".join(body for _, _, body in outside.got)


def test_an_error_without_an_exception_is_reported_and_a_warning_is_not(
    settings: Settings, outside: Outside
) -> None:
    logs.configure(settings)
    with reporting(settings, outside):
        structlog.get_logger().warning("so_so")
        structlog.get_logger().error("job_failed", change_id=7)
    (report,) = reports(outside)
    assert (report["message"], report["tags"]["change_id"]) == ("job_failed", "7")


def test_without_a_dsn_nothing_is_set_up(settings: Settings) -> None:
    before = list(logs.logging.root.handlers)
    sentry.init(settings, "web")
    assert logs.logging.root.handlers == before


def test_without_the_package_a_dsn_is_a_problem_in_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What importing finds where nothing is installed.
    monkeypatch.setitem(__import__("sys").modules, "sentry_sdk", None)
    with_dsn = settings.model_copy(update={"sentry_dsn": SecretStr("https://k@s.example/1")})
    with pytest.raises(SettingsError, match="requirements-sentry"):
        sentry.init(with_dsn, "web")
