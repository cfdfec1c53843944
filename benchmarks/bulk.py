"""How fast a bulk change of 1,000 campaigns is, and how list and single edits fare meanwhile."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

from sqlalchemy import select

from benchmarks import options
from benchmarks.instance import EMAIL, Instance, instances
from benchmarks.options import Options
from benchmarks.pull import one_pull
from benchmarks.report import Report, Table, percentile
from benchmarks.web import Visitor, background, middle_and_slow, serving
from webapp.audit.service import Actor
from webapp.auth.queries import operator_by_email
from webapp.bulk import planning, service
from webapp.bulk.models import EDIT, FINISHED, UNDER_WAY, BulkJob
from webapp.bulk.operations import Archive, Operation, ReplaceInTitle, ScaleBudget, SetOwner
from webapp.bulk.service import Planned
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import Campaign
from webapp.core.db import db, reading, transaction
from webapp.sync.models import SyncRun

ABOUT = (
    "One operation on 1,000 campaigns, carried out by the real worker process, which pulls and "
    "sends beside it, 60 requests a minute. All the while somebody asks one gunicorn worker for "
    "the first page of the list, and somebody else saves single edits. *Draft* and *plan* are what "
    "the pages do before; *run* is from the worker’s first batch to its last, *pressed* from the "
    "press of the button. Rights, versions, timeline and outbox are as with a single edit."
)
COLUMNS = (
    "operation",
    "draft s",
    "plan s",
    "run s",
    "pressed s",
    "rows/s",
    "list p50 ms",
    "list p95 ms",
    "save p50 ms",
    "save slowest ms",
)
ROWS = 1_000
LONGEST_SECONDS = 120.0
WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]


@dataclass
class Timed:
    """Seconds of each part, and milliseconds of what went on meanwhile."""

    draft: float = 0.0
    plan: float = 0.0
    run: float = 0.0
    pressed: float = 0.0
    lists: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)


def main() -> None:
    with options.read(__doc__ or "", sizes=[10_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(f"bulk{wish.results}", "Bulk changes", ABOUT, wish.database)
    for made in instances(wish, "bulk"):
        one_pull(made)
        report.tables.append(_measure_one(made, wish.repeats))
    report.finish()


def _measure_one(made: Instance, repeats: int) -> Table:
    table = Table(f"{ROWS:,} of {made.campaigns:,} campaigns", COLUMNS)
    with serving(made) as address, _worker(made):
        visitor = Visitor(address)
        visitor.sign_in()
        idle = Timed()
        for _ in range(repeats):
            _meanwhile(visitor, idle)
        table.rows.append(["nothing, for comparison", "", "", "", "", "", *_speeds(idle)])
        for name, operations in _operations().items():
            timed = [_change(visitor, each) for each in operations]
            table.rows.append(_row(name, timed))
    return table


def _operations() -> dict[str, list[Operation]]:
    """Each several times, every one of them a change for every campaign."""
    operator = operator_by_email(EMAIL)
    db.session.rollback()
    if operator is None:
        raise SystemExit("There is no operator.")
    mine, nobody = SetOwner(operator.id, EMAIL), SetOwner(None, "nobody")
    letters = ("e", "ee"), ("ee", "eee"), ("eee", "e")
    return {
        "archive, local": [Archive()],
        "owner, local": [mine, nobody, mine],
        "titles, sent": [ReplaceInTitle(old, new, match_case=True) for old, new in letters],
        "budget, sent": [ScaleBudget("10"), ScaleBudget("-10"), ScaleBudget("7")],
    }


def _change(visitor: Visitor, operation: Operation) -> Timed:
    timed = Timed()
    actor = _actor()
    began = time.perf_counter()
    with transaction():
        job_id = service.draft(actor, EDIT, _picked(), selection="A benchmark").id
    timed.draft = time.perf_counter() - began
    began = time.perf_counter()
    with transaction():
        planning.plan(actor, db.session.get_one(BulkJob, job_id), operation)
    timed.plan = time.perf_counter() - began
    began = time.perf_counter()
    with transaction():
        service.start(actor, db.session.get_one(BulkJob, job_id), confirmed=True)
    while _state(job_id) in UNDER_WAY:
        _meanwhile(visitor, timed)
        if time.perf_counter() - began > LONGEST_SECONDS:
            raise SystemExit("The job did not end.")
    timed.pressed = time.perf_counter() - began
    timed.run = _seconds_of(job_id)
    return timed


def _picked() -> list[Planned]:
    query = select(Campaign.id, Campaign.version).order_by(Campaign.id).limit(ROWS)
    return [Planned(row.id, row.version) for row in db.session.execute(query)]


def _meanwhile(visitor: Visitor, timed: Timed) -> None:
    """Ask for the list, and save an edit of a campaign that is not among those changed."""
    timed.lists.append(visitor.time("/campaigns"))
    began = time.perf_counter()
    with transaction():
        campaign = db.session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(1)).one()
        values = replace(values_of(editable(campaign)), title=f"Saved {time.monotonic()}")
        campaigns.edit_campaign(_actor(), campaign, values, campaign.version, uuid4())
    timed.saves.append((time.perf_counter() - began) * 1000)


def _actor() -> Actor:
    operator = operator_by_email(EMAIL)
    return Actor(EMAIL, "web", operator_id=operator.id if operator else None)


def _state(job_id: int) -> str:
    with reading():
        state = db.session.scalars(select(BulkJob.state).where(BulkJob.id == job_id)).one()
        db.session.rollback()
    return state


def _seconds_of(job_id: int) -> float:
    with reading():
        job = db.session.get_one(BulkJob, job_id)
        if job.state != FINISHED or job.failed_count or not job.finished_at or not job.started_at:
            raise SystemExit(f"The job ended {job.state}, {job.failed_count} failed.")
        seconds = (job.finished_at - job.started_at).total_seconds()
        db.session.rollback()
    return seconds


@contextmanager
def _worker(made: Instance) -> Iterator[None]:
    """The worker process, once it leads: it then asks for a pull, which goes on beside."""
    runs = _runs()
    environment = {**made.environment(), "MEGAPHONE_REQUESTS_PER_MINUTE": "60"}
    with background(made, "worker", WORKER, environment):
        began = time.monotonic()
        while _runs() == runs:
            if time.monotonic() - began > LONGEST_SECONDS:
                raise SystemExit("The worker does not lead.")
            time.sleep(0.2)
        yield


def _runs() -> int:
    with reading():
        found = len(db.session.scalars(select(SyncRun.id)).all())
        db.session.rollback()
    return found


def _row(name: str, timed: list[Timed]) -> list[str | int | float]:
    middle = sorted(timed, key=lambda each: each.run)[len(timed) // 2]
    every = Timed(
        lists=[time for each in timed for time in each.lists],
        saves=[time for each in timed for time in each.saves],
    )
    seconds = (middle.draft, middle.plan, middle.run, middle.pressed)
    return [
        name,
        *(f"{each:.2f}" for each in seconds),
        round(ROWS / middle.run),
        *_speeds(every),
    ]


def _speeds(timed: Timed) -> list[float]:
    return [
        *middle_and_slow(timed.lists),
        round(percentile(timed.saves, 0.5), 1),
        round(max(timed.saves), 1),
    ]


if __name__ == "__main__":
    main()
