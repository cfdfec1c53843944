"""How far a set of outgoing changes is: for whoever waits until all is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from webapp.campaigns.models import (
    APPLIED,
    CONFLICT,
    HELD,
    IN_FLIGHT,
    READY,
    REJECTED,
    STUCK,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.campaigns.queries import is_unknown_create
from webapp.connections.models import ACTIVE, DETACHED, Connection
from webapp.core.db import db

# A database takes so many ids in one statement.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the changes. ``moving``: on their way, or about to be.

    ``kept``: on hold, delayed, or of a connection that sends nothing now. ``needs_you``: given up,
    or ended while something of its campaign is in conflict. ``closed``: replaced or cancelled, so
    that nothing of it is left to send.
    """

    total: int
    sent: int
    refused: int
    needs_you: int
    closed: int
    kept: int
    moving: int

    @property
    def is_all_sent(self) -> bool:
        return self.sent + self.closed == self.total


def unfinished(connection_ids: Iterable[int] | None = None) -> Sequence[int]:
    """The changes of shown connections that are not finished, on hold or not."""
    query = (
        select(Change.id)
        .join(Connection, Change.connection_id == Connection.id)
        .where(Change.state.in_((READY, HELD, *IN_FLIGHT)), Connection.state != DETACHED)
    )
    if connection_ids is not None:
        query = query.where(Change.connection_id.in_(list(connection_ids)))
    return db.session.scalars(query.order_by(Change.id)).all()


def tally(change_ids: Sequence[int], now: datetime) -> Tally:
    states: list[tuple[str, bool]] = []
    for start in range(0, len(change_ids), CHUNK):
        states += _states(change_ids[start : start + CHUNK], now)
    number = {state: sum(each == state for each, _ in states) for state in {s for s, _ in states}}
    waiting = number.get(READY, 0) + number.get(HELD, 0)
    free = sum(is_free for state, is_free in states if state == READY)
    in_flight = sum(number.get(state, 0) for state in IN_FLIGHT)
    sent, refused, stuck = (number.get(state, 0) for state in (APPLIED, REJECTED, STUCK))
    return Tally(
        total=len(states),
        sent=sent,
        refused=refused,
        needs_you=stuck,
        closed=len(states) - sent - refused - stuck - waiting - in_flight,
        kept=waiting - free,
        moving=free + in_flight,
    )


def _states(change_ids: Sequence[int], now: datetime) -> list[tuple[str, bool]]:
    """Each change's state, and whether nothing but its turn keeps it."""
    other = aliased(Change)
    in_doubt = select(other.campaign_id).where(is_unknown_create(other))
    is_free = and_(
        Connection.state == ACTIVE,
        Connection.held_at.is_(None),
        or_(Change.not_before.is_(None), Change.not_before <= now),
        Campaign.id.not_in(in_doubt),
    )
    query = (
        select(Change.state, Campaign.sync_state, is_free.label("is_free"))
        .join(Connection, Change.connection_id == Connection.id)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(Change.id.in_(change_ids))
    )
    return [(_end_of(row), bool(row.is_free)) for row in db.session.execute(query)]


def _end_of(row: Any) -> str:
    """A change ends when the rest of it waits for a decision; that rest was not sent."""
    is_in_conflict = row.sync_state == CONFLICT and row.state in (APPLIED, SUPERSEDED)
    return STUCK if is_in_conflict else row.state
