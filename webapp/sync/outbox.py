"""Outgoing changes in the database: claimed with a lease, and each step fenced by it.

Every step names the lease and the state it expects. A worker that was too slow finds that it no
longer holds the lease, and changes nothing. Which change may be claimed is in
``webapp.sync.turns``; the campaign is locked before its change (decision 10).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, Update, or_, select, update

from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import (
    CHECKING,
    CLAIMED,
    CONFLICT,
    CREATE,
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
from webapp.core.db import UNSEEN, db
from webapp.sync import breaker, turns
from webapp.sync.moments import NOW, at, later

LEASE = timedelta(seconds=60)
# A request that was sent can still be applied for so long; until then its outcome is open.
SETTLE = timedelta(seconds=120)
LATEST_LEASE, SETTLED = later(2 * LEASE), later(SETTLE)
PROBE_SPACING = timedelta(seconds=30)
NO_TROUBLE: dict[str, None] = dict.fromkeys(
    ("last_error", "last_status", "error_code", "failing_since", "remote_request_id")
)


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
    failing_since: datetime | None
    error_code: str | None
    operator_id: int | None = None


def any_to_send(now: datetime) -> bool:
    """Whether a change is to be sent or taken back: a cheap look before the write lock is taken."""
    return bool(db.session.scalar(_is_any_to_send(), at(now)))


@cache
def _is_any_to_send() -> Select[bool]:
    behind = select(Change.id).where(or_(_lease_is_over(), turns.is_far_ahead()))
    looks = (behind, turns.failing_while_it_waits(), turns.to_send())
    return select(or_(*(look.exists() for look in looks)))


def any_to_probe(now: datetime) -> bool:
    """Whether a change is to be asked about: a cheap look before the write lock is taken."""
    return bool(db.session.scalar(_is_any_to_probe(), at(now)))


@cache
def _is_any_to_probe() -> Select[bool]:
    return select(turns.to_probe().exists())


def claim_due(now: datetime) -> Claim | None:
    """Claim the change whose turn it is, if any may go out now."""
    change = db.session.scalars(turns.next_to_send(), at(now)).one_or_none()
    if change is None:
        return None
    # Only one worker leads; should two meet here, the second finds the turn taken.
    if change.attempts and not breaker.may_retry(change.connection_id, now):
        return None
    if not change.attempts and not breaker.may_start(change.connection_id, now):
        return None
    return _claim(change, CLAIMED, now)


def claim_probe(now: datetime) -> Claim | None:
    """Claim a change whose outcome is unknown and has had time to settle."""
    change = db.session.scalars(turns.next_to_probe(), at(now)).one_or_none()
    if change is None or not breaker.may_start(change.connection_id, now):
        return None
    return _claim(change, PROBING, now)


def _claim(change: Change, state: str, now: datetime) -> Claim:
    change.state, change.lease_token, change.lease_until = state, uuid4(), now + LEASE
    if state == CLAIMED:
        change.claimed_at = now
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
        change.failing_since,
        change.error_code,
        change.operator_id,
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
        .execution_options(**UNSEEN)
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
    )


def finish(claim: Claim, expected: str, state: str, now: datetime, **values: Any) -> None:
    _lock_campaign(claim)
    step(claim, expected, state=state, finished_at=now, lease_token=None, **values)


def release(claim: Claim, expected: str, state: str, **values: Any) -> None:
    """Give the change back for a later step."""
    _lock_campaign(claim)
    step(claim, expected, state=state, lease_token=None, lease_until=None, **values)


def extend(claim: Claim, expected: str, now: datetime) -> None:
    step(claim, expected, lease_until=now + LEASE)


def _lock_campaign(claim: Claim) -> None:
    # It is told next what became of its change; who edits it has locked it before the change.
    query = select(Campaign.id).where(Campaign.id == claim.campaign_id)
    db.session.execute(query.with_for_update(key_share=True))


def _lease_is_over() -> ColumnElement[bool]:
    # One that lasts longer than any lease is of a clock that was set back since.
    over = or_(Change.lease_until < NOW, Change.lease_until > LATEST_LEASE)
    return campaigns.is_in(Change, CLAIMED, SENT, PROBING) & over


def recover_expired(now: datetime) -> int:
    """Take back what a worker left behind. What was sent is unknown, not failed.

    One that a slow worker is just completing is left for the next look.
    """
    changes = db.session.scalars(_expired(), at(now)).all()
    for change in changes:
        if change.state == SENT:
            change.clean_probes = 0
        change.state = READY if change.state == CLAIMED else SETTLING
        change.lease_token = change.lease_until = None
        show(change.campaign_id, WAITING if change.state == READY else CHECKING)
    return len(changes)


@cache
def _expired() -> Select[Change]:
    return (
        select(Change)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(_lease_is_over())
        .with_for_update(**turns.BOTH_OR_NEITHER)
    )


def mend_waits(now: datetime) -> None:
    """End waits of a clock that was set back since, and forget failures while all is paused."""
    for query in _mends():
        db.session.execute(query, at(now))


@cache
def _mends() -> tuple[Update, ...]:
    ahead = select(Change.id).where(turns.is_far_ahead())
    return (
        # Begun anew, not ended: the request may have been sent a moment ago.
        _mend(ahead, SETTLING, settle_until=SETTLED, next_attempt_at=NOW),
        _mend(ahead, READY, next_attempt_at=NOW),
        _mend(turns.failing_while_it_waits(), failing_since=None),
    )


def _mend(query: Select[int], *states: str, **values: Any) -> Update:
    """Change these; what somebody else has in hand is left for the next look."""
    if states:
        query = query.where(Change.state.in_(states))
    free = query.with_for_update(**turns.FREE_ONLY)
    mend = update(Change).where(Change.id.in_(free)).values(values)
    return mend.execution_options(**UNSEEN)


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
