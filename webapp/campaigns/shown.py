"""What the campaign pages show beside a campaign's own values: conflicts and the timeline."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import url_for

from webapp.advertisers import queries as advertisers
from webapp.audit import entries as audit_entries
from webapp.audit import queries as audit
from webapp.audit.entries import Entry
from webapp.audit.models import AuditEvent
from webapp.campaigns.fields import LABELS, readable, snapshot
from webapp.campaigns.models import Campaign, Conflict
from webapp.campaigns.restoring import WRITING

SYNC_WORDS = {
    "needs_you": "needs you",
    "confirmed": "confirmed",
    "waiting": "waiting",
    "sending": "sending",
    "checking": "checking",
    "refused": "refused",
    "conflict": "conflict",
    "parked": "parked",
    "gone": "gone",
}


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """One conflict as three texts; ``None`` is nothing."""

    id: int
    label: str
    base: str | None
    ours: str | None
    theirs: str | None
    seen_at: datetime
    ours_by: AuditEvent | None


def conflicts_of(
    campaign: Campaign, found: Sequence[Conflict], events: Iterable[AuditEvent]
) -> list[ShownConflict]:
    """``found`` are the campaign's open ones."""
    if not found:
        return []
    ours = snapshot(campaign)
    ids = [
        value
        for conflict in found
        if conflict.field_group == "advertiser"
        for value in (conflict.base, ours["advertiser"], conflict.theirs)
    ]
    names = advertisers.names_of(ids)
    authors = {e.field: e for e in reversed(list(events)) if e.source != "sync"}
    return [
        ShownConflict(
            id=conflict.id,
            label=LABELS[conflict.field_group],
            base=readable(conflict.field_group, conflict.base, names),
            ours=readable(conflict.field_group, ours[conflict.field_group], names),
            theirs=readable(conflict.field_group, conflict.theirs, names),
            seen_at=conflict.seen_at,
            ours_by=authors.get(LABELS[conflict.field_group]),
        )
        for conflict in found
    ]


def timeline_of(
    campaign: Campaign, events: Sequence[AuditEvent], *, may_restore: bool = False
) -> list[Entry]:
    """The campaign's events, and where it came from when it was not booked here.

    ``may_restore``: those that gave fields a value lead to that version, but the last one, which
    is what is now.
    """
    shown = audit_entries.entries(events)
    writing = [each for each in shown if each.changes and each.action in WRITING][1:]
    if may_restore:
        versions = {each.last_id: _version_href(campaign, each.last_id) for each in writing}
        shown = [replace(each, version_href=versions.get(each.last_id)) for each in shown]
    is_all = len(events) < audit.PAGE
    if is_all and campaign.remote_created_at and all(e.action != "booked" for e in events):
        shown.append(Entry(campaign.remote_created_at, "First seen", "in Megaphone"))
    return shown


def _version_href(campaign: Campaign, event_id: int) -> str:
    return url_for("campaigns.restore", uuid=campaign.uuid, event_id=event_id)
