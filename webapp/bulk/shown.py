"""What the pages of a job show: its items as texts, totals of budgets, and how far it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.advertisers import queries as advertisers
from webapp.auth import queries as operators
from webapp.bulk import queries, words
from webapp.bulk.models import RUNNING, UNDO, BulkItem, BulkJob
from webapp.bulk.operations import Archive, SetOwner, Unarchive
from webapp.bulk.undoing import LOCAL, SENT_ANEW, TAKEN_BACK, WAYS
from webapp.bulk.warnings import MEANT
from webapp.campaigns.fields import EDITABLE, LABELS, readable
from webapp.campaigns.models import APPLIED, IN_FLIGHT, NOT_SENT, READY, SUPERSEDED
from webapp.sync import forecast

# What is no field of a campaign, in words.
OTHERS = {
    "archived": ("archive", {True: "archived", False: "active"}),
    "booked": ("booking", {True: "waits to be sent", False: "taken back, to the archive"}),
}
LOCAL_OPERATIONS = (Archive.name, Unarchive.name, SetOwner.name)
# Before that the pace says little.
ETA_AFTER_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Cell:
    """One value that changes, as two texts; ``None`` is nothing."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One item with its campaign; ``uuid`` is ``None`` while that is not booked."""

    item: BulkItem
    uuid: Any
    title: str
    sync_state: str | None
    cells: Sequence[Cell]

    @property
    def is_tickable(self) -> bool:
        return self.item.wanted is not None

    @property
    def anchor(self) -> str:
        """Where the row stands on its page: a campaign's page leads back to it by this."""
        return f"c-{self.uuid}" if self.uuid else f"i-{self.item.id}"


@dataclass(frozen=True, slots=True)
class Total:
    """Budgets of one currency, before and after, in minor units."""

    currency: str
    campaigns: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: ``seconds`` left here, and what of it Megaphone has heard by now."""

    done: int
    total: int
    seconds: float | None
    confirmed: int
    to_send: int
    open: int
    sending: str


def rows(found: Iterable[Any]) -> list[Row]:
    listed = list(found)
    sides = [side for row in listed for side in (row.BulkItem.before, row.BulkItem.wanted) if side]
    names = advertisers.names_of(side.get("advertiser") for side in sides)
    owners = operators.emails_of(side.get("owner") for side in sides)
    return [
        Row(
            row.BulkItem,
            row.uuid,
            row.title or (row.BulkItem.wanted or {}).get("title") or "–",
            row.sync_state,
            _cells(row.BulkItem, names, owners),
        )
        for row in listed
    ]


def _cells(item: BulkItem, names: Mapping[int, str], owners: Mapping[int, str]) -> list[Cell]:
    before, after = item.before or {}, item.wanted or {}
    cells = [
        Cell(
            LABELS[group],
            readable(group, before.get(group), names, owners),
            readable(group, after[group], names, owners),
        )
        for group in EDITABLE
        if group in after
    ]
    for name, (label, texts) in OTHERS.items():
        if name in after:
            cells.append(Cell(label, texts.get(before.get(name, False)), texts[after[name]]))
    return cells


def totals(job: BulkJob) -> list[Total]:
    """Of the ticked items whose budget changes, per currency: never added across."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for before, after in queries.budgets(job):
        currencies = {side[1] for side in (before, after) if side}
        for currency in currencies:
            sums[currency][0] += 1
            sums[currency][1] += before[0] if before and before[1] == currency else 0
            sums[currency][2] += after[0] if after and after[1] == currency else 0
    return [Total(currency or "", *numbers) for currency, numbers in sorted(sums.items())]


def warnings(job: BulkJob) -> list[tuple[str, int]]:
    """Each warning with how many of the ticked items have it."""
    counts: dict[str, int] = defaultdict(int)
    for _, found in queries.warned_items(job):
        for warning in found:
            counts[warning] += 1
    return sorted(counts.items(), key=lambda pair: (pair[0] not in WAYS, -pair[1]))


def to_be_meant(job: BulkJob) -> str:
    """What of the ticked items somebody has to say is meant, in words; empty for nothing."""
    counts = queries.planned_with(job, MEANT)
    *most, last = [f"{MEANT[kind]} ({number:,})" for kind, number in counts.items()] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def parts(job: BulkJob) -> list[tuple[str, str, int]]:
    """The tabs of a draft: which part each shows, its words, and how many items are in it."""
    return [
        ("", "All", job.total),
        ("warned", "With a warning", queries.warned_count(job)),
        ("planned", "To be changed", planned_count(job)),
        ("unchanged", "No change", job.unchanged_count),
        ("left-out", "Left out", job.left_out_count),
    ]


def planned_count(job: BulkJob) -> int:
    return job.total - job.unchanged_count - job.left_out_count - job.failed_count


def is_sent(job: BulkJob) -> bool:
    """Whether Megaphone is told of it."""
    if job.kind == UNDO:
        return any(LOCAL not in ways for _, ways in queries.warned_items(job))
    return (job.operation or {}).get("name") not in LOCAL_OPERATIONS


def start_words(job: BulkJob) -> tuple[str, str | None]:
    """What the button that starts a draft says, and what is said beside it.

    By all that can be ticked: ticks may change until it is pressed.
    """
    if job.kind != UNDO:
        return (words.SEND if is_sent(job) else words.DO_HERE), None
    ways = queries.ways_of(job)
    if TAKEN_BACK not in ways:
        return (words.SEND if SENT_ANEW in ways else words.DO_HERE), None
    button = words.TAKE_BACK_AND_SEND if SENT_ANEW in ways else words.TAKE_BACK
    more = f" {words.BOOKED_BY_THEN}" if queries.undoes_import(job) else ""
    return button, words.SENT_BY_THEN + more


def progress(job: BulkJob, now: datetime) -> Progress:
    handled = job.done_count + job.unchanged_count + job.failed_count
    total = job.total - job.left_out_count
    states = queries.sending(job)
    ready = states.get(READY, 0)
    unfinished = sum(states.get(state, 0) for state in (*NOT_SENT, *IN_FLIGHT))
    sent = sum(number for state, number in states.items() if state != SUPERSEDED)
    expected = forecast.for_changes(ready, queries.bookings_to_send(job)).words if ready else ""
    return Progress(
        handled,
        total,
        _left(job, handled, total, now),
        states.get(APPLIED, 0),
        sent,
        unfinished,
        expected,
    )


def _left(job: BulkJob, handled: int, total: int, now: datetime) -> float | None:
    """By the pace so far."""
    if job.state != RUNNING or job.started_at is None or handled < ETA_AFTER_ITEMS:
        return None
    return (now - job.started_at).total_seconds() * (total - handled) / handled
