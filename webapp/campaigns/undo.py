"""Undoing an edit, or what reading the ad server changed here: shown first, then done.

What was not sent yet is undone at no cost: the waiting change shrinks, or is cancelled. What may
have been sent is undone by a new change, which goes out like any edit.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.advertisers import queries as advertisers
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns import outgoing, pending, queries
from webapp.campaigns.authors import authors_of
from webapp.campaigns.fields import GROUPS, LABELS, Snapshot, readable, snapshot
from webapp.campaigns.intents import Intent, digest_of, earlier, enqueue
from webapp.campaigns.models import CANCELLED, CREATE, UPDATE, Campaign, Change
from webapp.campaigns.record import lock, record_groups, set_groups
from webapp.campaigns.state import refresh_sync_state
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, StaleEdit, TooLate

BOOKED = "A booking that was sent cannot be undone here. Archive it, and cancel it in Megaphone."
TAKEN_BACK = "This booking was taken back before it was sent. There is nothing to undo."
UNRECORDED = "What it was before was not kept, so it cannot be undone."
NOTHING_LEFT = "Everything that it changed is already as it was before."
IN_CONFLICT = "It is in conflict with Megaphone. Decide that first."
NO_ADVERTISER = "It had no advertiser that is known here."


@dataclass(frozen=True, slots=True)
class GroupUndo:
    """One field group: what it is, and what it would be. ``None`` as a text is nothing.

    ``changed_since``: it is no longer what the edit left; ``changed_by`` says who and when, where
    that is known. ``blocked`` says why it cannot be undone.
    """

    group: str
    label: str
    now: str | None
    restored: str | None
    is_done: bool
    changed_since: bool
    changed_by: AuditEvent | None
    blocked: str | None

    @property
    def is_possible(self) -> bool:
        return not self.is_done and self.blocked is None

    @property
    def is_suggested(self) -> bool:
        return self.is_possible and not self.changed_since


@dataclass(frozen=True, slots=True)
class Preview:
    """What undoing would do. ``problem`` says why nothing can be undone.

    ``is_free``: nothing of it has been sent. ``cancels``: it takes back a booking. ``version`` is
    the campaign's, to be given back with the decision.
    """

    campaign: Campaign
    groups: Sequence[GroupUndo]
    version: int
    is_free: bool
    problem: str | None = None
    cancels: bool = False


def preview(change: Change) -> Preview:
    """What undoing this change would restore, and what was changed since."""
    campaign = db.session.get_one(Campaign, change.campaign_id)
    if change.kind == CREATE and change.before is None:
        waits = _waiting_booking(campaign) is not None
        problem = None if waits else _no_undo(campaign)
        return Preview(campaign, (), campaign.version, waits, problem, cancels=waits)
    if change.before is None:
        return Preview(campaign, (), campaign.version, is_free=False, problem=UNRECORDED)
    return _preview(campaign, change.before, change.after or {}, change.created_at)


def preview_pulled(
    campaign: Campaign, group: str, before: Any, after: Any, at: datetime | None = None
) -> Preview:
    """What undoing one item of a pull would restore. ``at`` is when it was read."""
    return _preview(campaign, {group: before}, {group: after}, at or utc_now())


def undo(
    actor: Actor,
    change: Change,
    expected_version: int,
    groups: Sequence[str],
    key: uuid.UUID,
    *,
    batch: uuid.UUID | None = None,
) -> Campaign:
    """Restore these groups to what the change found. ``batch`` names the bulk undo it belongs to.

    Raises ``TooLate`` when it cannot be undone, ``StaleEdit`` when the campaign was changed since
    the preview, ``InvalidInput`` when a group is in conflict or not of this change.
    """
    campaign = db.session.get_one(Campaign, change.campaign_id)
    if change.kind == CREATE and change.before is None:
        lock(campaign)
        booking = _waiting_booking(campaign)
        if booking is None:
            raise TooLate(_no_undo(campaign))
        if campaign.version != expected_version:
            # Somebody's edit would be taken back with it.
            raise StaleEdit({})
        outgoing.cancel(actor, booking)
        return campaign
    if change.before is None:
        raise TooLate(UNRECORDED)
    if not groups or not set(groups) <= change.before.keys():
        raise InvalidInput({"groups": "Choose what to restore."})
    restored = {group: change.before[group] for group in GROUPS if group in groups}
    return _restore(
        actor, campaign, restored, expected_version, key, undoes_id=change.id, batch=batch
    )


def undo_pulled(
    actor: Actor,
    campaign: Campaign,
    group: str,
    before: Any,
    expected_version: int,
    key: uuid.UUID,
) -> Campaign:
    """Restore what a pull has replaced, and send it. Raises like :func:`undo`."""
    return _restore(actor, campaign, {group: before}, expected_version, key)


def _waiting_booking(campaign: Campaign) -> Change | None:
    if campaign.remote_id or pending.under_way(campaign):
        return None
    return next(iter(pending.waiting_changes(campaign)), None)


def _no_undo(campaign: Campaign) -> str:
    return TAKEN_BACK if pending.cancelled_create(campaign) else BOOKED


def _preview(campaign: Campaign, before: Snapshot, after: Snapshot, since: datetime) -> Preview:
    now = snapshot(campaign)
    names = advertisers.names_of([before.get("advertiser"), now["advertiser"]])
    authors = authors_of(campaign, since=since)
    blocked = _blocked(campaign, before)
    groups = [
        GroupUndo(
            group,
            LABELS[group],
            readable(group, now[group], names),
            readable(group, before[group], names),
            is_done=now[group] == before[group],
            changed_since=now[group] not in (before[group], after.get(group)),
            changed_by=authors.get(LABELS[group]) if now[group] != after.get(group) else None,
            blocked=blocked.get(group),
        )
        for group in GROUPS
        if group in before
    ]
    possible = {each.group: before[each.group] for each in groups if each.is_possible}
    done = all(each.is_done for each in groups)
    is_free = bool(possible) and not _to_send(campaign, now | possible, list(possible))
    problem = NOTHING_LEFT if done else None
    return Preview(campaign, groups, campaign.version, is_free, problem)


def _blocked(campaign: Campaign, before: Mapping[str, Any]) -> dict[str, str]:
    blocked = {c.field_group: IN_CONFLICT for c in queries.open_conflicts(campaign)}
    if "advertiser" in before and before["advertiser"] is None:
        blocked.setdefault("advertiser", NO_ADVERTISER)
    return blocked


def _restore(
    actor: Actor,
    campaign: Campaign,
    restored: Snapshot,
    expected_version: int,
    key: uuid.UUID,
    *,
    undoes_id: int | None = None,
    batch: uuid.UUID | None = None,
) -> Campaign:
    digest = digest_of("undo", [undoes_id, restored])
    if earlier(key, digest):
        return campaign
    lock(campaign)
    old = snapshot(campaign)
    groups = [group for group, value in restored.items() if old[group] != value]
    if not groups:
        return campaign
    if campaign.version != expected_version:
        raise StaleEdit({group: old[group] for group in groups})
    blocked = _blocked(campaign, restored)
    refused = {group: blocked[group] for group in groups if group in blocked}
    if refused:
        raise InvalidInput(refused)
    set_groups(campaign, {group: restored[group] for group in groups})
    new = snapshot(campaign)
    record_groups(actor, "undid", campaign, groups, old, new)
    db.session.flush()
    if _to_send(campaign, new, groups):
        before, after = {g: old[g] for g in groups}, {g: new[g] for g in groups}
        intent = Intent(key, digest, before, after, batch=batch, undoes_id=undoes_id)
        enqueue(actor, campaign, UPDATE if campaign.remote_id else CREATE, groups, intent)
    else:
        _shrink(campaign, new)
    return campaign


def _to_send(campaign: Campaign, wanted: Snapshot, groups: list[str]) -> list[str]:
    """The groups that a new change has to bring to the ad server, so that it has these values."""
    if pending.cancelled_create(campaign):
        return []
    waiting = pending.waiting_changes(campaign)
    flying = pending.under_way(campaign)
    if flying is None and campaign.remote_id is None and waiting:
        # Its values are read when it is sent, and none was yet.
        return []
    carried = {field for change in waiting for field in change.fields}
    open_groups = _unsent(campaign, wanted) | set(flying.fields if flying else ())
    return [group for group in groups if group in open_groups and group not in carried]


def _unsent(campaign: Campaign, wanted: Snapshot) -> set[str]:
    base = campaign.base or {}
    return {group for group in GROUPS if group not in base or base[group] != wanted[group]}


def _shrink(campaign: Campaign, wanted: Snapshot) -> None:
    """Leave to the waiting change what still differs from what both sides agreed on."""
    flying = pending.under_way(campaign)
    still = _unsent(campaign, wanted) | set(flying.fields if flying else ())
    for change in pending.waiting_changes(campaign) if campaign.remote_id else ():
        change.fields = [group for group in change.fields if group in still]
        if not change.fields:
            change.state, change.finished_at = CANCELLED, utc_now()
    db.session.flush()
    refresh_sync_state(campaign)
    db.session.flush()
