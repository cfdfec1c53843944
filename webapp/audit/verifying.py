"""Looking whether the record is as it was sealed: everything is read and computed again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select

from webapp.audit.models import AuditEvent, AuditSeal
from webapp.audit.seals import BEGINNING, ROWS_AT_ONCE, digest_of, events_between
from webapp.core.db import db

KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first thing that is not as it was: an event, where it can be told, or a seal."""

    words: str
    seal_id: int | None = None
    event_id: int | None = None


@dataclass(slots=True)
class Findings:
    """What was looked at; ``digest`` is that of the newest seal, ``wrong`` is ``None`` for well."""

    seals: int = 0
    events: int = 0
    pruned: int = 0
    unsealed: int = 0
    unsealed_since: datetime | None = None
    digest: str = BEGINNING
    wrong: Wrong | None = None


def verify(held: str | None = None, archived: Mapping[int, str] | None = None) -> Findings:
    """Look at all seals and all their events, in a transaction of its own.

    ``held`` is a digest that was noted elsewhere: one of the seals has to have it. ``archived`` are
    the digests of seals in files: all whose events were dropped have to be there.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    found = Findings()
    behind, is_held = 0, held is None
    for made in _seals():
        found.wrong = (
            _out_of_line(made, found, behind)
            or _lost(made, archived)
            or _broken(made, found, behind)
        )
        if found.wrong:
            return found
        is_held = is_held or made.digest == held
        found.seals += 1
        found.digest, behind = made.digest, made.last_id
    after = select(func.count(), func.min(AuditEvent.at)).where(AuditEvent.id > behind)
    found.unsealed, found.unsealed_since = db.session.execute(after).one()
    if not is_held:
        found.wrong = Wrong("No seal has the digest that was noted: seals were made anew or lost.")
    return found


def _seals() -> Iterator[Row[Any]]:
    """All seals, oldest first, a page at a time: in between, their events are read."""
    last = 0
    while True:
        query = select(*AuditSeal.__table__.columns).where(AuditSeal.id > last)
        page = db.session.execute(query.order_by(AuditSeal.id).limit(ROWS_AT_ONCE)).all()
        if not page:
            return
        yield from page
        last = page[-1].id


def _out_of_line(made: Row[Any], found: Findings, behind: int) -> Wrong | None:
    """What a seal says beside its events."""
    if made.previous != found.digest:
        return Wrong(f"Seal {made.id} does not follow the one before it.", made.id)
    if not behind < made.first_id <= made.last_id:
        return Wrong(f"Seal {made.id} is not about what comes next.", made.id)
    if made.pruned_at and (found.events or made.pruned_at - made.made_at < KEPT):
        return Wrong(f"The events of seal {made.id} were dropped before their time.", made.id)
    return None


def _lost(made: Row[Any], archived: Mapping[int, str] | None) -> Wrong | None:
    """Dropped events that no file has as they were."""
    if archived is None or not made.pruned_at or archived.get(made.id) == made.digest:
        return None
    state = "not in the archive as they were" if made.id in archived else "in no archive"
    return Wrong(f"The dropped events of seal {made.id} are {state}.", made.id)


def _broken(made: Row[Any], found: Findings, behind: int) -> Wrong | None:
    """What does not fit among a seal's events. Counts those that do."""
    if made.pruned_at:
        found.pruned += made.events
        return None
    look = _Look()
    count, digest = digest_of(made, look.through(events_between(behind, made.last_id)))
    if digest == made.digest:
        found.events += count
        return None
    return _wrong_event(made, look, count)


def _wrong_event(made: Row[Any], look: "_Look", count: int) -> Wrong:
    where = f"events {made.first_id} to {made.last_id}, seal {made.id}"
    if look.first is not None and look.first < made.first_id:
        return Wrong(f"Event {look.first} was added before {where}.", made.id, look.first)
    for end, seen in ((made.first_id, look.first), (made.last_id, look.last)):
        if seen != end:
            return Wrong(f"Event {end} is missing from {where}.", made.id, end)
    if count < made.events:
        lost = made.events - count
        return Wrong(f"{lost:,} of {made.events:,} are missing: {where}.", made.id)
    if count > made.events:
        return Wrong(f"{count - made.events:,} were added to {where}.", made.id)
    return Wrong(f"One or more were changed: {where}.", made.id)


class _Look:
    """The ids of the first and the last event that went by."""

    first: int | None = None
    last: int | None = None

    def through(self, events: Iterator[Row[Any]]) -> Iterator[Row[Any]]:
        for event in events:
            self.first = event.id if self.first is None else self.first
            self.last = event.id
            yield event
