"""What takes long in a large house: the timeline as a file, sealing, and verifying all of it."""

import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import insert

from benchmarks.instance import Instance
from benchmarks.report import Cell, Table
from benchmarks.scale_visits import Facts
from benchmarks.web import Visitor, serving
from webapp.audit import seals, verifying
from webapp.audit.models import AuditEvent
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction

COLUMNS = ("work", "rows", "seconds", "rows/s")
WORKS = ("export", "seal", "verify")
# Each run leaves so many more events behind.
SEALED = 20_000
BLOCK = 64 * 1024


def measure(made: Instance, works: Sequence[str], known: Facts) -> Table:
    """One after the other, on an instance whose context is pushed."""
    table = Table("Work on the whole timeline", COLUMNS)
    if "export" in works:
        with serving(made) as address:
            visitor = Visitor(address)
            visitor.sign_in()
            week = f"?from={known.first_day}&to={known.last_day}"
            table.rows.append(_downloaded(visitor, "a file of the newest million", ""))
            table.rows.append(_downloaded(visitor, "a file of one week", week))
    if "seal" in works:
        table.rows.append(_sealed())
    if "verify" in works:
        table.rows.append(_verified())
    return table


def _downloaded(visitor: Visitor, name: str, query: str) -> list[Cell]:
    started = time.perf_counter()
    lines = 0
    with visitor.open(f"/timeline.csv{query}") as answer:
        lines = sum(block.count(b"\n") for block in answer.iter_content(BLOCK))
    return _row(name, lines - 1, time.perf_counter() - started)


def _sealed() -> list[Cell]:
    event = {
        "at": utc_now() - 2 * seals.AGE,
        "actor": "Megaphone",
        "source": "sync",
        "object_type": "campaign",
        "object_id": 1,
        "object_label": "Spring",
        "action": "changed",
        "field": "title",
        "before": "Sprnig",
        "after": "Spring",
    }
    later = timedelta(microseconds=1)
    with transaction():
        rows = [event | {"at": utc_now() - 2 * seals.AGE + later * n} for n in range(SEALED)]
        db.session.execute(insert(AuditEvent), rows)
    started = time.perf_counter()
    seals.keep_up(utc_now, lambda: True)
    return _row("sealing what is new", SEALED, time.perf_counter() - started)


def _verified() -> list[Cell]:
    started = time.perf_counter()
    with reading():
        found = verifying.verify()
        db.session.rollback()
    if found.wrong:
        raise SystemExit(found.wrong.words)
    return _row("verifying all", found.events, time.perf_counter() - started)


def _row(name: str, rows: int, seconds: float) -> list[Cell]:
    return [name, rows, round(seconds, 1), round(rows / seconds)]
