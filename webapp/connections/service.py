"""Connections: made from the settings at start, paused and resumed, kept from sending, checked,
given a new token.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.connections import credentials
from webapp.connections.models import ACTIVE, DETACHED, PAUSED, Connection
from webapp.connections.words import MARKER_WORDS
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.errors import InvalidInput

MEGAPHONE = "megaphone"
RENEWED = "new token"


def connect_from_settings(actor: Actor, settings: Settings) -> Connection | None:
    """Make the connection that the settings name the active one; detach those they no longer name.

    The settings' token becomes the connection's when it is another than at the last start, and
    lifts a pause that the old one caused: one that was entered since is used until then. Returns
    ``None`` when no credential is set.
    """
    if settings.megaphone_api_token is None or settings.megaphone_org_id is None:
        return None
    connection = _connection(settings.megaphone_org_id)
    token = settings.megaphone_api_token.get_secret_value()
    if connection.state == DETACHED:
        connection.state, connection.state_reason, connection.pause_kind = ACTIVE, None, None
        audit.record(actor, "connected again", subject(connection))
    _take(actor, connection, token)
    connection.base_url = settings.megaphone_base_url
    _detach_others(actor, connection)
    db.session.flush()
    return connection


def _take(actor: Actor, connection: Connection, token: str) -> None:
    digest = hashlib.sha256(token.encode()).hexdigest()
    if connection.credential_digest == digest and connection.credential is not None:
        return
    if connection.credential is not None:
        audit.record(actor, RENEWED, subject(connection))
    if connection.credential_digest != digest:
        resume(actor, connection)
    credentials.keep(connection, token)
    connection.credential_digest = digest


def enter_token(actor: Actor, connection: Connection, token: str) -> None:
    """Use this token from now on, as somebody entered it. Lifts a pause that the old one caused.

    Raises ``InvalidInput`` for what cannot be a token.
    """
    if not credentials.TOKEN.fullmatch(token):
        raise InvalidInput(
            {"token": "This is no token: it has blanks or other characters no token has, or none."}
        )
    _lock(connection)
    credentials.keep(connection, token)
    audit.record(actor, RENEWED, subject(connection))
    resume(actor, connection)
    db.session.flush()


def pause(actor: Actor, connection: Connection, reason: str, kind: str | None = None) -> None:
    """Stop reading and sending until the reason is mended; changes wait, none is lost.

    ``kind`` is the code of the error that said so.
    """
    if connection.state != ACTIVE:
        return
    connection.state, connection.state_reason = PAUSED, reason[:500]
    connection.pause_kind = kind
    audit.record(actor, "paused", subject(connection), reason=reason)
    db.session.flush()


def resume(actor: Actor, connection: Connection) -> None:
    """The ad server answers as agreed again: what waited may go out."""
    if connection.state != PAUSED:
        return
    connection.state, connection.state_reason, connection.pause_kind = ACTIVE, None, None
    audit.record(actor, "resumed", subject(connection))
    db.session.flush()


def hold_sending(actor: Actor, connection: Connection, reason: str) -> None:
    """Keep everything from being sent until an operator releases it; reading goes on.

    Pressed twice, the first one's name and reason stand. Raises ``InvalidInput`` without a reason.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput({"reason": "Say why, so that others know when it may go on."})
    _lock(connection)
    if connection.held_at is not None:
        return
    connection.held_at, connection.held_by = utc_now(), actor.label
    connection.hold_reason = reason[:500]
    audit.record(actor, "held sending", subject(connection), reason=connection.hold_reason)
    db.session.flush()


def release_sending(actor: Actor, connection: Connection) -> None:
    """What was kept back may go out, unless something else keeps it."""
    _lock(connection)
    if connection.held_at is None:
        return
    connection.held_at = connection.held_by = connection.hold_reason = None
    audit.record(actor, "released sending", subject(connection))
    db.session.flush()


def record_check(
    actor: Actor, connection: Connection, capabilities: Mapping[str, Any], found_mode: str | None
) -> None:
    """Keep what a check found; without ``found_mode`` external ids are worth what they were.

    Only a check may trust the ad server with more than before.
    """
    _lock(connection)
    # Read now that it is locked: a booking may just have shown that they are not kept.
    marker_mode = found_mode or connection.marker_mode
    connection.capabilities, connection.checked_at = dict(capabilities), utc_now()
    changes = []
    if connection.marker_mode != marker_mode:
        before, after = MARKER_WORDS[connection.marker_mode], MARKER_WORDS[marker_mode]
        changes.append(FieldChange("external IDs", before, after))
    connection.marker_mode = marker_mode
    audit.record(actor, "checked", subject(connection), changes)
    db.session.flush()


def subject(connection: Connection) -> Subject:
    return Subject("connection", connection.id, connection.name)


def _connection(external_id: str) -> Connection:
    query = select(Connection).where(
        Connection.platform == MEGAPHONE, Connection.external_id == external_id
    )
    connection = db.session.scalars(query).one_or_none()
    if connection is None:
        connection = Connection(
            platform=MEGAPHONE,
            name="Megaphone",
            base_url="",
            external_id=external_id,
            created_at=utc_now(),
        )
        db.session.add(connection)
        db.session.flush()
    return connection


def _detach_others(actor: Actor, kept: Connection) -> None:
    query = select(Connection).where(
        Connection.platform == MEGAPHONE,
        Connection.id != kept.id,
        Connection.state != DETACHED,
    )
    for connection in db.session.scalars(query):
        connection.state, connection.state_reason = DETACHED, "It is not in the settings any more."
        audit.record(actor, "detached", subject(connection), reason=connection.state_reason)


def locked(connection_id: int) -> Connection:
    """The connection, kept from changes by others. The last row that a transaction locks."""
    return db.session.get_one(Connection, connection_id, with_for_update={"key_share": True})


def _lock(connection: Connection) -> None:
    db.session.refresh(connection, with_for_update={"key_share": True})
