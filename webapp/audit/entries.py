"""The timeline as people read it: what one person did at one moment is one entry."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from webapp.audit.models import AuditEvent
from webapp.audit.service import FieldChange

# An action in words: before the object's name, and on the object's own page.
WORDS = {
    "applied the brake": ("accepted what was missing from", "accepted what was missing"),
    "archived": ("archived", "archived it here"),
    "asked for a sync": ("asked for a sync of", "asked for a sync"),
    "booked": ("booked", "booked it"),
    "booked anew": ("booked anew, because it was gone,", "booked it anew, because it was gone"),
    "came back": ("lists again", "lists it again"),
    "cancelled a sync": ("stopped a sync of", "stopped a sync"),
    "checked": ("checked", "checked it"),
    "closed duplicate": (
        "closed the report of a second record of",
        "closed the report of a second record",
    ),
    "changed the view": ("changed the view", "changed it"),
    "chose a home view": ("chose a home view for", "chose a home view"),
    "chose notices": ("chose what is told by e-mail to", "chose what is told by e-mail"),
    "conflict": ("has another value than ours in", "has another value than ours"),
    "confirmed": ("confirmed", "confirmed it"),
    "created": ("created", "created it"),
    "deleted the view": ("deleted the view", "deleted it"),
    "duplicate": ("has a second record of", "has a second record of it"),
    "first listed": ("lists for the first time", "lists it for the first time"),
    "gone": ("no longer has", "no longer has it"),
    "held sending": ("paused all sending to", "paused all sending"),
    "invitation withdrawn": ("withdrew the invitation of", "withdrew the invitation"),
    "invited": ("invited", "made the invitation"),
    "joined": ("joined as", "joined"),
    "kept here only": ("kept here only", "kept it here only"),
    "kept the missing": ("kept what was missing from", "kept what was missing"),
    "linked": ("found, and linked,", "found its record and linked it"),
    "looked and booked again": ("looked, and booked again", "looked, and booked it again"),
    "kept ours": ("kept our value in", "kept our value"),
    "kept theirs": ("took Megaphone’s value in", "took Megaphone’s value"),
    "made token": ("made the token", "made it"),
    "moved": ("joined with its own record", "joined it with its own record"),
    "new token": ("gave a new token to", "gave it a new token"),
    "new lock": (
        "locked with the newest key the secret of",
        "locked its secret with the newest key",
    ),
    "noted on": ("noted on", "noted"),
    "parked": ("did not settle a change of", "did not settle the change"),
    "other sessions ended": ("ended the other sessions of", "ended the other sessions"),
    "password changed": ("changed the password of", "changed the password"),
    "password set": ("set the password of", "set the password"),
    "recovery code used": ("used a recovery code of", "used a recovery code"),
    "recovery codes made": ("made recovery codes for", "made new recovery codes"),
    "recovery codes discarded": ("discarded the recovery codes of", "discarded the recovery codes"),
    "rule changed": ("changed the rule:", "changed it"),
    "second factor off": ("switched off the second factor of", "switched off the second factor"),
    "second factor on": ("set up a second factor for", "set up a second factor"),
    "second factor replaced": (
        "moved to another app the second factor of",
        "moved the second factor to another app",
    ),
    "sign-in linked": (
        "linked, by signing in elsewhere, the account",
        "linked the sign-in elsewhere",
    ),
    "sign-in unlinked": ("unlinked from the sign-in elsewhere", "unlinked the sign-in elsewhere"),
    "refused": ("refused", "refused the change"),
    "released sending": ("resumed sending to", "resumed sending"),
    "resumed a sync": ("went on with a sync of", "went on with a sync"),
    "revoked token": ("revoked the token", "revoked it"),
    "role changed": ("changed the role of", "changed the role"),
    "rotated token": ("gave a new secret to the token", "gave it a new secret"),
    "saved a view": ("saved a list as", "saved it"),
    "saved over": ("saved a list over", "saved a list over it"),
    "second factor reset": ("reset the second factor of", "reset the second factor"),
    "session ended": ("ended a session of", "ended a session"),
    "sessions ended": ("ended all sessions of", "ended all sessions"),
    "settled conflict": ("settled a conflict in", "settled the conflict by typing a value"),
    "switched off": ("switched off", "switched the account off"),
    "switched on": ("switched on", "switched the account on"),
    "unarchived": ("took out of the archive", "took it out of the archive"),
    "asked to look": ("asked to find out about", "asked to find out what became of it"),
    "booked after all": ("booked after all", "booked it after all"),
    "cancelled": ("cancelled an unsent change of", "cancelled the unsent change"),
    "cancelled booking": (
        "cancelled before it was sent",
        "cancelled the booking before it was sent",
    ),
    "held": ("put on hold the change of", "put the change on hold"),
    "put off": ("set when to send the change of", "set when to send the change"),
    "released": ("released the change of", "released the change"),
    "undid": ("undid a change of", "undid a change"),
}

# Gives, for ids of one type of object, the addresses of their pages.
LinkMaker = Callable[[set[int]], Mapping[int, str]]
_link_makers: dict[str, LinkMaker] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline, in the words of ``templates/components/timeline.html``.

    ``about`` names the object as the list's filter does; ``last_id`` is the id of its last event.
    ``version_href`` leads to what the object was right after it.
    """

    at: datetime
    actor: str
    words: str
    source: str | None = None
    reason: str | None = None
    changes: Sequence[FieldChange] = field(default_factory=tuple)
    object: str | None = None
    href: str | None = None
    about: str | None = None
    operator_id: int | None = None
    request_id: str | None = None
    last_id: int = 0
    action: str = ""
    version_href: str | None = None


