"""The connection that the settings name: made once, paused with a reason, kept when it goes."""

import pytest

from tests.factories import ACTOR
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.connections import queries, service
from webapp.connections.models import (
    ACTIVE,
    DETACHED,
    NO_MARKER,
    PAUSED,
    STORED_MARKER,
    Connection,
)
from webapp.core.config import Settings
from webapp.core.errors import InvalidInput, NotFound

TOKEN = "token-1"
OTHER = Actor("other@example.com", "web")


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
    service.pause(ACTOR, connection, "Megaphone refused the token.", "auth_failed")
    assert connection.pause_kind == "auth_failed"
    connect(token="new")
    assert (connection.state, connection.state_reason) == (ACTIVE, None)
    assert connection.pause_kind is None
    assert actions(db_session) == ["paused", "new token", "resumed"]


def test_a_connection_that_is_connected_again_does_not_keep_an_old_pauses_kind() -> None:
    connection = connect("one")
    service.pause(ACTOR, connection, "Megaphone refused the token.", "auth_failed")
    connect("two")
    connect("one")
    assert (connection.state, connection.pause_kind) == (ACTIVE, None)


def test_a_check_that_proves_nothing_of_external_ids_leaves_what_is_known(db_session) -> None:
    connection = connect()
    service.record_check(ACTOR, connection, {}, None)
    assert connection.marker_mode == STORED_MARKER
    connection.marker_mode = NO_MARKER
    db_session.flush()
    service.record_check(ACTOR, connection, {}, None)
    assert connection.marker_mode == NO_MARKER


def test_a_reason_of_any_length_is_kept_as_far_as_it_goes() -> None:
    connection = connect()
    service.pause(ACTOR, connection, "x" * 2000)
    assert connection.state_reason == "x" * 500


def test_sending_is_held_with_a_name_and_a_reason_until_it_is_released(db_session) -> None:
    connection = connect()
    service.hold_sending(ACTOR, connection, "  A bulk edit went wrong.  ")
    service.hold_sending(OTHER, connection, "Another reason.")

    assert connection.held_at is not None
    assert (connection.held_by, connection.hold_reason) == (
        ACTOR.label,
        "A bulk edit went wrong.",
    )
    assert connection.state == ACTIVE

    service.release_sending(OTHER, connection)
    service.release_sending(OTHER, connection)
    assert (connection.held_at, connection.held_by, connection.hold_reason) == (None, None, None)
    assert actions(db_session) == ["held sending", "released sending"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_sending_is_not_held_without_a_reason(db_session, reason: str) -> None:
    connection = connect()
    with pytest.raises(InvalidInput):
        service.hold_sending(ACTOR, connection, reason)
    assert connection.held_at is None
    assert actions(db_session) == []


def test_a_new_token_and_a_restart_do_not_release_what_an_operator_holds() -> None:
    connection = connect(token="old")
    service.hold_sending(ACTOR, connection, "Wait.")
    connect(token="new")
    assert connection.held_by == ACTOR.label


def test_a_check_keeps_what_it_found_and_says_when_the_ad_server_is_trusted_with_more(
    db_session,
) -> None:
    connection = connect()
    connection.marker_mode = NO_MARKER
    db_session.flush()
    service.record_check(ACTOR, connection, {"campaigns": 40}, STORED_MARKER)
    service.record_check(ACTOR, connection, {"campaigns": 41}, STORED_MARKER)

    assert connection.capabilities == {"campaigns": 41}
    assert connection.checked_at is not None
    assert connection.marker_mode == STORED_MARKER
    events = db_session.query(AuditEvent).order_by(AuditEvent.id).all()
    assert [(e.action, e.field, e.before, e.after) for e in events] == [
        ("checked", "external IDs", "not kept", "kept"),
        ("checked", None, None, None),
    ]


def test_only_a_connection_that_is_shown_is_found() -> None:
    first = connect("one")
    second = connect("two")
    assert queries.get_connection(second.id) is second
    with pytest.raises(NotFound):
        queries.get_connection(first.id)
