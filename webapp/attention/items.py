"""The rows of Needs you: what happened, since when, and the one next step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for

from webapp.attention import queries
from webapp.campaigns.models import CONFLICT, PARKED, REFUSED
from webapp.changes.words import why_words
from webapp.connections.models import PAUSED
from webapp.sync.models import BRAKED


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. ``step`` says what its link does."""

    title: str
    text: str
    since: datetime | None
    step: str
    href: str


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one kind: those shown, how many there are, and where all of them are listed."""

    key: str
    heading: str
    note: str
    items: Sequence[Item] = field(default_factory=tuple)
    number: int = 0
    all_href: str | None = None


def sections() -> list[Section]:
    """What waits, the most pressing first; kinds of which nothing waits are left out, unasked."""
    counts = queries.counts()
    troubled = queries.campaigns() if counts.campaigns else {}
    connections = [_connection(row) for row in queries.connections()] if counts.connections else []
    runs = [_run(row) for row in queries.runs()] if counts.runs else []
    duplicates = [_duplicate(row) for row in queries.duplicates()] if counts.duplicates else []
    late = [_late(each) for each in queries.late_changes()] if counts.late else []
    found = [
        Section("connections", "Connections", STANDS_STILL, connections, counts.connections),
        Section("runs", "Sync runs", RUNS, runs, counts.runs),
        _of_campaigns(CONFLICT, "Conflicts", CONFLICTS, troubled, counts.conflict, _conflict),
        _of_campaigns(PARKED, "To be settled", PARKED_NOTE, troubled, counts.parked, _parked),
        _of_campaigns(REFUSED, "Refused", REFUSALS, troubled, counts.refused, _refused),
        Section("duplicates", "Booked twice", DUPLICATES, duplicates, counts.duplicates),
        Section("late", "Under way for more than 15 min", LATE, late, counts.late),
    ]
    if counts.held:
        found.append(Section("held", "On hold", HELD_NOTE, [_held(counts.held)], 1))
    return [section for section in found if section.number]


def most_pressing(number: int) -> list[Item]:
    """The first of what waits, over all kinds."""
    return [item for section in sections() for item in section.items][:number]


STANDS_STILL = "Nothing is sent to them. No change is lost."
RUNS = "What is shown may be old until one comes through."
CONFLICTS = "Changed here and in Megaphone. These fields are not sent until someone decides."
PARKED_NOTE = "Nothing more is tried by itself."
REFUSALS = "Megaphone said no. Nothing was changed there."
DUPLICATES = "Megaphone has a second campaign with the external ID of a booking of ours."
LATE = "Nothing has to be done if the reason is known; none is lost."
HELD_NOTE = "Not sent until someone releases them."


def _of_campaigns(
    state: str,
    heading: str,
    note: str,
    rows: Mapping[str, Sequence[Any]],
    number: int,
    item: Callable[[Any], Item],
) -> Section:
    shown = [item(row) for row in rows.get(state, ())]
    return Section(state, heading, note, shown, number, url_for("campaigns.index", sync=state))


def _conflict(row: Any) -> Item:
    text = f"In {row.sync_detail}." if row.sync_detail else "Both sides changed it."
    href = url_for("campaigns.conflicts", uuid=row.uuid)
    return Item(row.title, text, row.since, "Decide", href)


def _refused(row: Any) -> Item:
    text = row.sync_detail or "Megaphone gave no reason."
    return Item(
        row.title,
        text,
        row.since,
        "Edit to mend it",
        url_for("campaigns.edit", uuid=row.uuid, back=url_for("attention.index")),
    )


def _parked(row: Any) -> Item:
    text = row.sync_detail or "Megaphone never confirmed this."
    step = "Settle it" if row.remote_id or row.is_made_there else "Find out"
    return Item(row.title, text, row.since, step, url_for("changes.parked", uuid=row.uuid))


def _duplicate(row: Any) -> Item:
    text = f"Also there as {row.remote_id}, with the external ID {row.marker}."
    href = url_for("attention.duplicate", duplicate_id=row.id)
    return Item(row.title, text, row.seen_at, "Look at both", href)


def _run(row: Any) -> Item:
    run, name = row
    href = url_for("sync.show", run_id=run.id)
    if run.state == BRAKED:
        text = run.problem or "Too much was missing from its list at once; nothing was changed."
        title = f"The brake stopped a run of {name}"
        return Item(title, text, run.finished_at, "See the missing", href)
    text = run.problem or "It broke off in the middle."
    return Item(
        f"The last run of {name} did not come through", text, run.finished_at, "See the run", href
    )


def _connection(row: Any) -> Item:
    connection, waiting = row
    changes = f" {waiting:,} {'change waits' if waiting == 1 else 'changes wait'}."
    href = url_for("sync.connection", connection_id=connection.id)
    if connection.state == PAUSED:
        text = connection.state_reason or "Its connection has to be mended."
        return Item(f"{connection.name} is paused", text + changes, None, "See what to do", href)
    who = f" by {connection.held_by}" if connection.held_by else ""
    reason = f": {connection.hold_reason}" if connection.hold_reason else "."
    return Item(
        f"All sending to {connection.name} is paused",
        f"Paused{who}{reason.rstrip('.')}.{changes}",
        connection.held_at,
        "See what goes out",
        href,
    )


def _late(each: queries.LateChanges) -> Item:
    noun = "change" if each.number == 1 else "changes"
    why = why_words(each.why)
    href = url_for(
        "changes.index", why=each.why, connection=each.connection_id, age="15m", sort="saved"
    )
    return Item(f"{each.number:,} {noun}", f"{why[0].upper()}{why[1:]}.", each.oldest, "Look", href)


def _held(number: int) -> Item:
    noun = "change is" if number == 1 else "changes are"
    href = url_for("changes.index", state="on-hold")
    return Item(f"{number:,} {noun} on hold", "Waiting for a release.", None, "See them", href)