def link_objects(object_type: str, maker: LinkMaker) -> None:
    """Have the timeline link to objects of this type. The package that owns them calls it."""
    _link_makers[object_type] = maker


def entries(events: Iterable[AuditEvent]) -> list[Entry]:
    """Entries of one object's events, which are newest first."""
    return [_entry(group) for group in _groups(events)]


def entries_with_objects(events: Sequence[AuditEvent]) -> list[Entry]:
    """The same, each naming its object, with a link where there is a page of it."""
    links = _links(events)
    return [
        _entry(
            group,
            object_=group[0].object_label,
            href=links.get((group[0].object_type, group[0].object_id)),
        )
        for group in _groups(events)
    ]


def _groups(events: Iterable[AuditEvent]) -> list[list[AuditEvent]]:
    def key(event: AuditEvent) -> tuple[object, ...]:
        return (event.at, event.actor, event.action, event.object_type, event.object_id)

    return [list(group) for _, group in groupby(events, key)]


def _entry(group: list[AuditEvent], object_: str | None = None, href: str | None = None) -> Entry:
    first = group[0]
    words, alone = WORDS.get(first.action, (first.action, first.action))
    if object_ is None:
        words = alone
    elif href is None:
        words = f"{words} {object_}"
    return Entry(
        at=first.at,
        actor=first.actor,
        words=words,
        source=first.source,
        reason=first.reason,
        # However the events are ordered, the fields of one form are read in the form's order.
        changes=[
            FieldChange(each.field, each.before, each.after)
            for each in sorted(group, key=attrgetter("id"))
            if each.field
        ],
        object=object_,
        href=href,
        about=f"{first.object_type}-{first.object_id}",
        operator_id=first.operator_id,
        request_id=first.request_id,
        last_id=max(event.id for event in group),
        action=first.action,
    )


def _links(events: Sequence[AuditEvent]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for object_type, maker in _link_makers.items():
        ids = {event.object_id for event in events if event.object_type == object_type}
        if ids:
            found |= {(object_type, id_): href for id_, href in maker(ids).items()}
    return found
