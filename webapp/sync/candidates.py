"""Ending by hand what the machine must not end: a booking in doubt, and a record that is gone.

A lost booking that cannot be found by its marker is linked by someone who looked at what Megaphone
has. A campaign whose record was deleted there is booked anew, or kept here alone.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import joinedload

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.campaigns import pending, queries
from webapp.campaigns.decisions import close_conflicts
from webapp.campaigns.fields import GROUPS, Snapshot, snapshot
from webapp.campaigns.intents import Intent, digest_of, enqueue
from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    CREATE,
    GONE,
    KEY_LENGTH,
    NOT_SENT,
    PARKED,
    REJECTED,
    STUCK,
    SUPERSEDED,
    UPDATE,
    Campaign,
    Change,
)
from webapp.campaigns.record import lock, record_groups, set_groups, subject, touch
from webapp.campaigns.service import MARKER_PREFIX, archive_campaign, new_marker
from webapp.campaigns.state import refresh_sync_state
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound, TooLate
from webapp.core.text import fold
from webapp.sync import bindings, conflicts
from webapp.sync.merge import merge, still_to_send
from webapp.sync.models import Duplicate
from webapp.sync.page import MEGAPHONE

# The ad server's clock may be behind ours, and what was lost may have been applied late.
SEEN_BEFORE = timedelta(minutes=5)
SEEN_AFTER = timedelta(days=1)
MOST_CANDIDATES = 20
KEPT_HERE = "Megaphone no longer has it; it is kept here only."


def candidates_of(campaign: Campaign) -> Sequence[Campaign]:
    """Imported campaigns that may be this booking, whose answer was lost. Oldest first.

    They have its marker, or its advertiser, title and budget and were made at about that time.
    """
    unknown = _unknown_create(campaign)
    if unknown is None:
        return []
    booked_here = exists().where(Change.campaign_id == Campaign.id, Change.kind == CREATE)
    query = (
        select(Campaign)
        .where(
            Campaign.connection_id == campaign.connection_id,
            Campaign.remote_id.is_not(None),
            Campaign.marker.is_(None),
            ~booked_here,
            _looks_like(campaign, unknown),
        )
        .options(joinedload(Campaign.advertiser))
        .order_by(Campaign.remote_created_at, Campaign.id)
    )
    return db.session.scalars(query.limit(MOST_CANDIDATES)).all()


def _unknown_create(campaign: Campaign) -> Change | None:
    return None if campaign.remote_id else queries.unknown_create(campaign)


def _looks_like(campaign: Campaign, unknown: Change) -> ColumnElement[bool]:
    sent: dict[str, Any] = unknown.sent_payload or {}
    sent_at = unknown.sent_at or unknown.created_at
    minor, currency = sent.get("budget") or (None, None)
    # The key, not the whole title: no two bookings of one moment differ after 120 characters.
    title = fold(sent.get("title") or "")[:KEY_LENGTH]
    alike = and_(
        Campaign.title_key == title,
        Campaign.advertiser_id == sent.get("advertiser"),
        Campaign.total_budget_minor.is_not_distinct_from(minor),
        Campaign.total_budget_currency.is_not_distinct_from(currency),
        Campaign.remote_created_at.between(sent_at - SEEN_BEFORE, sent_at + SEEN_AFTER),
    )
    if campaign.marker is None:
        return alike
    return or_(alike, Campaign.external_id == campaign.marker)


def link(actor: Actor, campaign: Campaign, candidate_uuid: uuid.UUID) -> Campaign:
    """This imported record is the booking in doubt: bind it, and remove its own entry here.

    What was edited here since it was sent goes out; where Megaphone has something else than was
    sent, a person decides. Raises ``TooLate`` when the booking is no longer in doubt or someone
    worked on the other entry, ``NotFound`` when that is no candidate (any more).
    """
    _lock_both(campaign, candidate_uuid)
    unknown = _unknown_create(campaign)
    if unknown is None:
        raise TooLate("This booking is no longer in doubt.")
    found = next((c for c in candidates_of(campaign) if c.uuid == candidate_uuid), None)
    if found is None:
        raise NotFound("This is no longer one of the campaigns that the booking may be.")
    if bindings.was_worked_on(found):
        raise TooLate(
            "Someone has worked on the other campaign here, so it cannot simply be taken over. "
            "Archive this booking instead, and go on with the other one."
        )
    _end(unknown, APPLIED)
    bindings.take_over(campaign, found)
    _close_duplicate(actor, campaign)
    reason = f"Megaphone has it as {campaign.remote_id}; it was listed here a second time."
    audit.record(actor, "linked", subject(campaign), reason=reason)
    groups = _compare(campaign, unknown.sent_payload or {})
    if groups and not pending.waiting_changes(campaign):
        intent = Intent(uuid.uuid4(), digest_of(UPDATE, str(unknown.id)))
        enqueue(actor, campaign, UPDATE, groups, intent)
    touch(campaign)
    refresh_sync_state(campaign)
    db.session.flush()
    return campaign


def _compare(campaign: Campaign, sent: Snapshot) -> list[str]:
    """Agree on what arrived as it was sent. Returns what of ours is still to be sent."""
    ours, there = snapshot(campaign), campaign.base or {}
    # External ids are not kept everywhere: one that is lacking there is nobody's edit.
    agreed = {
        group: value
        for group, value in there.items()
        if sent.get(group) == value or (group == "external_id" and value is None)
    }
    merged = merge(agreed, ours, there)
    conflicts.apply(campaign.id, merged, agreed, {}, campaign.observed, utc_now())
    if merged.conflicts:
        record_groups(MEGAPHONE, "conflict", campaign, merged.conflicts, ours, there)
    campaign.base = merged.base
    return list(still_to_send(merged.base, ours, set(merged.conflicts)))


def _lock_both(campaign: Campaign, candidate_uuid: uuid.UUID) -> None:
    # In the order of ids, as a pull does, so that neither waits for the other.
    query = select(Campaign).where(Campaign.uuid.in_([campaign.uuid, candidate_uuid]))
    ordered = query.order_by(Campaign.id).with_for_update(of=Campaign, key_share=True)
    db.session.scalars(ordered.execution_options(populate_existing=True)).all()


def _close_duplicate(actor: Actor, campaign: Campaign) -> None:
    """A report that called this record a second one is settled by it."""
    report = update(Duplicate).where(
        Duplicate.campaign_id == campaign.id,
        Duplicate.remote_id == campaign.remote_id,
        Duplicate.closed_at.is_(None),
    )
    db.session.execute(report.values(closed_at=utc_now(), closed_by=actor.label))


def is_gone_there(campaign: Campaign) -> bool:
    """Whether what this campaign was bound to is no longer in the ad server."""
    if campaign.remote_id is None or campaign.sync_state not in (GONE, PARKED):
        return False
    return campaign.sync_state == GONE or bool(_gone_changes(campaign))


def _gone_changes(campaign: Campaign) -> list[Change]:
    """Changes that could not be made because the record is gone, and nothing was heard since."""
    ended = (c for c in queries.changes_of(campaign) if c.state in (APPLIED, REJECTED, STUCK))
    return list(takewhile(lambda c: c.state == STUCK and c.error_code == "not_found", ended))


def recreate(actor: Actor, campaign: Campaign) -> Campaign:
    """Book a campaign anew whose record is gone from the ad server. Raises ``TooLate``."""
    _lock_gone(campaign)
    old_id = campaign.remote_id
    for change in _gone_changes(campaign):
        _end(change, SUPERSEDED)
    close_conflicts(actor, campaign, snapshot(campaign), "recreated")
    campaign.remote_id = campaign.base = campaign.fingerprint = campaign.marker = None
    campaign.missed_runs = 0
    if (campaign.external_id or "").startswith(MARKER_PREFIX):
        # The old record may only be out of sight: a second one must not be taken for it.
        set_groups(campaign, {"external_id": new_marker()})
    else:
        touch(campaign)
    reason = f"Megaphone no longer has it as {old_id}."
    audit.record(actor, "booked anew", subject(campaign), reason=reason)
    wanted = snapshot(campaign)
    intent = Intent(uuid.uuid4(), digest_of(CREATE, f"instead of {old_id}"), after=wanted)
    enqueue(actor, campaign, CREATE, list(GROUPS), intent)
    return campaign


def detach(actor: Actor, campaign: Campaign) -> Campaign:
    """Keep a campaign here whose record is gone: archived, and nothing of it is sent any more.

    Should the ad server list it again, what differs waits for a decision. Raises ``TooLate``.
    """
    _lock_gone(campaign)
    for change in [*pending.waiting_changes(campaign), *_gone_changes(campaign)]:
        _end(change, CANCELLED)
    close_conflicts(actor, campaign, snapshot(campaign), CANCELLED)
    audit.record(actor, "kept here only", subject(campaign))
    archive_campaign(actor, campaign)
    touch(campaign)
    # Nothing is agreed any more: neither side replaces the other should it come back.
    campaign.base = campaign.fingerprint = None
    campaign.sync_state, campaign.sync_detail = GONE, KEPT_HERE
    db.session.flush()
    return campaign


def _lock_gone(campaign: Campaign) -> None:
    lock(campaign)
    if pending.is_busy(campaign):
        raise TooLate("Something of this campaign is being sent or checked. Wait a moment.")
    if not is_gone_there(campaign):
        raise TooLate("Megaphone has this campaign, as far as we know.")


def _end(change: Change, state: str) -> None:
    """Close a change that nobody works on; a worker may have claimed it a moment ago."""
    ended = (
        update(Change)
        .where(Change.id == change.id, Change.state.in_((STUCK, *NOT_SENT)))
        .values(state=state, finished_at=utc_now())
        .returning(Change.id)
    )
    if db.session.execute(ended).scalar_one_or_none() is None:
        raise TooLate("It has moved on since. Look at it again.")
    db.session.refresh(change)
