"""Seals: what shows that nobody changed the record behind its back.

Once a minute the events that are older than two minutes get a seal: the digest of all their columns
and of the seal before. Events of a transaction that is still under way wait for a later seal, and
all that come after them wait as well: so a seal is never wrong because something came late.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, func, select, text
from sqlalchemy.exc import OperationalError

from webapp.audit.models import AuditEvent, AuditSeal
from webapp.core.clock import Clock
from webapp.core.db import db, transaction

AGE = timedelta(minutes=2)
MOST_EVENTS = 10_000
# So many seals in one go, and the rest a minute later.
MOST_SEALS = 100
BEGINNING = "0" * 64
ROWS_AT_ONCE = 2_000
COLUMNS = tuple(AuditEvent.__table__.columns)
LOCK_NOT_AVAILABLE = "55P03"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


# Made once: making one takes as long as writing an event with it.
ENCODER = json.JSONEncoder(separators=(",", ":"), default=_moment)

log = structlog.get_logger()


def seal(now: datetime) -> AuditSeal | None:
    """Seal the oldest events that have none, as many as fit; ``None``: there is nothing to seal."""
    settled = _settled()
    _one_at_a_time()
    last = newest()
    behind, previous = (last.last_id, last.digest) if last else (0, BEGINNING)
    ids = _first_to_last(behind, settled, now)
    if ids is None:
        return None
    made = AuditSeal(
        made_at=now, first_id=ids[0], last_id=ids[1], previous=previous, events=0, digest=""
    )
    made.events, made.digest = digest_of(made, events_between(behind, made.last_id))
    db.session.add(made)
    db.session.flush()
    return made


def keep_up(clock: Clock, keep_going: Callable[[], bool]) -> int:
    """Seal whatever is old enough; each seal in a transaction of its own. Says how many."""
    for number in range(MOST_SEALS):
        if not keep_going():
            return number
        with transaction():
            made = seal(clock())
            if made is None:
                return number
            # Whoever keeps the logs elsewhere can tell later whether the seals are still those.
            log.info("sealed", seal=made.id, events=made.events, digest=made.digest)
    return MOST_SEALS


def newest() -> AuditSeal | None:
    return db.session.scalars(select(AuditSeal).order_by(AuditSeal.id.desc()).limit(1)).first()


def events_between(behind: int, last_id: int) -> Iterator[Row[Any]]:
    """Events behind one and up to another, all columns, in a stream."""
    yield from _in_a_stream(AuditEvent.id > behind, AuditEvent.id <= last_id)


def all_events(begin: datetime | None = None, end: datetime | None = None) -> Iterator[Row[Any]]:
    """All events, or those from one moment on and before another, in a stream."""
    since = [] if begin is None else [AuditEvent.at >= begin]
    until = [] if end is None else [AuditEvent.at < end]
    yield from _in_a_stream(*since, *until)


def _in_a_stream(*conditions: ColumnElement[bool]) -> Iterator[Row[Any]]:
    query = select(*COLUMNS).where(*conditions).order_by(AuditEvent.id)
    yield from db.session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})


def digest_of(made: AuditSeal | Row[Any], events: Iterable[Row[Any]]) -> tuple[int, str]:
    """How many events these are, and the digest of a seal over them."""
    return digest_of_lines(head_of(made), map(canonical, events))


def head_of(made: AuditSeal | Row[Any]) -> list[Any]:
    """What a seal's digest begins with."""
    return [made.previous, _moment(made.made_at), made.first_id, made.last_id]


def digest_of_lines(head: list[Any], lines: Iterable[bytes]) -> tuple[int, str]:
    """The same of events that are lines already."""
    digest = hashlib.sha256(_line(head))
    count = 0
    for line in lines:
        digest.update(line)
        count += 1
    digest.update(_line([count]))
    return count, digest.hexdigest()


def canonical(event: Iterable[Any]) -> bytes:
    """An event as a line that says the same on every database and in every version."""
    return _line(tuple(event))


def _line(values: Sequence[Any]) -> bytes:
    return ENCODER.encode(values).encode() + b"\n"


def _first_to_last(behind: int, settled: int, now: datetime) -> tuple[int, int] | None:
    """The ids of the first and the last event to be sealed."""
    oldest = (
        select(AuditEvent.id, AuditEvent.at)
        .where(AuditEvent.id > behind, AuditEvent.id <= settled)
        .order_by(AuditEvent.id)
        .limit(MOST_EVENTS)
        .subquery()
    )
    # A younger event before an old one is sealed with it.
    last = select(func.max(oldest.c.id)).where(oldest.c.at <= now - AGE).scalar_subquery()
    first_id, last_id = db.session.execute(select(func.min(oldest.c.id), last)).one()
    return (first_id, last_id) if last_id else None


def _settled() -> int:
    """Up to which id no event is still to come, whatever is under way; 0: not known now."""
    if db.engine.dialect.name == "sqlite":
        return db.session.scalar(select(func.max(AuditEvent.id))) or 0
    try:
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            # Nobody has written anything that is not committed while this lock is held.
            connection.execute(text("LOCK TABLE audit_event IN SHARE MODE"))
            return connection.scalar(select(func.max(AuditEvent.id))) or 0
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        log.info("sealing_waits_for_writers")
        return 0


def _one_at_a_time() -> None:
    """SQLite has one writer; elsewhere a worker and a command may seal at once."""
    if db.engine.dialect.name != "sqlite":
        db.session.execute(text("LOCK TABLE audit_seal IN SHARE ROW EXCLUSIVE MODE"))
