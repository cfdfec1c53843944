"""Reading connections."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.errors import NotFound


def shown_connections() -> Sequence[Connection]:
    """The connections in the settings, whether they are active or paused."""
    query = select(Connection).where(Connection.state != DETACHED).order_by(Connection.id)
    return db.session.scalars(query).all()


def first_connection() -> Connection | None:
    """The connection that new campaigns are booked in; ``None`` before the first start."""
    return next(iter(shown_connections()), None)


def get_connection(connection_id: int) -> Connection:
    """One that is shown. Raises ``NotFound``."""
    for connection in shown_connections():
        if connection.id == connection_id:
            return connection
    raise NotFound("There is no such connection.")


def organizations() -> Mapping[int, str]:
    """Each connection's organisation in its ad server, by the connection's id."""
    query = select(Connection.id, Connection.external_id)
    return {row.id: row.external_id for row in db.session.execute(query)}
