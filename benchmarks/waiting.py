"""Whose turn it is to be sent, with many changes waiting: how long the worker needs to find out."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, text, update

from benchmarks import options
from benchmarks.instance import Instance, instance
from benchmarks.options import Options
from benchmarks.report import Report, Table, percentile
from webapp.campaigns.models import APPLIED, READY, UPDATE, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction
from webapp.sync import outbox

ABOUT = (
    "{finished:,} changes are finished, and the database has counted its rows; then so many more "
    "are ready to be sent, as a bulk edit leaves them, and nothing is counted anew. *Look* is "
    "whether anything is to be sent, asked twice a second; *claim* takes the change whose turn it "
    "is, under the write lock of SQLite; *look on hold* is the look while the connection is held "
    "and nothing may be sent. Medians in milliseconds of {repeats} each, and *claim, times few* is "
    "the claim over that with the fewest waiting."
)
COLUMNS = ("waiting", "look", "claim", "look on hold", "claim, times few")
FINISHED, WAITING = 200_000, (100, 1_000, 10_000)
BATCH = 20_000


def main() -> None:
    with options.read(__doc__ or "", sizes=[20_000], repeats=20) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    about = ABOUT.format(finished=FINISHED, repeats=wish.repeats)
    report = Report(f"waiting{wish.results}", "Many changes waiting", about, wish.database)
    for size in wish.sizes:
        with instance(wish, "waiting", size, pulled=False) as made:
            made.fill()
            with made.reading():
                report.tables.append(_measure_one(made, wish.repeats))
    report.finish()


def _measure_one(made: Instance, repeats: int) -> Table:
    table = Table(f"{made.campaigns:,} campaigns", COLUMNS)
    with transaction():
        known = select(Campaign.id, Campaign.connection_id).order_by(Campaign.id)
        campaigns = [(row.id, row.connection_id) for row in db.session.execute(known)]
        times = -(-FINISHED // len(campaigns))
        _add((campaigns * times)[:FINISHED], state=APPLIED, finished_at=utc_now())
        db.session.execute(text("ANALYZE"))
    ready, fewest = 0, 0.0
    for waiting in WAITING:
        with transaction():
            _add(campaigns[ready:waiting], state=READY)
        ready = waiting
        look, claim = _median(_look, repeats), _median(_claim, repeats)
        fewest = fewest or claim
        _hold(since=utc_now())
        on_hold = _median(_look, repeats)
        _hold(since=None)
        table.rows.append([waiting, look, claim, on_hold, claim / fewest])
    return table


def _add(campaigns: Sequence[tuple[int, int]], **values: Any) -> None:
    now = utc_now()
    same = {
        "payload_digest": "",
        "kind": UPDATE,
        "fields": ["title"],
        "lane": "bulk",
        "next_attempt_at": now - timedelta(seconds=1),
        "created_at": now,
    }
    rows = [
        same | values | {"campaign_id": id_, "connection_id": connection, "intent_key": uuid4()}
        for id_, connection in campaigns
    ]
    for begin in range(0, len(rows), BATCH):
        db.session.execute(insert(Change), rows[begin : begin + BATCH])


def _hold(since: Any) -> None:
    with transaction():
        db.session.execute(update(Connection).values(held_at=since))


def _look() -> None:
    with reading():
        outbox.any_to_send(utc_now())
        db.session.rollback()


def _claim() -> None:
    """Taken back each time: the same ones wait for the next."""
    outbox.claim_due(utc_now())
    db.session.rollback()


def _median(work: Callable[[], None], repeats: int) -> float:
    work()
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return percentile(taken, 0.5)


if __name__ == "__main__":
    main()
