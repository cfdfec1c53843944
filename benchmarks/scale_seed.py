"""Run in a fresh process: fills an instance with campaigns and a timeline, and seals it.

Each part is one transaction, so that a run that was ended in the middle is taken up by the next. A
database that holds other numbers is refused. Events are copied in with their indexes taken away and
made anew, which is quicker; the triggers stay. Sealing is the product's own, told that it is each
day's end in turn, as if the worker had looked once a day.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute

from benchmarks import scale_events, seed
from benchmarks.instance import EMAIL
from tests.support.databases import application
from webapp.audit import seals
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.config import load_settings
from webapp.core.db import Base, db, reading, transaction

# Setting up leaves a few: who made the first operator.
OTHER_EVENTS = 20
BATCH = 20_000
SEALED_AFTER = seals.AGE + timedelta(seconds=1)


def main() -> None:
    campaigns, events, days = map(int, sys.argv[1:4])
    with application(load_settings(log_level="WARNING")):
        took = {
            "campaigns": _timed(lambda: fill_campaigns(campaigns)),
            "events": _timed(lambda: fill_events(events, campaigns, days)),
            "seals": _timed(seal_days),
        }
    print(json.dumps({"campaigns": campaigns, "events": events, "days": days, "seconds": took}))


def _timed(fill: Callable[[], None]) -> float:
    started = time.perf_counter()
    fill()
    return round(time.perf_counter() - started, 1)


def fill_campaigns(number: int) -> None:
    """All of them or none."""
    if _is_full("campaigns", _count(Campaign.id), number):
        return
    seed.fill(number)


def fill_events(number: int, campaigns: int, days: int) -> None:
    """All of them or none."""
    there = max(0, _count(AuditEvent.id) - OTHER_EVENTS)
    if there and _is_full("events", there, number - OTHER_EVENTS, at_least=True):
        return
    begin, end = scale_events.span(days, utc_now())
    indexes = list(Base.metadata.tables["audit_event"].indexes)
    with transaction():
        people = _make_people()
        connection = db.session.connection()
        for index in indexes:
            index.drop(connection)
        _copy(connection, scale_events.rows(number, campaigns, people, begin, end))
        for index in indexes:
            index.create(connection)
    seed.settle()


def _is_full(what: str, there: int, wanted: int, *, at_least: bool = False) -> bool:
    if there == wanted or (at_least and there >= wanted):
        return True
    if there:
        raise SystemExit(f"There are {there:,} {what}, not {wanted:,}: take another folder.")
    return False


def _count(column: InstrumentedAttribute[int]) -> int:
    with reading():
        number = db.session.scalar(select(func.count(column))) or 0
        db.session.rollback()
    return number


def _make_people() -> list[tuple[int, str]]:
    """Colleagues of the first operator. None of them can sign in: no password has such a hash."""
    common = {"password_hash": "none", "role": "operator", "created_at": seed.START}
    rows = [common | {"email": f"person{n}@example.com"} for n in range(scale_events.PEOPLE)]
    db.session.execute(insert(Operator), rows)
    others = select(Operator.id, Operator.email).where(Operator.email != EMAIL)
    return [(row.id, row.email) for row in db.session.execute(others.order_by(Operator.id))]


def _copy(connection: Connection, rows: Iterator[scale_events.Row]) -> None:
    names = ", ".join(scale_events.COLUMNS)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(scale_events.COLUMNS))
        statement = " ".join(("INSERT INTO audit_event", f"({names})", "VALUES", f"({marks})"))
        while batch := list(islice(rows, BATCH)):
            connection.exec_driver_sql(statement, batch)
        return
    cursor = connection.connection.cursor()
    cursor.execute("SET LOCAL timezone = 'UTC'")
    with cursor.copy(f"COPY audit_event ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def seal_days() -> None:
    """Seal day after day, from where an earlier run ended."""
    now, end = _first_day(), utc_now()
    while now < end:
        now = min(now + timedelta(days=1), end)
        seals.keep_up(_always(now), lambda: True)


def _first_day() -> datetime:
    with reading():
        last = db.session.scalar(select(func.max(AuditSeal.made_at)))
        first = db.session.scalar(select(func.min(AuditEvent.at)))
        db.session.rollback()
    return last or (first or utc_now()) + SEALED_AFTER


def _always(now: datetime) -> Callable[[], datetime]:
    return lambda: now


if __name__ == "__main__":
    main()
