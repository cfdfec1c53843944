"""Finding what is the matter: one function for each kind, over facts that few questions bring."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from webapp.attention import queries as attention
from webapp.connections import queries as connections
from webapp.core.config import Settings
from webapp.notices import kinds
from webapp.sync import figures
from webapp.sync.models import BRAKED
from webapp.sync.queries import Freshness, freshness_of
from webapp.web.filters import absolute

# So long a change may be due while nothing at all goes out.
DUE = timedelta(minutes=15)
# Without a look for so long, no worker was at work.
GAP = timedelta(minutes=5)
# A gap is over once it is seen: so long it is shown.
GAP_SHOWN = timedelta(minutes=15)

OLD = {
    kinds.CONFLICT: ("campaign has", "campaigns have", "a conflict to decide"),
    kinds.REFUSED: ("campaign has", "campaigns have", "a refused change to mend"),
    kinds.PARKED: ("campaign has", "campaigns have", "a change to be settled"),
    kinds.DUPLICATE: ("report waits", "reports wait", "of a booking that Megaphone has twice"),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is the matter now. ``link`` is a path of ours."""

    kind: str
    subject: str
    words: str
    link: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What all kinds are judged by. ``waiting`` is by kind: how many, and since when."""

    hours: int
    fresh: Sequence[Freshness]
    runs: Sequence[tuple[Any, str]]
    waiting: Mapping[str, tuple[int, datetime]]
    stuck: Mapping[int, datetime]


def matters(settings: Settings, now: datetime) -> list[Matter]:
    """All that is the matter, by four questions, however much there is."""
    found = _facts(settings, now)
    return [matter for finder in FINDERS for matter in finder(found)]


def _facts(settings: Settings, now: datetime) -> Facts:
    interval = timedelta(minutes=settings.sync_interval_minutes)
    before = now - timedelta(hours=settings.notice_hours)
    return Facts(
        hours=settings.notice_hours,
        fresh=[freshness_of(each, interval) for each in connections.shown_connections()],
        runs=[(run, name) for run, name in attention.runs()],
        waiting={row[0]: (row[1], row[2]) for row in attention.waiting_since(before)},
        stuck=figures.stuck_since(now, now - DUE),
    )


def _late(found: Facts) -> Iterator[Matter]:
    for each in found.fresh:
        if not each.late or each.paused:
            continue
        name, last = each.connection.name, each.connection.last_success_at
        since = f"was last read completely at {absolute(last)}" if last else "was never read"
        yield _of_connection(kinds.LATE, each.connection.id, f"{name} {since}.")


def _paused(found: Facts) -> Iterator[Matter]:
    for each in found.fresh:
        if each.paused:
            reason = each.connection.state_reason or "Its connection has to be mended"
            words = f"{each.connection.name} is paused: {reason.rstrip('.')}. No change is lost."
            yield _of_connection(kinds.PAUSED, each.connection.id, words)


def _held(found: Facts) -> Iterator[Matter]:
    for each in found.fresh:
        if each.connection.held_at is not None:
            who = f" by {each.connection.held_by}" if each.connection.held_by else ""
            words = f"All sending to {each.connection.name} is paused{who}."
            yield _of_connection(kinds.HELD, each.connection.id, words)


def _runs(found: Facts) -> Iterator[Matter]:
    for run, name in found.runs:
        is_braked = run.state == BRAKED
        words = (
            f"The brake stopped a sync run of {name}: too much was missing at once."
            if is_braked
            else f"The last sync run of {name} did not come through."
        )
        yield Matter(
            kind=kinds.BRAKED if is_braked else kinds.FAILING,
            subject=f"connection {run.connection_id}",
            words=words,
            link=path_to("sync.show", run_id=run.id),
        )


def _stuck(found: Facts) -> Iterator[Matter]:
    names = {each.connection.id: each.connection.name for each in found.fresh}
    for connection_id, since in found.stuck.items():
        words = f"Nothing goes out to {names.get(connection_id, 'an account')}, though changes are "
        words += f"due since {absolute(since)}."
        yield _of_connection(kinds.STUCK, connection_id, words)


def _waiting(found: Facts) -> Iterator[Matter]:
    for kind, (number, _) in found.waiting.items():
        one, many, what = OLD[kind]
        most = "+" if number == attention.MOST_COUNTED else ""
        words = f"{number:,}{most} {one if number == 1 else many} {what} for more than "
        words += f"{found.hours} h."
        link = path_to("attention.index")
        if kind != kinds.DUPLICATE:
            link = path_to("campaigns.index", sync=kind)
        yield Matter(kind, "all", words, link)


FINDERS: Sequence[Callable[[Facts], Iterator[Matter]]] = (
    _late,
    _paused,
    _held,
    _runs,
    _stuck,
    _waiting,
)


def gap(last_look: datetime, now: datetime) -> Matter | None:
    """That no worker was at work until now; ``None`` when one was."""
    if now - last_look <= GAP:
        return None
    words = f"No worker was at work from {absolute(last_look)} to {absolute(now)}: nothing was "
    return Matter(kinds.WORKER, "worker", f"{words}read or sent.", path_to("sync.index"))


def _of_connection(kind: str, connection_id: int, words: str) -> Matter:
    link = path_to("sync.connection", connection_id=connection_id)
    return Matter(kind, f"connection {connection_id}", words, link)


def path_to(endpoint: str, **values: Any) -> str:
    """The path of a page of ours, where there is no request to ask."""
    return current_app.url_map.bind("localhost").build(endpoint, values)
