"""The columns that the list of campaigns can show, and how an address chooses among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from webapp.core.listing import PartlyKnown
from webapp.savedviews import names

COMPACT = "compact"
STEPS = {"up": -1, "down": 1}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``name`` is also that of its sort; the title's column is always the first."""

    name: str
    label: str
    numeric: bool = False
    newest_first: bool = False


TITLE = Column("title", "Campaign")
COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        column.name: column
        for column in (
            Column("advertiser", "Advertiser"),
            Column("external_id", "External ID"),
            Column("budget", "Budget", numeric=True),
            Column("sync", "Sync"),
            Column("changed", "Changed", newest_first=True),
            Column("owner", "Owner"),
            Column("copy", "Ad copy"),
            Column("revenue", "Revenue", numeric=True),
            Column("duration", "Duration", numeric=True),
            Column("source", "Booking source"),
            Column("created", "Booked", newest_first=True),
            Column("updated", "Updated", newest_first=True),
            Column("synced", "Synced", newest_first=True),
            Column("archived", "Archived", newest_first=True),
        )
    }
)
USUAL = ("advertiser", "external_id", "budget", "sync", "changed")


def chosen(text: str) -> tuple[Column, ...]:
    """The columns beside the title, in the order that an address's ``columns`` says."""
    names_chosen = text.split(",") if text else USUAL
    return tuple(COLUMNS[name] for name in names_chosen if name in COLUMNS)


def joined(wanted: Sequence[str]) -> str:
    """The address's ``columns`` for these names: each once, empty for the usual ones.

    The title stands for itself where nothing else is wanted.
    """
    known = tuple(dict.fromkeys(name for name in wanted if name in COLUMNS))
    return "" if known == USUAL else ",".join(known) or TITLE.name


def tidy_columns(text: str) -> str:
    """Raises ``PartlyKnown`` for a text with a name that is no column: the others are kept."""
    wanted = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in (TITLE.name, *COLUMNS)]
    tidy = "" if len(unknown) == len(wanted) else joined(wanted)
    if unknown:
        raise PartlyKnown(tidy, ", ".join(unknown))
    return tidy


def tidy_density(text: str) -> str:
    if text != COMPACT:
        raise ValueError(text)
    return text


LOOKS = MappingProxyType({"columns": tidy_columns, "density": tidy_density, "view": names.tidy})


def all_in_order(first: Sequence[str]) -> list[str]:
    """The names of all columns: these first, as they come."""
    return list(dict.fromkeys(name for name in (*first, *COLUMNS) if name in COLUMNS))


def moved(order: Sequence[str], move: str) -> list[str]:
    """The order after a move such as ``up:budget``; anything else leaves it as it is."""
    way, _, name = move.partition(":")
    names_now = list(order)
    if name not in names_now or way not in STEPS:
        return names_now
    place = names_now.index(name)
    names_now.insert(max(0, place + STEPS[way]), names_now.pop(place))
    return names_now
