"""The connection that the settings name: made once, paused with a reason, kept when it goes."""

import pytest

from tests.factories import ACTOR
from webapp.audit.models import AuditEvent
from webapp.connections import queries, service
from webapp.connections.models import ACTIVE, DETACHED, PAUSED, Connection
from webapp.core.config import Settings

TOKEN = "token-1"


def connect(organization: str = "organisation-1", *, token: str = TOKEN) -> Connection:
    settings = Settings(megaphone_api_token=token, megaphone_org_id=organization)
    connection = service.connect_from_settings(ACTOR, settings)
    assert connection
    return connection


@pytest.fixture(autouse=True)
def _database(db_session) -> None:
    """Every test here reads and writes connections."""


def actions(db_session) -> list[str]:
    return [event.action for event in db_session.query(AuditEvent).order_by(AuditEvent.id)]


def test_without_a_credential_there_is_none() -> None:
    assert service.connect_from_settings(ACTOR, Settings()) is None
    assert queries.first_connection() is None


def test_starting_again_finds_the_same_connection(db_session) -> None:
    first = connect()
    assert connect() is first
    assert queries.first_connection() is first
    assert db_session.query(Connection).count() == 1


def test_the_token_is_not_kept(db_session) -> None:
    connection = connect(token="very-secret-token")
    db_session.refresh(connection)
    assert "very-secret-token" not in str(vars(connection))


def test_another_organisation_takes_its_place_and_the_first_is_kept() -> None:
    first = connect("one")
    second = connect("two")
    assert (first.state, second.state) == (DETACHED, ACTIVE)
    assert list(queries.shown_connections()) == [second]

    assert connect("one") is first
    assert (first.state, first.state_reason, second.state) == (ACTIVE, None, DETACHED)


def test_a_pause_says_why_once_and_outlives_a_restart_with_the_same_token(db_session) -> None:
    connection = connect()
    service.pause(ACTOR, connection, "Megaphone refused the token.")
    service.pause(ACTOR, connection, "Something else.")
    connect()

    assert connection.state == PAUSED
    assert connection.state_reason == "Megaphone refused the token."
    assert actions(db_session) == ["paused"]


def test_a_new_token_lifts_a_pause(db_session) -> None:
    connection = connect(token="old")
    service.pause(ACTOR, connection, "Megaphone refused the token.")
    connect(token="new")
    assert (connection.state, connection.state_reason) == (ACTIVE, None)
    assert actions(db_session) == ["paused", "resumed"]


def test_a_reason_of_any_length_is_kept_as_far_as_it_goes() -> None:
    connection = connect()
    service.pause(ACTOR, connection, "x" * 2000)
    assert connection.state_reason == "x" * 500
