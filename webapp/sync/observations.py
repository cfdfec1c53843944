"""Observation numbers, and the rule that no transaction is open while a remote call is made.

Each remote read takes a number when it *starts*. What it saw is dropped when the campaign was
written or merged with a later number meanwhile: no two clocks are ever compared.
"""

from sqlalchemy import update

from webapp.connections.models import Connection
from webapp.core.db import UNSEEN, db, transaction


def next_observation(connection_id: int) -> int:
    """A new number, in the caller's transaction."""
    query = (
        update(Connection)
        .where(Connection.id == connection_id)
        .values(observation=Connection.observation + 1)
        .returning(Connection.observation)
        .execution_options(**UNSEEN)
    )
    return int(db.session.execute(query).scalar_one())


def begin_observation(connection_id: int) -> int:
    """A new number, committed: for a remote read that is about to start."""
    with transaction():
        return next_observation(connection_id)


def leave_database() -> None:
    """Raises ``RuntimeError`` when a transaction is open. Called before each remote call.

    An open transaction would hold SQLite's write lock for as long as the ad server likes.
    """
    if db.session().in_transaction():
        raise RuntimeError("a remote call was about to be made inside a transaction")
