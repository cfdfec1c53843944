"""The list's filters in words: what can be chosen, and what is chosen now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.audit.entries import WORDS
from webapp.audit.listing import NOBODY
from webapp.audit.models import AuditEvent
from webapp.core.listing import ListParams
from webapp.web.lists import list_url

SOURCES = {
    "web": "Pages",
    "api": "Scripts",
    "sync": "Sync",
    "bulk": "Bulk actions",
    "import": "Imports",
    "cli": "Commands",
}
KINDS = {
    "campaign": "Campaigns",
    "connection": "Connections",
    "operator": "People",
    "invitation": "Invitations",
    "rule": "Rules",
    "view": "Views",
    "bulk": "Bulk actions",
    "api token": "Scripts' keys",
    "audit seal": "The timeline itself",
}
ACTIONS = {name: name for name in sorted({*WORDS, "edited"})}
LABELS = {"q": "words", "who": "by", "source": "through"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied filter, and the address without it."""

    label: str
    value: str
    href: str


def chips(
    params: ListParams, operators: Mapping[int, str], events: Sequence[AuditEvent]
) -> list[Chip]:
    """What is filtered for. One object is named as the events about it name it."""
    about = params.filters.get("about", "")
    choices: dict[str, Mapping[str, str]] = {
        "who": {NOBODY: "no person"} | {str(id_): email for id_, email in operators.items()},
        "source": SOURCES,
        "kind": KINDS,
        "about": {about: events[0].object_label if events else about},
    }
    found = [("q", params.query)] if params.query else []
    found += params.filters.items()
    return [
        Chip(
            LABELS.get(name, name),
            choices.get(name, {}).get(text, text),
            list_url("audit.index", params.link(**{name: None})),
        )
        for name, text in found
    ]
