"""Connections for scripts: their state without a credential, and keeping all from being sent."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.support.statements import count_statements
from webapp.api.schemas import connections as schemas
from webapp.audit.models import AuditEvent
from webapp.connections.models import DETACHED, PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import RequestLog


@pytest.fixture
def script(client):
    def send(method, path, scopes="read write sync admin", status=200, **sent):
        headers = {"Authorization": f"Bearer {factories.api_token(scopes)}"}
        answer = client.open(f"/api/v1{path}", method=method, headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json

    return send


def call(connection):
    row = RequestLog(
        connection_id=connection.id,
        at=utc_now(),
        method="GET",
        path="/campaigns",
        priority="pull",
        outcome="ok",
        received_bytes=1,
        duration_ms=1,
    )
    db.session.add(row)
    db.session.flush()


def test_a_connection_says_how_it_is_and_nothing_of_its_credential(script):
    connection = factories.connection(
        credential_digest="5ec9e7",
        failures=5,
        trial_at=factories.SOME_DAY,
        capabilities={"label": "Megaphone (v1)", "delete": False, "campaigns": 12},
        state=PAUSED,
        state_reason="Megaphone did not accept the API token.",
    )
    call(connection)
    factories.connection(state=DETACHED)

    (found,) = script("GET", "/connections")["items"]

    schemas.Connection.model_validate(found)
    assert found["id"] == str(connection.id)
    assert (found["state"], found["reason"]) == ("paused", connection.state_reason)
    assert found["breaker"]["is_open"] is True
    assert found["requests"] == {"last_minute": 1, "most_a_minute": 54}
    assert found["capabilities"] == {"label": "Megaphone (v1)", "delete": False}
    assert found["freshness"]["late"] is True
    assert "5ec9e7" not in str(found)
    assert "credential" not in str(found)


def test_pausing_and_resuming_is_kept_and_told(script):
    connection = factories.connection()
    path = f"/connections/{connection.id}"

    paused = script("POST", f"{path}/pause", json={"reason": "Rates change."})
    again = script("POST", f"{path}/pause", json={"reason": "Other."})

    schemas.Connection.model_validate(paused)
    assert paused["held"]["reason"] == again["held"]["reason"] == "Rates change."
    assert paused["held"]["by"].startswith("token ")
    assert script("POST", f"{path}/resume")["held"] is None
    assert script("POST", f"{path}/resume")["held"] is None
    db.session.expire_all()
    assert db.session.get_one(Connection, connection.id).held_at is None
    told = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))
    assert list(told) == ["held sending", "released sending"]


def test_only_an_administrator_s_token_pauses(script):
    path = f"/connections/{factories.connection().id}/pause"

    refused = script("POST", path, "read write sync", 403, json={"reason": "x"})

    assert refused["code"] == "not_allowed"


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "state": "active"}])
def test_a_pause_without_a_reason_or_with_more_is_refused(script, body):
    path = f"/connections/{factories.connection().id}/pause"

    assert script("POST", path, status=422, json=body)["code"] == "invalid"


def test_what_takes_no_body_refuses_one_instead_of_ignoring_it(script):
    path = f"/connections/{factories.connection().id}/resume"

    assert script("POST", path, status=422, json={"reason": "x"})["code"] == "invalid"
    assert script("POST", path, status=422, json=[])["detail"] == "This takes no body."
    script("POST", path, json={})


def test_a_connection_that_is_not_there_is_a_404(script):
    paused = script("POST", "/connections/4711/pause", status=404, json={"reason": "x"})
    resumed = script("POST", "/connections/x/resume", status=404)

    assert (paused["code"], resumed["code"]) == ("not_found", "not_found")


def test_more_connections_cost_no_more_statements(script):
    def cost():
        db.session.commit()
        with count_statements() as statements:
            script("GET", "/connections")
        return len(statements)

    factories.connection()
    few = cost()
    for _ in range(5):
        factories.connection()

    assert cost() == few
