"""What operators ask of sync. The work itself is done by the worker (``webapp.sync.jobs``)."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync import queries
from webapp.sync.models import REQUESTED, SyncRun

OPERATOR, SCHEDULE, START = "operator", "schedule", "start"


def request_run(actor: Actor, connection: Connection) -> SyncRun:
    """Ask the worker for a pull now. Asked twice before it began, it is one run.

    A paused connection is read too: that is how it is found to be mended.
    """
    run = _add_run(connection, OPERATOR, requested_by=actor.label)
    if run is None:
        return next(r for r in queries.open_runs(connection.id) if r.state == REQUESTED)
    audit.record(actor, "asked for a sync", connections.subject(connection))
    return run


def schedule_run(connection: Connection, trigger: str, due_at: datetime) -> SyncRun | None:
    """A run for a moment of the schedule; ``None`` when that moment has its run already."""
    return _add_run(connection, trigger, due_at=due_at)


def _add_run(
    connection: Connection,
    trigger: str,
    *,
    requested_by: str | None = None,
    due_at: datetime | None = None,
) -> SyncRun | None:
    run = SyncRun(
        connection_id=connection.id,
        trigger=trigger,
        requested_by=requested_by,
        requested_at=utc_now(),
        due_at=due_at,
        state=REQUESTED,
        set_aside=[],
    )
    try:
        with db.session.begin_nested():
            db.session.add(run)
    except IntegrityError:
        return None
    return run
