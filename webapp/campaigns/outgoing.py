"""What operators do with a change that was not sent yet: hold it, put it off, take it back.

Each is one fenced update: a worker may claim the change at the same moment, and then it is too
late. The caller commits.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns import pending, queries
from webapp.campaigns.decisions import close_conflicts
from webapp.campaigns.fields import Snapshot, changed_groups, snapshot
from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    CREATE,
    HELD,
    NOT_SENT,
    READY,
    REJECTED,
    SETTLING,
    STUCK,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.campaigns.record import lock, record_groups, set_groups, subject, touch
from webapp.campaigns.state import refresh_sync_state
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, TooLate
from webapp.web.filters import absolute

LONGEST_DELAY = timedelta(days=366)
ENDED = {
    APPLIED: "Megaphone has confirmed this already.",
    REJECTED: "Megaphone has refused this already.",
    SUPERSEDED: "A newer change has replaced this one.",
    CANCELLED: "This was cancelled already.",
    STUCK: "This is no longer waiting: it needs a decision.",
    HELD: "This is on hold already.",
    READY: "This is not on hold.",
}
BEING_SENT = "It is too late: this is being sent to Megaphone."


def hold(actor: Actor, change: Change) -> Change:
    """Keep a waiting change from being sent until it is released. Raises ``TooLate``."""
    campaign = _locked(change)
    _step(change, (READY,), state=HELD, held_by=actor.label)
    audit.record(actor, "held", subject(campaign))
    return change


def release(actor: Actor, change: Change) -> Change:
    """Let a change on hold be sent. Raises ``TooLate``."""
    campaign = _locked(change)
    # The time on hold is none of failing.
    _step(change, (HELD,), state=READY, held_by=None, failing_since=None)
    audit.record(actor, "released", subject(campaign))
    return change


def send_at(actor: Actor, change: Change, when: datetime | None) -> Change:
    """Put a waiting change off until ``when``; ``None`` sends it as soon as it may be.

    Raises ``TooLate``, or ``InvalidInput`` when the moment is over or more than a year ahead.
    """
    now = utc_now()
    if when is not None and not now < when <= now + LONGEST_DELAY:
        raise InvalidInput({"when": "Choose a moment from now to a year ahead."})
    campaign = _locked(change)
    before = change.not_before
    _step(change, NOT_SENT, not_before=when, failing_since=None)
    texts = [absolute(moment) if moment else "at once" for moment in (before, when)]
    audit.record(actor, "put off", subject(campaign), [FieldChange("sending", *texts)])
    return change


def cancel(actor: Actor, change: Change) -> Change:
    """Take back a change that was not sent: its values are again what both sides agreed on.

    A booking has nothing to go back to: it is archived, and can be booked after all from there.
    Raises ``TooLate``.
    """
    campaign = _locked(change)
    _step(change, NOT_SENT, state=CANCELLED, finished_at=utc_now())
    under_way = pending.under_way(campaign)
    if change.kind == CREATE and campaign.remote_id is None and under_way is None:
        # One that came back unsent waits beside a later edit: each of them would book it.
        for other in pending.waiting_changes(campaign):
            _step(other, NOT_SENT, state=CANCELLED, finished_at=utc_now())
        campaign.archived_at = campaign.archived_at or utc_now()
        touch(campaign)
        audit.record(actor, "cancelled booking", subject(campaign))
    else:
        _go_back(actor, campaign, _agreed(campaign, change, under_way))
    db.session.flush()
    refresh_sync_state(campaign)
    db.session.flush()
    return change


def find_out(actor: Actor, change: Change) -> Change:
    """Have the worker look as soon as it may what became of a change. Raises ``TooLate``.

    The time that a lost request may still take to arrive is never cut short. One that was given up
    is looked for again.
    """
    campaign = _locked(change)
    if change.state == STUCK and (change.sent_payload is None or pending.is_busy(campaign)):
        raise TooLate("Nothing of this is unknown. Look at what is there now.")
    now = utc_now()
    _step(
        change,
        (SETTLING, STUCK),
        state=SETTLING,
        next_attempt_at=now,
        settle_until=max(change.settle_until or now, now),
        finished_at=None,
        failing_since=None,
        clean_probes=0 if change.state == STUCK else change.clean_probes,
    )
    audit.record(actor, "asked to look", subject(campaign))
    refresh_sync_state(campaign)
    db.session.flush()
    return change


def _locked(change: Change) -> Campaign:
    """The campaign first, then its change: the order that everyone keeps."""
    campaign = db.session.get_one(Campaign, change.campaign_id)
    lock(campaign)
    db.session.refresh(change)
    return campaign


def _step(change: Change, expected: tuple[str, ...], **values: Any) -> None:
    stepped = (
        update(Change)
        .where(Change.id == change.id, Change.state.in_(expected))
        .values(values)
        .returning(Change.id)
    )
    done = db.session.execute(stepped).scalar_one_or_none()
    db.session.refresh(change)
    if done is None:
        raise TooLate(ENDED.get(change.state, BEING_SENT))


def _agreed(campaign: Campaign, change: Change, under_way: Change | None) -> Snapshot:
    """What these groups would be without the change that is taken back."""
    agreed = dict(campaign.base or {})
    # What is on its way, or waits as well, is not taken back by this.
    if under_way:
        agreed |= under_way.sent_payload or _left_by(campaign, under_way)
    others = pending.waiting_changes(campaign)
    for other in reversed(others):
        if other.id < change.id:
            agreed |= _left_by(campaign, other)
    for conflict in queries.open_conflicts(campaign):
        agreed[conflict.field_group] = conflict.theirs
    newer = {group for other in others if other.id > change.id for group in other.fields}
    return {g: agreed[g] for g in change.fields if g in agreed and g not in newer}


def _left_by(campaign: Campaign, change: Change) -> Snapshot:
    """What a change that was not sent yet has to send, without what was edited after it."""
    left = snapshot(campaign)
    since = select(Change.before).where(
        Change.campaign_id == campaign.id, Change.id > change.id, Change.before.is_not(None)
    )
    for before in db.session.scalars(since.order_by(Change.id.desc())):
        left |= before or {}
    return {group: left[group] for group in change.fields}


def _go_back(actor: Actor, campaign: Campaign, agreed: Snapshot) -> None:
    old = snapshot(campaign)
    new = old | agreed
    groups = changed_groups(old, new)
    set_groups(campaign, {group: new[group] for group in groups})
    record_groups(actor, "cancelled", campaign, groups, old, new)
    close_conflicts(actor, campaign, agreed, CANCELLED)
