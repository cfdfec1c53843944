"""Reading connections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import g, has_request_context, request
from sqlalchemy import select

from webapp.audit import queries as audit
from webapp.audit.models import AuditEvent
from webapp.connections.models import DETACHED, Connection
from webapp.connections.service import RENEWED
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.postgresql import PREPARED

ALL = select(Connection).order_by(Connection.id).execution_options(**PREPARED)


@dataclass(frozen=True, slots=True)
class Found:
    """Those in the settings, the ids of the others, and the organisations of all by id."""

    shown: Sequence[Connection]
    detached: Sequence[int]
    organizations: Mapping[int, str]


def shown_connections() -> Sequence[Connection]:
    """The connections in the settings, whether they are active or paused."""
    return _asked_once().shown


def detached_ids() -> Sequence[int]:
    """Those that are no longer in the settings."""
    return _asked_once().detached


def _asked_once() -> Found:
    """A page, which changes nothing, asks once for all that it says of connections."""
    if not has_request_context() or request.method != "GET":
        return _all()
    if "connections" not in g:
        g.connections = _all()
    found: Found = g.connections
    return found


def _all() -> Found:
    """There are few."""
    found = db.session.scalars(ALL).all()
    return Found(
        [each for each in found if each.state != DETACHED],
        [each.id for each in found if each.state == DETACHED],
        {each.id: each.external_id for each in found},
    )


def first_connection() -> Connection | None:
    """The connection that new campaigns are booked in; ``None`` before the first start."""
    return next(iter(shown_connections()), None)


def get_connection(connection_id: int) -> Connection:
    """One that is shown. Raises ``NotFound``."""
    for connection in shown_connections():
        if connection.id == connection_id:
            return connection
    raise NotFound("There is no such connection.")


def latest_token(connection: Connection) -> AuditEvent | None:
    """When its token was last replaced, and by whom; ``None`` while it has its first one."""
    return audit.latest_action("connection", connection.id, RENEWED)


def organizations() -> Mapping[int, str]:
    """Each connection's organisation in its ad server, by the connection's id."""
    return _asked_once().organizations
