"""What a view keeps, in words: for the record, and for telling two states of a view apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

YES = {True: "yes", False: "no"}
# What is told of a view itself stands among its arguments by these names.
NAME, SHARED = "name", "shared"
LABELS: Mapping[str, str] = {
    NAME: "Name",
    SHARED: "Shared",
    "q": "Search",
    "archived": "Archived",
    "sync": "Sync",
    "advertiser": "Advertiser",
    "agency": "Agency",
    "owner": "Owner",
    "copy": "Ad copy",
    "currency": "Currency",
    "budget_from": "Budget from",
    "budget_to": "Budget to",
    "created_from": "Booked from",
    "created_to": "Booked to",
    "updated_from": "Updated in Megaphone from",
    "updated_to": "Updated in Megaphone to",
    "sort": "Order",
    "columns": "Columns",
    "density": "Density",
    "per_page": "Rows a page",
}
# Arguments that hold the number of a record, as the query language writes it.
NUMBERED = ("advertiser", "agency", "owner")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two states of a view have differently; ``None`` is "nothing"."""

    label: str
    now: str | None
    asked: str | None


def in_words(arguments: Mapping[str, str]) -> str:
    """All that a view keeps, on one line."""
    parts = [f"{label_of(name)}: {value_of(name, arguments[name])}" for name in _order(arguments)]
    return "; ".join(parts) or "every campaign"


def differences(now: Mapping[str, str], asked: Mapping[str, str]) -> Sequence[Difference]:
    return [
        Difference(label_of(name), _told(name, now), _told(name, asked))
        for name in _order({**now, **asked})
        if now.get(name) != asked.get(name)
    ]


def state(name: str, arguments: Mapping[str, str], *, is_shared: bool) -> Mapping[str, str]:
    """All that can change of a view."""
    return {**arguments, NAME: name, SHARED: YES[is_shared]}


def label_of(name: str) -> str:
    return LABELS.get(name, name)


def value_of(name: str, text: str) -> str:
    if name == "sort":
        return f"{text.lstrip('-')}, {'descending' if text.startswith('-') else 'ascending'}"
    if name == "columns":
        return text.replace(",", ", ")
    return f"#{text}" if name in NUMBERED and text.isdigit() else text


def _told(name: str, arguments: Mapping[str, str]) -> str | None:
    return value_of(name, arguments[name]) if name in arguments else None


def _order(arguments: Mapping[str, str]) -> list[str]:
    known = [name for name in LABELS if name in arguments]
    return [*known, *sorted(arguments.keys() - LABELS.keys())]
