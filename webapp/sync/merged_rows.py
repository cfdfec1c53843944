"""Merging one listed campaign into ours: its new columns, and what people should hear of it."""

from collections.abc import Mapping
from typing import Any

from webapp.adservers.types import RemoteCampaign
from webapp.audit.service import Subject, event_rows
from webapp.campaigns.fields import LABELS, Snapshot, columns_of, field_changes, snapshot
from webapp.campaigns.keys import derived_columns
from webapp.campaigns.models import (
    CONFIRMED,
    CONFLICT,
    GONE,
    PARKED,
    REFUSED,
    WAITING,
    Campaign,
    Conflict,
)
from webapp.sync import conflicts, outbox
from webapp.sync.conflicts import AGREED
from webapp.sync.directory import Directory
from webapp.sync.merge import Merged, merge, still_to_send
from webapp.sync.mirror import followed_columns, own_columns, theirs
from webapp.sync.page import (
    BACK,
    CHANGED,
    IN_CONFLICT,
    MEGAPHONE,
    NOT_THERE,
    Collected,
    PageContext,
    pulled_rows,
    whole_record,
)


def merge_row(
    campaign: Campaign,
    remote: RemoteCampaign,
    mark: str,
    known_conflicts: Mapping[str, Conflict],
    context: PageContext,
    out: Collected,
    given_up: Snapshot,
) -> None:
    """Add to ``out`` what this campaign comes to. Raises ``UnusableRow``.

    ``given_up`` is what was sent of it and not heard of: what shows it now is no edit of theirs.
    """
    there = own_columns(remote, _advertiser_there(campaign, remote, context.directory))
    their_groups, ours = theirs(there), snapshot(campaign)
    arrived = {group: value for group, value in given_up.items() if their_groups[group] == value}
    base = (campaign.base or {}) | arrived
    merged = merge(base, ours, their_groups)
    fresh = conflicts.apply(
        campaign.id, merged, base, known_conflicts, context.observation, context.now
    )
    own = {key: getattr(campaign, key) for key in there}
    for group, value in merged.take.items():
        own |= columns_of(group, value)
    subject = Subject("campaign", campaign.id, own["title"])
    for action, kind, groups in (
        ("changed", CHANGED, list(merged.take)),
        ("conflict", IN_CONFLICT, fresh),
    ):
        if groups:
            fields = field_changes(groups, ours, their_groups, context.directory.names)
            out.events += event_rows(MEGAPHONE, action, subject, fields, at=context.now)
            out.pulled += pulled_rows(context, campaign.id, kind, groups, ours, their_groups)
    if _was_missing(campaign):
        out.events += event_rows(MEGAPHONE, "came back", subject, at=context.now)
        out.pulled.append(whole_record(context.run_id, campaign.id, BACK, context.now))
    row = _columns(campaign, remote, mark, own, merged, context)
    # A form drawn before must not decide a conflict that it did not show.
    row["version"] = campaign.version + bool(merged.take or fresh)
    out.updates.append(row)
    out.changes += _freed_change(campaign, row, known_conflicts, context)


def _advertiser_there(
    campaign: Campaign, remote: RemoteCampaign, directory: Directory
) -> int | None:
    if remote.advertiser_id is None:
        return None
    # One that is known by nothing but its id says nothing of a change.
    return directory.ids.get(remote.advertiser_id, (campaign.base or {}).get("advertiser"))


def _columns(
    campaign: Campaign,
    remote: RemoteCampaign,
    mark: str,
    own: dict[str, Any],
    merged: Merged,
    context: PageContext,
) -> dict[str, Any]:
    agreed = merged.base == theirs(own)
    state, detail = _sync_state(campaign, list(merged.conflicts), agreed=agreed)
    return {
        "id": campaign.id,
        **own,
        **followed_columns(remote),
        **derived(own, context.directory),
        "changed_at": max(campaign.changed_at, remote.updated_at or context.now),
        "sync_state": state,
        "sync_detail": detail,
        "synced_at": context.now,
        "base": merged.base,
        "fingerprint": settled(mark, remote, context.directory),
        "observed": context.observation,
        "missed_runs": 0,
    }


def settled(mark: str, remote: RemoteCampaign, directory: Directory) -> str:
    """The fingerprint to keep: none while the advertiser is not known yet, to look again."""
    return mark if not remote.advertiser_id or remote.advertiser_id in directory.ids else ""


def derived(own: Mapping[str, Any], directory: Directory) -> dict[str, str]:
    return derived_columns(
        own["title"],
        own["external_id"],
        directory.name(own["advertiser_id"]),
        own["total_budget_minor"],
        own["total_budget_currency"],
    )


def _was_missing(campaign: Campaign) -> bool:
    """Whether it was taken for gone until now, by a list or by a change that did not find it."""
    is_parked = campaign.sync_state == PARKED and campaign.sync_detail == NOT_THERE
    return campaign.sync_state == GONE or is_parked


def _freed_change(
    campaign: Campaign,
    row: Mapping[str, Any],
    conflicts_before: Mapping[str, Conflict],
    context: PageContext,
) -> list[dict[str, Any]]:
    """A change that sends what an ended conflict held back, when it did not end in agreement.

    Or what could not be sent while the record seemed to be gone.
    """
    in_conflict = {group for group, c in conflicts_before.items() if c.decision != AGREED}
    is_back = _was_missing(campaign) and row["sync_state"] == WAITING
    unsent = still_to_send(row["base"], theirs(row), in_conflict)
    if not unsent or not (is_back or len(in_conflict) < len(conflicts_before)):
        return []
    return [outbox.new_update(row["id"], context.connection_id, list(unsent), context.now)]


def _sync_state(
    campaign: Campaign, in_conflict: list[str], *, agreed: bool
) -> tuple[str, str | None]:
    if in_conflict:
        return CONFLICT, ", ".join(LABELS[group] for group in in_conflict)
    if campaign.sync_state == CONFLICT or _was_missing(campaign):
        return CONFIRMED if agreed else WAITING, None
    if agreed and campaign.sync_state in (REFUSED, PARKED):
        return CONFIRMED, None
    return campaign.sync_state, campaign.sync_detail
