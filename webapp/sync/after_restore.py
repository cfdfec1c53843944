"""What a database that comes from a backup does not know: what became of its changes since.

Whatever was on its way may have arrived long ago, and whatever waited may have been sent. So all of
it is looked for before anything is sent, and nothing is sent until an operator releases it. An
update needs no more than that: before each one the record is read and merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from webapp.audit.service import Actor
from webapp.campaigns.models import (
    CHECKING,
    CREATE,
    HELD,
    IN_FLIGHT,
    NOT_SENT,
    READY,
    REJECTED,
    SETTLING,
    STUCK,
    Campaign,
    Change,
)
from webapp.campaigns.state import refresh_sync_state
from webapp.connections import queries as connection_queries
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.sync import markers, outbox, payload, runs, service
from webapp.sync.models import Lease

ENDED_THEN = (
    "This comes from a backup in which it was not booked ({}). It may have been booked since. "
    "Look in Megaphone whether it is there before booking it again."
)


@dataclass(frozen=True, slots=True)
class Doubts:
    """``asked``: looked for now. ``waiting``: looked for when their turn comes.

    ``by_hand``: refused or given up then, so that a person has to look.
    """

    asked: int
    waiting: int
    by_hand: int


def hold_everything(actor: Actor, reason: str) -> int:
    """Keep every connection from sending; those held before keep that reason too. How many."""
    found = db.session.scalars(select(Connection).order_by(Connection.id)).all()
    for connection in found:
        before = f" (Held before by {connection.held_by}: {connection.hold_reason})"
        words = reason + before if connection.held_at else reason
        connections.release_sending(actor, connection)
        connections.hold_sending(actor, connection, words)
    return len(found)


def end_claims(now: datetime) -> None:
    """Nobody leads, and nobody reads: whoever did when the backup was made, is gone."""
    db.session.execute(delete(Lease))
    runs.close_lost(now, all_running=True)


def ask_for_pulls(actor: Actor) -> int:
    shown = connection_queries.shown_connections()
    for connection in shown:
        service.request_run(actor, connection)
    return len(shown)


def doubt_everything(now: datetime) -> Doubts:
    """Make every change that was not over look before anything is sent."""
    asked = _doubt_what_was_under_way(now)
    bookings = _waiting_bookings()
    for change in bookings:
        _mark_as_sent(change)
        change.error_code = payload.FROM_BACKUP
        if change.state == READY and not (change.not_before and change.not_before > now):
            _ask_about(change, now)
            asked += 1
    by_hand = _ended_bookings()
    for change in by_hand:
        _leave_to_a_person(change)
    db.session.flush()
    waiting = sum(change.state in NOT_SENT for change in bookings)
    return Doubts(asked, waiting, len(by_hand))


def _doubt_what_was_under_way(now: datetime) -> int:
    changes = db.session.scalars(select(Change).where(Change.state.in_(IN_FLIGHT))).all()
    for change in changes:
        if _is_booking(change) and change.sent_payload is None:
            _mark_as_sent(change)
        _ask_about(change, now)
    return len(changes)


def _is_booking(change: Change) -> bool:
    campaign = db.session.get_one(Campaign, change.campaign_id)
    return campaign.remote_id is None


def _waiting_bookings() -> Sequence[Change]:
    """The first that waits of each campaign that is not booked, unless one is under way."""
    other = aliased(Change)
    before: ColumnElement[bool] = or_(
        other.state.in_(IN_FLIGHT), (other.state.in_(NOT_SENT)) & (other.id < Change.id)
    )
    query = (
        select(Change)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(
            Campaign.remote_id.is_(None),
            Change.state.in_((READY, HELD)),
            ~exists().where(other.campaign_id == Change.campaign_id, before),
        )
        .order_by(Change.id)
    )
    return db.session.scalars(query).all()


def _ended_bookings() -> Sequence[Change]:
    """The last of each campaign that is not booked, when it was refused or given up."""
    other = aliased(Change)
    later = exists().where(other.campaign_id == Change.campaign_id, other.id > Change.id)
    given_up = and_(Change.state == STUCK, Change.sent_payload.is_(None))
    query = (
        select(Change)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(
            Campaign.remote_id.is_(None),
            Campaign.archived_at.is_(None),
            or_(Change.state == REJECTED, given_up),
            ~later,
        )
        .order_by(Change.id)
    )
    return db.session.scalars(query).all()


def _leave_to_a_person(change: Change) -> None:
    """It may have been mended and booked since: editing it must not book it once more."""
    before = change.last_error or "no reason was kept"
    _mark_as_sent(change)
    change.state, change.last_error = STUCK, ENDED_THEN.format(before)
    db.session.flush()
    refresh_sync_state(db.session.get_one(Campaign, change.campaign_id))


def _mark_as_sent(change: Change) -> None:
    """As if it had been sent when it was saved, under the marker that it would have had."""
    campaign = db.session.get_one(Campaign, change.campaign_id)
    campaign.marker = markers.marker_to_send(campaign)
    change.sent_payload = payload.as_booked(campaign, campaign.marker)
    change.kind, change.sent_at = CREATE, change.created_at


def _ask_about(change: Change, now: datetime) -> None:
    change.state, change.lease_token, change.lease_until = SETTLING, None, None
    change.clean_probes, change.settle_until, change.next_attempt_at = 0, now, now
    # A day of failing would have ended while nobody looked.
    change.failing_since = None
    outbox.show(change.campaign_id, CHECKING)


def forget_failures() -> None:
    """The breaker judges the ad server as it is now."""
    db.session.execute(update(Connection).values(failures=0, trial_at=None))
