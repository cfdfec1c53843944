"""Measuring a large house: its pages, what scripts ask, its files, and the proof of its record."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, text

from benchmarks import machine, scale_visits, scale_work
from benchmarks.api import Script
from benchmarks.instance import Instance
from benchmarks.report import Cell, Report, Table
from benchmarks.web import Visitor, middle_and_slow, serving
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.auth import tokens
from webapp.auth.tokens import MOST_REQUESTS
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.listing import COUNT_CAP

ABOUT = (
    "One gunicorn worker of four threads, one request at a time over a kept-alive connection; "
    "milliseconds from asking to having the whole answer. *Floor* is a bare Flask page that "
    "renders 50 rows from memory, asked for in turn with ours; *times floor* is p50 over that of "
    f"the floor. Lists count up to {COUNT_CAP:,}. Words of the timeline are looked for in the "
    "newest 20,000 events of a list. How the house was made: benchmarks/scale_events.py."
)
PAGE_COLUMNS = ("request", "p50", "p95", "floor p50", "times floor", "KiB on the wire")
CALL_COLUMNS = ("request", "p50", "p95", "KiB")
PARTS = ("list", "timeline", "api", "export", "seal", "verify")
WARM_UP = 3
# What takes far longer than anybody likes to wait is asked for a few times only.
PATIENCE_MS, FEW = 2_000, 3


def measure(made: Instance, parts: Sequence[str], repeats: int) -> None:
    """All parts that are asked for, as one report."""
    with made.reading():
        on = db.engine.dialect.name
        # What is only a part does not take the place of the whole.
        part = "" if {*parts} == {*PARTS} else f"-{'-'.join(parts)}"
        report = Report(f"scale-{on}{part}", f"A large house on {on}", ABOUT, _version())
        report.tables.append(_sizes())
        known = scale_visits.facts()
        if "list" in parts:
            paths = scale_visits.list_pages() | scale_visits.campaign_pages(known)
            report.tables.append(_pages(made, "Campaigns", paths, repeats))
        if "timeline" in parts:
            paths = scale_visits.timeline_pages(known)
            report.tables.append(_pages(made, "The timeline", paths, repeats))
        if "api" in parts:
            report.tables.append(_calls(made, scale_visits.calls(known), repeats))
        if {*parts} & {*scale_work.WORKS}:
            works = [name for name in scale_work.WORKS if name in parts]
            report.tables.append(scale_work.measure(made, works, known))
    report.finish()


def _version() -> str:
    if db.engine.dialect.name == "sqlite":
        return machine.sqlite_version()
    return f"PostgreSQL {db.session.scalar(text('SHOW server_version'))}"


def _sizes() -> Table:
    table = Table("What is there", ("what", "rows", "MiB", "MiB of indexes"))
    for column in (Campaign.id, AuditEvent.id, AuditSeal.id):
        rows = db.session.scalar(select(func.count(column))) or 0
        table.rows.append(
            [column.class_.__tablename__, rows, *_weight(column.class_.__tablename__)]
        )
    db.session.rollback()
    return table


def _weight(name: str) -> list[Cell]:
    if db.engine.dialect.name == "sqlite":
        return ["", ""]
    sizes = select(func.pg_table_size(name), func.pg_indexes_size(name))
    return [round(size / 2**20) for size in db.session.execute(sizes).one()]


def _pages(made: Instance, title: str, paths: Mapping[str, str], repeats: int) -> Table:
    table = Table(f"{title}: pages, milliseconds", PAGE_COLUMNS)
    with serving(made, "benchmarks.peers:floor()") as peer, serving(made) as address:
        floor, visitor = Visitor(peer), Visitor(address)
        visitor.sign_in()
        for name, path in paths.items():
            table.rows.append(_page(name, path, floor, visitor, repeats))
    return table


def _page(name: str, path: str, floor: Visitor, visitor: Visitor, repeats: int) -> list[Cell]:
    for _ in range(WARM_UP):
        floor.time("/campaigns")
    slowest = max(visitor.time(path) for _ in range(WARM_UP))
    times = repeats if slowest < PATIENCE_MS else FEW
    turns = [(floor.time("/campaigns"), visitor.time(path)) for _ in range(times)]
    floors, pages = zip(*turns, strict=True)
    least, _ = middle_and_slow(floors)
    middle, slow = middle_and_slow(pages)
    return [name, middle, slow, least, middle / least, round(visitor.size(path) / 1024, 1)]


def _calls(made: Instance, paths: Mapping[str, str], repeats: int) -> Table:
    table = Table("The API: milliseconds", CALL_COLUMNS)
    token = tokens.create(f"benchmark {utc_now()}", ["read"], per_window=MOST_REQUESTS).secret
    db.session.commit()
    with serving(made) as address:
        for name, path in paths.items():
            script = Script(address, token)
            times = [script.time(path) for _ in range(WARM_UP + repeats)][WARM_UP:]
            size = len(script.get(path)) / 1024
            table.rows.append([name, *middle_and_slow(times), round(size, 1)])
            script.close()
    return table
