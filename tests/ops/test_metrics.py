"""What Prometheus reads: who may, what is in it, and that several processes count as one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import create_engine

from tests import factories
from tests.ops.test_health import call
from tests.support.client import Client
from tests.support.ports import free_port
from tests.support.stack import PATIENCE, until
from tests.support.statements import count_statements
from tests.support.threads import in_threads
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratebudget import Priority
from webapp.sync import budget

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-prometheus"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(body: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def read(client: Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    return samples(answer.text)


def value(found: Samples, name: str, **labels: object) -> float:
    return found[name, frozenset((key, str(text)) for key, text in labels.items())]


def test_requests_are_counted_by_endpoint_and_never_by_path(client: Client) -> None:
    for path in ("/sign-in", "/sign-in?next=/secret-path", "/secret-path", "/other/secret-path"):
        client.get(path)
    client.open("/sign-in", method="ODD")
    answer = client.get("/metrics")
    found = samples(answer.text)
    name = "flightdeck_http_requests_total"
    assert value(found, name, endpoint="auth.sign_in", method="GET", status=200) >= 2
    assert value(found, name, endpoint="none", method="GET", status=404) >= 2
    assert value(found, name, endpoint="none", method="other", status=405) >= 1
    assert value(found, "flightdeck_http_request_seconds_count", endpoint="auth.sign_in") >= 2
    assert "secret-path" not in answer.text
    assert "ODD" not in answer.text


def test_queues_and_runs_and_connections_are_told_from_the_rows(client: Client) -> None:
    now = utc_now()
    connection = factories.connection(last_success_at=now, failures=3, held_at=now)
    campaign = factories.campaign(connection_id=connection.id)
    factories.change(campaign, next_attempt_at=now - timedelta(minutes=10))
    factories.sync_run(connection_id=connection.id, state="complete")
    factories.sync_run(connection_id=connection.id, state="failed")
    db.session.commit()
    found, told = read(client), {"connection": connection.id}

    assert value(found, "flightdeck_database_up") == 1
    assert value(found, "flightdeck_worker_leads") == 0
    assert value(found, "flightdeck_changes", state="ready", **told) == 1
    # Nothing is due while an operator keeps it all.
    assert value(found, "flightdeck_change_oldest_due_seconds", **told) == 0
    assert value(found, "flightdeck_connection_held", **told) == 1
    assert value(found, "flightdeck_connection_failures", **told) == 3
    stamp = value(found, "flightdeck_connection_read_timestamp_seconds", **told)
    assert stamp == pytest.approx(now.timestamp(), abs=1)
    assert value(found, "flightdeck_pulls_total", outcome="complete", **told) == 1
    assert value(found, "flightdeck_pulls_total", outcome="failed", **told) == 1

    connection.held_at, connection.failures = None, 0
    db.session.commit()
    age = value(read(client), "flightdeck_change_oldest_due_seconds", **told)
    assert 600 <= age < 660


def test_remote_calls_and_attempts_to_send_are_told_by_outcome(client: Client) -> None:
    connection = factories.connection()
    lost = call(connection)
    lost.method, lost.status, lost.outcome = "GET", None, "unreachable"
    looked = call(connection)
    looked.method = "GET"
    old = call(connection)
    old.at -= timedelta(minutes=6)
    db.session.add_all([call(connection), call(connection), lost, looked, old])
    db.session.commit()
    found, told = read(client), {"connection": connection.id}
    calls = {"priority": "push", "method": "PUT", "status": 200, "outcome": "ok"}
    assert value(found, "flightdeck_remote_calls_recent", **calls, **told) == 2
    assert value(found, "flightdeck_remote_call_seconds_recent", **calls, **told) == 0.01
    # A look that went well is no attempt of its own: the write after it is.
    assert value(found, "flightdeck_pushes_recent", outcome="ok", **told) == 2
    assert value(found, "flightdeck_pushes_recent", outcome="unreachable", **told) == 1


def test_the_budget_of_calls_is_told_as_all_processes_share_it(
    app: Flask, client: Client, settings: Settings
) -> None:
    limiter = budget.limiter(settings, db.engine)
    limiter.acquire(Priority.PUSH)
    limiter.acquire(Priority.PUSH)
    found = read(client)
    assert value(found, "flightdeck_rate_budget_used") == 2
    assert value(found, "flightdeck_rate_budget_limit") == 54


def test_reading_is_cheap(client: Client) -> None:
    factories.connection()
    db.session.commit()
    with count_statements() as statements:
        read(client)
    assert len(statements) <= 9


def test_without_a_database_it_tells_just_that(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(client)  # So that there is a request to tell of.
    nowhere = create_engine("sqlite:////nowhere/at/all.db")
    monkeypatch.setitem(db._app_engines[app], None, nowhere)
    found = read(client)
    assert value(found, "flightdeck_database_up") == 0
    assert any(name == "flightdeck_http_requests_total" for name, _ in found)


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "10.0.0.7", 403),
        # A proxy on this machine speaks for people elsewhere.
        ({"X-Forwarded-For": "10.0.0.7"}, "127.0.0.1", 403),
        ({"Forwarded": "for=10.0.0.7"}, "127.0.0.1", 403),
    ],
)
def test_without_a_token_set_only_this_machine_may_read(
    client: Client, headers: dict[str, str], address: str, status: int
) -> None:
    got = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert got.status_code == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 403),
        ("Bearer ", 403),
        (f"Basic {TOKEN}", 403),
    ],
)
def test_with_a_token_set_whoever_has_it_may_read_and_nobody_else(
    app: Flask, client: Client, settings: Settings, sent: str, status: int
) -> None:
    with_token = settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    app.config["SETTINGS"] = with_token
    assert client.get("/metrics").status_code == 403
    far = {"REMOTE_ADDR": "10.0.0.7"}
    answer = client.get("/metrics", headers={"Authorization": sent}, environ_base=far)
    assert answer.status_code == status


@contextmanager
def server(settings: Settings, folder: Path) -> Iterator[tuple[str, Path]]:
    """gunicorn with three processes, and the folder of its temporary files."""
    port = free_port()
    temporary = folder / "tmp"
    temporary.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.sqlalchemy_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "PORT": str(port),
        "WEB_WORKERS": "3",
        "WEB_THREADS": "1",
        "TMPDIR": str(temporary),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "python:webapp.ops.serving", "wsgi:app"]
    with (folder / "web.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}", temporary
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_any_of_several_processes_tells_what_all_of_them_have_counted(
    settings: Settings, app: Flask, tmp_path: Path
) -> None:
    with server(settings, tmp_path) as (url, temporary):
        until(lambda: answers(url), "the web processes answer")
        until(lambda: two_count(url, temporary), "more than one of them counts")
        before = counted(url)
        for _ in range(10):
            ask_at_once(url)
        assert in_threads([lambda: counted(url) - before] * 6) == [60.0] * 6
    assert list(temporary.glob("flightdeck-metrics-*")) == []


def two_count(url: str, temporary: Path) -> bool:
    """Whether there is more than one process that has answered something."""
    ask_at_once(url)
    (folder,) = temporary.glob("flightdeck-metrics-*")
    return len({re.sub(r"\D", "", path.name) for path in folder.glob("counter_*.db")}) > 1


def ask_at_once(url: str) -> None:
    """Six on connections of their own, so that different processes take them."""
    answered = in_threads([lambda: requests.get(f"{url}/sign-in", timeout=PATIENCE)] * 6)
    assert {each.status_code for each in answered} == {200}


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=PATIENCE).status_code == 200
    except requests.RequestException:
        return False


def counted(url: str) -> float:
    found = samples(requests.get(f"{url}/metrics", timeout=PATIENCE).text)
    name = "flightdeck_http_requests_total"
    labels = {"endpoint": "auth.sign_in", "method": "GET", "status": 200}
    return found.get((name, frozenset((k, str(v)) for k, v in labels.items())), 0.0)
