"""Bringing an earlier version of a campaign back: an edit like any other, shown before it is done.

A version is what the fields were right after an entry of the timeline. The timeline keeps texts as
people read them; here they become values again.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.advertisers import queries as advertisers
from webapp.audit import queries as audit
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.auth import queries as operators
from webapp.campaigns import queries, service
from webapp.campaigns.fields import EDITABLE, LABELS, editable, readable, values_of
from webapp.campaigns.models import Campaign
from webapp.core.errors import InvalidInput, NotFound

# Only these gave fields another value; others tell of what was seen, sent or left.
WRITING = frozenset(
    {"booked", "cancelled", "changed", "edited", "kept theirs", "settled conflict", "undid"}
)
MOST_EVENTS = 2_000
IN_CONFLICT = "It is in conflict with Megaphone. Decide that first."
NO_ADVERTISER = "No advertiser has that name now, or more than one has."
NO_OPERATOR = "Nobody has that address now."
UNREADABLE = "What it was cannot be read any more."
NOT_NEEDED, NEEDED = "Not needed", "Needed"


@dataclass(frozen=True, slots=True)
class GroupRestore:
    """One field group: before that entry, in that version, and now. ``None`` is nothing.

    ``changed_by`` is the latest entry that changed it since; ``blocked`` says why it cannot be
    restored.
    """

    group: str
    label: str
    before: str | None
    then: str | None
    now: str | None
    changed_by: AuditEvent | None
    blocked: str | None

    @property
    def is_same(self) -> bool:
        return self.then == self.now

    @property
    def is_possible(self) -> bool:
        return not self.is_same and self.blocked is None


@dataclass(frozen=True, slots=True)
class Preview:
    """What restoring would do. ``version`` is the campaign's, to be given back."""

    campaign: Campaign
    event: AuditEvent
    groups: Sequence[GroupRestore]
    version: int

    @property
    def is_any_possible(self) -> bool:
        return any(each.is_possible for each in self.groups)


def preview(campaign: Campaign, event_id: int) -> Preview:
    """The version after this entry beside what is now. Raises ``NotFound``."""
    event, events = _history(campaign, event_id)
    now = _texts(campaign)
    in_conflict = {each.field_group for each in queries.open_conflicts(campaign)}
    groups = []
    for group in EDITABLE:
        own = [each for each in events if each.field == LABELS[group]]
        then = _text_after(own, event, now[group])
        blocked = IN_CONFLICT if group in in_conflict else None
        if blocked is None and then != now[group]:
            blocked = _value(campaign, group, then)[1]
        groups.append(
            GroupRestore(
                group,
                LABELS[group],
                before=_text_before(own, event, then),
                then=then,
                now=now[group],
                changed_by=next((e for e in own if _place(e) > _place(event)), None),
                blocked=blocked,
            )
        )
    return Preview(campaign, event, groups, campaign.version)


def restore(
    actor: Actor,
    campaign: Campaign,
    event_id: int,
    expected_version: int,
    groups: Sequence[str],
    key: uuid.UUID,
) -> Campaign:
    """Give these groups the values of that version, through the edit that any form makes.

    Raises ``StaleEdit`` when the campaign was changed since the preview, ``InvalidInput`` when a
    group cannot be restored, ``NotFound`` when there is no such version.
    """
    shown = preview(campaign, event_id)
    chosen = {each.group: each for each in shown.groups if each.group in groups}
    if not chosen or len(chosen) != len(set(groups)):
        raise InvalidInput({"groups": "Choose what to restore."})
    blocked = {group: each.blocked for group, each in chosen.items() if each.blocked}
    if blocked:
        raise InvalidInput({group: f"{LABELS[group]}: {why}" for group, why in blocked.items()})
    wanted = {
        group: _value(campaign, group, each.then)[0]
        for group, each in chosen.items()
        if not each.is_same
    }
    return service.edit_campaign(
        actor,
        campaign,
        values_of(editable(campaign) | wanted),
        expected_version,
        key,
        reason=f"Restored as {shown.event.actor} left it, {shown.event.at:%Y-%m-%d %H:%M} UTC.",
    )


def _history(campaign: Campaign, event_id: int) -> tuple[AuditEvent, list[AuditEvent]]:
    """The entry's event, and all that gave a field a value, newest first."""
    found = audit.events_of("campaign", campaign.id, MOST_EVENTS)
    events = sorted((e for e in found if e.field and e.action in WRITING), key=_place, reverse=True)
    event = next((each for each in events if each.id == event_id), None)
    if event is None:
        raise NotFound("There is no such version of this campaign, or it is too many edits ago.")
    return event, events


def _place(event: AuditEvent) -> tuple[Any, ...]:
    return event.at, event.id


def _is_of(event: AuditEvent, entry: AuditEvent) -> bool:
    """Whether an event belongs to the same entry of the timeline: one form has many fields."""
    return (event.at, event.actor, event.action) == (entry.at, entry.actor, entry.action)


def _text_after(own: Sequence[AuditEvent], entry: AuditEvent, now: str | None) -> str | None:
    """What one field was right after an entry; ``own`` are its events, newest first."""
    text = now
    for event in own:
        if _place(event) <= _place(entry) or _is_of(event, entry):
            return event.after
        text = event.before
    return text


def _text_before(own: Sequence[AuditEvent], entry: AuditEvent, then: str | None) -> str | None:
    return next((each.before for each in own if _is_of(each, entry)), then)


def _texts(campaign: Campaign) -> Mapping[str, str | None]:
    now = editable(campaign)
    names = advertisers.names_of([campaign.advertiser_id])
    owners = operators.emails_of([campaign.owner_id])
    return {group: readable(group, now[group], names, owners) for group in EDITABLE}


def _value(campaign: Campaign, group: str, text: str | None) -> tuple[Any, str | None]:
    """A text as the value that it was written for, or why there is none."""
    if group == "advertiser":
        found = advertisers.ids_named(text or "", campaign.connection_id)
        return (found[0], None) if len(found) == 1 else (None, NO_ADVERTISER)
    if group == "copy_needed":
        return text == NEEDED, None if text in (NEEDED, NOT_NEEDED) else UNREADABLE
    if text is None:
        return None, None
    if group == "owner":
        owner = operators.operator_by_email(text)
        return (owner.id, None) if owner and owner.active else (None, NO_OPERATOR)
    if group == "budget":
        return _budget(text)
    return text, None


def _budget(text: str) -> tuple[list[Any] | None, str | None]:
    currency, _, amount = text.rpartition(" ")
    digits = amount.replace(",", "").replace(".", "")
    if not currency or not digits.isascii() or not digits.isdigit():
        return None, UNREADABLE
    # Written with all minor digits of its currency: without the point, those are minor units.
    return [int(digits), currency], None
