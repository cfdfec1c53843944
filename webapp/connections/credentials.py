"""Credentials of connections: locked in their row, and told to nobody but their ad server."""

import re

from sqlalchemy import select

from webapp.connections.models import Connection
from webapp.core.config import Settings
from webapp.core.crypt import decrypt, encrypt
from webapp.core.db import db, reading

TOKEN = re.compile(r"[!#-\[\]-~]{1,1000}")


def place_of(connection_id: int) -> str:
    """What the credential is bound to: in another row it does not open."""
    return f"connection:{connection_id}:credential"


def keep(connection: Connection, token: str) -> None:
    connection.credential = encrypt(token, bound_to=place_of(connection.id))


def token_in_use(platform: str, settings: Settings) -> str:
    """What calls are made with: the connection's token, or the settings' before it has one.

    Asked on a connection of its own: no transaction is open while somebody waits for an answer.
    Raises ``CannotOpen``.
    """
    found = select(Connection.id, Connection.credential).where(
        Connection.platform == platform, Connection.external_id == settings.megaphone_org_id
    )
    with reading(), db.engine.connect() as connection:
        row = connection.execute(found).one_or_none()
    if row is None or row.credential is None:
        return (
            settings.megaphone_api_token.get_secret_value() if settings.megaphone_api_token else ""
        )
    return decrypt(row.credential, bound_to=place_of(row.id))
