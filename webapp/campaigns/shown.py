"""What the campaign pages show beside a campaign's own values: chips, conflicts, the timeline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.advertisers import queries as advertisers
from webapp.audit import entries as audit_entries
from webapp.audit import queries as audit
from webapp.audit.entries import Entry
from webapp.audit.models import AuditEvent
from webapp.campaigns import queries
from webapp.campaigns.fields import LABELS, readable, snapshot
from webapp.campaigns.models import Campaign
from webapp.core.listing import ListParams
from webapp.web.lists import list_url

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
class Chip:
    """One applied filter, and the address without it."""

    label: str
    value: str
    href: str


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


def chips(params: ListParams, advertiser_names: Mapping[int, str]) -> list[Chip]:
    found = [("search", "q", params.query)] if params.query else []
    for name, text in params.filters.items():
        words = SYNC_WORDS.get(text, text)
        if name == "advertiser":
            words = advertiser_names.get(int(text), "an advertiser that is not listed")
        found.append((name, name, words))
    return [
        Chip(label, words, list_url("campaigns.index", params.link(**{argument: None})))
        for label, argument, words in found
    ]


def conflicts_of(campaign: Campaign, events: Iterable[AuditEvent]) -> list[ShownConflict]:
    found = queries.open_conflicts(campaign)
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


def timeline_of(campaign: Campaign, events: Sequence[AuditEvent]) -> list[Entry]:
    """The campaign's events, and where it came from when it was not booked here."""
    shown = audit_entries.entries(events)
    is_all = len(events) < audit.PAGE
    if is_all and campaign.remote_created_at and all(e.action != "booked" for e in events):
        shown.append(Entry(campaign.remote_created_at, "First seen", "in Megaphone"))
    return shown
