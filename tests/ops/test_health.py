"""The public health addresses: whether this process lives, and whether every part does its own."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from tests import factories
from tests.support.client import Client
from tests.support.statements import count_statements
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.ops.readiness import LATE
from webapp.sync import leases
from webapp.sync.lead import NAME
from webapp.sync.models import RequestLog


@pytest.fixture
def connection(app: Flask) -> Connection:
    """Read just now."""
    made = factories.connection()
    made.last_success_at = utc_now()
    db.session.commit()
    return made


@pytest.fixture
def leading(app: Flask) -> None:
    with transaction():
        # Longer than a worker takes it for: nobody renews this one.
        leases.take_or_renew(NAME, "somebody", utc_now(), timedelta(hours=1))


def parts(client: Client, status: int, only: str = "") -> Mapping[str, Mapping[str, Any]]:
    answer = client.get("/health/ready", query_string={"parts": only} if only else {})
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert answer.json["status"] == ("ready" if status == 200 else "not ready")
    return {part["name"]: part for part in answer.json["parts"]}


def without_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = create_engine("sqlite:////nowhere/at/all.db")
    monkeypatch.setitem(db._app_engines[app], None, nowhere)


def test_anyone_may_ask_whether_it_lives(client: Client) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_it_lives_without_a_database_for_a_restart_would_not_bring_one(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_database(app, monkeypatch)
    with count_statements() as statements:
        assert client.get("/health").status_code == 200
    assert statements == []


def test_with_every_part_doing_its_own_it_is_ready(
    client: Client, connection: Connection, leading: None
) -> None:
    found = parts(client, 200)
    assert {name: part["state"] for name, part in found.items()} == {
        "database": "answers",
        "migrations": "at head",
        "worker": "leads",
        "changes": "none due",
        "connection": "fresh",
    }
    assert found["connection"]["connection"] == connection.id


def test_asking_is_cheap(client: Client, connection: Connection, leading: None) -> None:
    parts(client, 200)
    with count_statements() as statements:
        parts(client, 200)
    assert len(statements) <= 8


def test_without_its_database_it_is_not_ready_and_tells_no_address(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_database(app, monkeypatch)
    assert parts(client, 503) == {
        "database": {"name": "database", "ok": False, "state": "unreachable"}
    }
    assert "nowhere" not in client.get("/health/ready").text


@pytest.fixture
def version(app: Flask) -> Iterator[Callable[[str], None]]:
    """Sets the migration that the database says it has; put back afterwards."""
    before = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    db.session.rollback()

    def put(number: str) -> None:
        with transaction():
            db.session.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})

    yield put
    put(before)


def test_a_database_that_lacks_a_migration_is_not_ready(
    client: Client, leading: None, version: Callable[[str], None]
) -> None:
    version("0001")
    assert parts(client, 503)["migrations"]["state"] == "behind"


def test_a_database_that_is_ahead_is_ready_for_the_next_release_is_being_brought_in(
    client: Client, leading: None, version: Callable[[str], None]
) -> None:
    version("9999")
    assert parts(client, 200)["migrations"]["state"] == "ahead"


def test_with_nobody_leading_it_is_not_ready_but_can_take_requests(
    client: Client, connection: Connection
) -> None:
    assert parts(client, 503)["worker"] == {"name": "worker", "ok": False, "state": "nobody leads"}
    found = parts(client, 200, only="database,migrations")
    assert sorted(found) == ["database", "migrations"]


def test_a_part_that_there_is_not_is_a_wrong_question(client: Client) -> None:
    assert client.get("/health/ready?parts=database,sun").status_code == 400


def test_a_connection_that_was_not_read_for_long_is_late(
    client: Client, connection: Connection, leading: None
) -> None:
    connection.last_success_at = utc_now() - timedelta(hours=2)
    db.session.commit()
    found = parts(client, 503)["connection"]
    assert (found["state"], found["ok"]) == ("late", False)
    assert 7190 < found["seconds"] < 7300


def test_a_paused_connection_is_named(
    client: Client, connection: Connection, leading: None
) -> None:
    connection.state, connection.state_reason = "paused", "token-like reason"
    db.session.commit()
    assert parts(client, 503)["connection"]["state"] == "paused"
    assert "reason" not in client.get("/health/ready").text


def test_a_change_that_is_due_for_long_is_stuck_unless_others_go_out_meanwhile(
    client: Client, connection: Connection, leading: None
) -> None:
    since = utc_now() - LATE - timedelta(minutes=1)
    campaign = factories.campaign(connection_id=connection.id)
    factories.change(campaign, next_attempt_at=since)
    db.session.commit()
    found = parts(client, 503)["changes"]
    assert found["state"] == "stuck"
    assert found["seconds"] >= 960

    db.session.add(call(connection))
    db.session.commit()
    assert parts(client, 200)["changes"]["state"] == "waiting"


def call(connection: Connection) -> RequestLog:
    return RequestLog(
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
