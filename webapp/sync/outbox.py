"""Outgoing changes in the database: claimed with a lease, and each step fenced by it.

Every step names the lease and the state it expects. A worker that was too slow finds that it no
longer holds the lease, and changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import aliased

from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import (
    CHECKING,
    CLAIMED,
    CONFLICT,
    CREATE,
    IN_FLIGHT,
    PROBING,
    READY,
    SENDING,
    SENT,
    SETTLING,
    UPDATE,
    WAITING,
    Campaign,
    Change,
)
from webapp.connections.models import ACTIVE, Connection
from webapp.core.db import db

LEASE = timedelta(seconds=60)
# A request that was sent can still be applied for so long; until then its outcome is open.
SETTLE = timedelta(seconds=120)
# An operator who saves locks the campaign first and its changes then: waiting for the campaign with
# a change in hand would end in a deadlock. What is busy is left for the next look.
BOTH_OR_NEITHER: Any = {"of": (Change, Campaign), "skip_locked": True}
PROBE_SPACING = timedelta(seconds=30)


class LeaseLost(Exception):
    """Another worker has taken over: whatever this one found out is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A change this worker may work on until the lease runs out. Plain data, no session."""

    change_id: int
    campaign_id: int
    connection_id: int
    kind: str
    lease: UUID
    attempts: int
    clean_probes: int
    created_at: datetime


def any_to_send(now: datetime) -> bool:
    """Whether a change is to be sent or taken back: a cheap look before the write lock is taken."""
    return _is_any(
        or_((Change.state == READY) & (Change.next_attempt_at <= now), _lease_is_over(now))
    )


def any_to_probe(now: datetime) -> bool:
    """Whether a change is to be asked about: a cheap look before the write lock is taken."""
    return _is_any((Change.state == SETTLING) & (Change.settle_until <= now))


def _is_any(condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(Change.id).where(condition).limit(1)) is not None


def claim_due(now: datetime) -> Claim | None:
    """Claim the change that waited longest and may go out now, one without trouble first."""
    other = aliased(Change)
    busy = exists().where(other.campaign_id == Change.campaign_id, other.state.in_(IN_FLIGHT))
    blocked = exists().where(
        other.campaign_id == Change.campaign_id, campaigns.is_unknown_create(other)
    )
    query = (
        select(Change)
        .join(Connection, Change.connection_id == Connection.id)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(
            Change.state == READY,
            Change.next_attempt_at <= now,
            Connection.state == ACTIVE,
            ~busy,
            ~blocked,
        )
        # One that may not be changed pauses the connection: the others go before it.
        .order_by(Change.last_error.is_not(None), Change.next_attempt_at, Change.id)
        .limit(1)
        .with_for_update(**BOTH_OR_NEITHER)
    )
    change = db.session.scalars(query).one_or_none()
    return _claim(change, CLAIMED, now) if change else None


def claim_probe(now: datetime) -> Claim | None:
    """Claim a change whose outcome is unknown and has had time to settle."""
    query = (
        select(Change)
        .join(Connection, Change.connection_id == Connection.id)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(
            Change.state == SETTLING,
            Change.settle_until <= now,
            Change.next_attempt_at <= now,
            Connection.state == ACTIVE,
        )
        .order_by(Change.settle_until, Change.id)
        .limit(1)
        .with_for_update(**BOTH_OR_NEITHER)
    )
    change = db.session.scalars(query).one_or_none()
    return _claim(change, PROBING, now) if change else None


def _claim(change: Change, state: str, now: datetime) -> Claim:
    change.state, change.lease_token, change.lease_until = state, uuid4(), now + LEASE
    # An edit made while the booking itself was on its way has become an update by now.
    bound = select(Campaign.remote_id).where(Campaign.id == change.campaign_id)
    change.kind = UPDATE if db.session.scalar(bound) else CREATE
    show(change.campaign_id, SENDING if state == CLAIMED else CHECKING)
    return Claim(
        change.id,
        change.campaign_id,
        change.connection_id,
        change.kind,
        change.lease_token,
        change.attempts,
        change.clean_probes,
        change.created_at,
    )


def step(claim: Claim, expected: str, **values: Any) -> None:
    """Change the claimed row, if it is still ours and where we left it. Raises ``LeaseLost``."""
    changed = db.session.execute(
        update(Change)
        .where(
            Change.id == claim.change_id,
            Change.lease_token == claim.lease,
            Change.state == expected,
        )
        .values(values)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost


def mark_sent(claim: Claim, payload: dict[str, Any], now: datetime) -> None:
    """Write down what is about to be sent: committed before the socket is touched."""
    step(
        claim,
        CLAIMED,
        state=SENT,
        sent_payload=payload,
        sent_at=now,
        settle_until=now + SETTLE,
        lease_until=now + LEASE,
        attempts=claim.attempts + 1,
        clean_probes=0,
    )


def finish(claim: Claim, expected: str, state: str, now: datetime, **values: Any) -> None:
    step(claim, expected, state=state, finished_at=now, lease_token=None, **values)


def release(claim: Claim, expected: str, state: str, **values: Any) -> None:
    """Give the change back for a later step."""
    step(claim, expected, state=state, lease_token=None, lease_until=None, **values)


def extend(claim: Claim, expected: str, now: datetime) -> None:
    step(claim, expected, lease_until=now + LEASE)


def _lease_is_over(now: datetime) -> ColumnElement[bool]:
    # One that lasts longer than any lease is of a clock that was set back since.
    over = or_(Change.lease_until < now, Change.lease_until > now + 2 * LEASE)
    return Change.state.in_((CLAIMED, SENT, PROBING)) & over


def recover_expired(now: datetime) -> int:
    """Take back what a worker left behind. What was sent is unknown, not failed."""
    query = select(Change).where(_lease_is_over(now)).with_for_update(of=Change, skip_locked=True)
    changes = db.session.scalars(query).all()
    for change in changes:
        change.state = READY if change.state == CLAIMED else SETTLING
        change.lease_token = change.lease_until = None
        show(change.campaign_id, WAITING if change.state == READY else CHECKING)
    return len(changes)


def new_update(
    campaign_id: int, connection_id: int, groups: list[str], now: datetime
) -> dict[str, Any]:
    """The columns of a change that nobody asked for just now, for a bulk insert."""
    return {
        "campaign_id": campaign_id,
        "connection_id": connection_id,
        "intent_key": uuid4(),
        "payload_digest": "",
        "kind": UPDATE,
        "fields": groups,
        "state": READY,
        "next_attempt_at": now,
        "created_at": now,
    }


def show(campaign_id: int, state: str, detail: str | None = None) -> None:
    """Say on the campaign what its change is doing. A conflict is not hidden by it."""
    db.session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.sync_state != CONFLICT)
        .values(sync_state=state, sync_detail=detail)
    )
