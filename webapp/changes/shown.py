"""Changes as the pages show them: what changes, who wants it, and when it goes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from webapp.advertisers import queries as advertisers
from webapp.campaigns.fields import GROUPS, LABELS, readable
from webapp.campaigns.models import (
    APPLIED,
    CREATE,
    HELD,
    IN_FLIGHT,
    NOT_SENT,
    READY,
    REJECTED,
    SETTLING,
    STUCK,
    Change,
)
from webapp.changes import words
from webapp.core.clock import utc_now
from webapp.core.listing import ListParams
from webapp.web.lists import list_url

BATCH = "batch:"
BOOKED = (LABELS["advertiser"], LABELS["budget"])


@dataclass(frozen=True, slots=True)
class Effect:
    """One field group: its texts before and after. ``told`` is false where neither was kept."""

    label: str
    before: str | None
    after: str | None
    told: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """One change. ``verbs`` are what may be done with it now."""

    row: Any
    effects: Sequence[Effect]
    pill: tuple[str, str, str]
    who: str
    when: str
    at: datetime | None
    verbs: frozenset[str]

    @property
    def is_booking(self) -> bool:
        return bool(self.row.kind == CREATE)

    @property
    def in_brief(self) -> Sequence[Effect]:
        """The same for a row: a booking's title stands beside it, and all of it is new."""
        if not self.is_booking:
            return self.effects
        return [each for each in self.effects if each.label in BOOKED and each.after]


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied filter, and the address without it."""

    label: str
    value: str
    href: str


def shown(rows: Iterable[Any]) -> list[Shown]:
    """Rows of ``queries.list_changes``; one statement for all names in them."""
    rows = list(rows)
    names = advertisers.names_of(_advertiser_ids(rows))
    now = utc_now()
    return [_shown(row, names, now) for row in rows]


def _shown(row: Any, names: Mapping[int, str], now: datetime) -> Shown:
    when, at = _when(row, now)
    return Shown(
        row=row,
        effects=effects_of(row, names),
        pill=words.PILLS[row.state],
        who=who_saved(row.email, row.lane),
        when=when,
        at=at,
        verbs=verbs_of(row.state, is_known=row.before is not None),
    )


def _advertiser_ids(rows: Iterable[Any]) -> set[int]:
    found = [side.get("advertiser") for row in rows for side in (row.before or {}, row.after or {})]
    return {id_ for id_ in found if isinstance(id_, int)}


def effects_of(row: Any, names: Mapping[int, str]) -> list[Effect]:
    """What a change does, group by group, in the form's order."""
    before, after = row.before or {}, row.after or {}
    groups = [group for group in GROUPS if group in row.fields]
    return [
        Effect(
            LABELS[group],
            readable(group, before.get(group), names),
            readable(group, after.get(group), names),
            told=group in after,
        )
        for group in groups
    ]


def sent_of(change: Change) -> list[tuple[str, str | None]]:
    """What the last request of a change carried: each group's label and text."""
    payload = change.sent_payload or {}
    names = advertisers.names_of([payload.get("advertiser")])
    return [(LABELS[g], readable(g, payload[g], names)) for g in GROUPS if g in payload]


def kept_back_of(change: Change) -> list[str]:
    """The labels of what the edit changed and its change did not carry, once that has ended.

    It was undone before it was sent, or both sides had changed it.
    """
    if change.state != APPLIED:
        return []
    return [LABELS[g] for g in GROUPS if g in (change.after or {}) and g not in change.fields]


def who_saved(email: str | None, lane: str) -> str:
    """Who wants the change, as the timeline has it: a token, not whose it is.

    Of a bulk change, whose it is. Sync itself makes some: what is left to send after a merge.
    """
    label = "" if lane.startswith(BATCH) else lane
    # A lane has room for the beginning of a long address only.
    is_email = email is not None and email.startswith(label)
    return label if label and not is_email else email or "sync"


def verbs_of(state: str, *, is_known: bool) -> frozenset[str]:
    """What may be asked of a change in this state; each verb looks again when it is done.

    ``is_known``: what was there before was kept, so that it can be restored.
    """
    found = set()
    if state == READY:
        found |= {"hold", "later", "cancel"}
    if state == HELD:
        found |= {"release", "later", "cancel"}
    if state == SETTLING:
        found.add("find-out")
    if is_known and state in (*NOT_SENT, APPLIED):
        found.add("undo")
    if state == STUCK:
        found.add("settle")
    if state == REJECTED:
        found.add("mend")
    return frozenset(found)


def _when(row: Any, now: datetime) -> tuple[str, datetime | None]:
    """When something happens next or why not, and the moment that the words stand before."""
    if row.state == READY:
        return _when_sent(row, now)
    if row.state == HELD:
        return f"On hold by {row.held_by}" if row.held_by else "On hold", None
    if row.state == SETTLING:
        return "Megaphone is asked", max(row.settle_until or now, row.next_attempt_at, now)
    if row.state in IN_FLIGHT:
        return ("Sent", row.sent_at) if row.sent_at else ("Being sent now", None)
    return "Ended", row.finished_at


def _when_sent(row: Any, now: datetime) -> tuple[str, datetime | None]:
    if row.why == words.LATER:
        return "To be sent", row.not_before
    if row.why in _WAITS:
        return _WAITS[row.why], None
    if row.next_attempt_at <= now + timedelta(seconds=1):
        return "As soon as its turn comes", None
    return "Next attempt", row.next_attempt_at


_WAITS = {
    words.PAUSED: "Waits: the connection is paused",
    words.ALL_ON_HOLD: "Waits: all sending is paused",
    words.CONFLICT: "What is in conflict waits for a decision",
    words.PARKED: "Waits until the booking is settled",
    words.BREAKER: "Waits until Megaphone answers again",
}


def chips(
    params: ListParams, operators: Mapping[int, str], campaign_title: str | None
) -> list[Chip]:
    choices: dict[str, Mapping[str, str]] = {
        "state": words.STATE_CHOICES,
        "kind": words.KIND_CHOICES,
        "age": words.AGE_CHOICES,
        "operator": {str(id_): email for id_, email in operators.items()},
        "campaign": {params.filters.get("campaign", ""): campaign_title or "one of them"},
        "why": words.WHY,
    }
    labels = {"operator": "saved by", "why": "those", "connection": "connection no."}
    found = [("search", "q", params.query)] if params.query else []
    found += [
        (labels.get(name, name), name, choices.get(name, {}).get(text, text))
        for name, text in params.filters.items()
    ]
    return [
        Chip(label, value, list_url("changes.index", params.link(**{argument: None})))
        for label, argument, value in found
    ]


def local_input(moment: datetime) -> str:
    """A moment as a ``datetime-local`` field has it, in the zone that pages are written in."""
    return moment.astimezone(current_app.config["ZONE"]).strftime("%Y-%m-%dT%H:%M")
