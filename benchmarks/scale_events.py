"""The timeline of a large house, made up by number so that every run has the same.

Two events are one entry: two fields that somebody changed at once. Half of all comes from the ad
server. With ten million events on a million campaigns one campaign has 20,000 of them, ten thousand
have some 200 each, about 150,000 have 30 to 80, and the rest has none: nothing happened to them in
these days. Two in a hundred entries are about other things than campaigns.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from benchmarks.seed import RARE, jumping, title_of

Row = tuple[str | int | None, ...]
COLUMNS = (
    *("at", "actor", "operator_id", "source", "object_type", "object_id", "object_label"),
    *("action", "field", "before", "after", "reason", "request_id"),
)
PEOPLE = 40
BUSIEST, BUSY = 1, 10_000
RARE_EACH = 2_000
FIELDS = ("title", "total_budget", "external_id", "advertiser", "copy_needed", "notes")
# Of a thousand entries, those below the first number, and below the next, and so on.
SOURCES = ((550, "sync"), (800, "web"), (900, "bulk"), (960, "api"), (990, "import"), (1000, "cli"))
ACTIONS = {
    "sync": ("changed", "changed", "changed", "changed", "confirmed", "conflict", "gone"),
    "web": ("edited", "edited", "edited", "noted on", "archived", "kept ours", "booked"),
    "bulk": ("edited", "edited", "archived"),
    "api": ("edited", "edited", "booked"),
    "import": ("edited", "booked"),
    "cli": ("edited", "archived"),
}
OTHERS = (
    ("connection", "Megaphone", "checked"),
    ("connection", "Megaphone", "asked for a sync"),
    ("view", "Late ones", "changed the view"),
    ("bulk", "A bulk change", "started"),
    ("operator", "ana@example.com", "password set"),
    ("api token", "warehouse", "rotated token"),
)


def rows(
    number: int, campaigns: int, people: list[tuple[int, str]], begin: datetime, end: datetime
) -> Iterator[Row]:
    """So many events in the order of their time, evenly from ``begin`` on and before ``end``."""
    step = (end - begin) / max(1, number)
    for n in range(0, number, 2):
        entry = _entry(n, campaigns, people, begin + step * n)
        mixed = jumping(n + 7)
        yield entry + _change(FIELDS[mixed % 6], mixed)
        if n + 1 < number:
            yield entry + _change(FIELDS[(mixed + 1) % 6], mixed // 6)


def _entry(n: int, campaigns: int, people: list[tuple[int, str]], at: datetime) -> Row:
    """What the fields of one entry have in common; the reason and the request come last."""
    mixed = jumping(n)
    source = next(name for limit, name in SOURCES if mixed % 1000 < limit)
    who, label = (None, "Megaphone") if source == "sync" else people[mixed // 7 % len(people)]
    actions = ACTIONS[source]
    about: tuple[str, int, str, str]
    if mixed // 11 % 50 == 0:
        kind, name, action = OTHERS[mixed // 550 % len(OTHERS)]
        about = kind, 1, name, action
    else:
        place = _campaign(mixed // 13, campaigns)
        action = actions[mixed // 17 % len(actions)]
        about = "campaign", place + 1, title_of(place, campaigns), action
    return (at.isoformat(" ", "microseconds")[:-6], label, who, source, *about)


def _campaign(mixed: int, campaigns: int) -> int:
    if mixed % 500 == 0:
        return 0
    if mixed % 5 == 0:
        return BUSIEST + mixed // 5 % min(BUSY, campaigns - BUSIEST)
    return mixed * 7_919 % campaigns


def _change(field: str, mixed: int) -> Row:
    reason = f"Asked for by the {RARE} people" if mixed % RARE_EACH == 0 else None
    before, after = f"{field} {mixed % 9_000}", f"{field} {mixed % 9_000 + 1}"
    return field, before, after, reason, UUID(int=mixed << 64).hex


def span(days: int, now: datetime) -> tuple[datetime, datetime]:
    """Whole days, the last of which was yesterday."""
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return end - timedelta(days=days), end
