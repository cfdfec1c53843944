"""200 queued pushes and a pull under the real limit: how long the pull and a single edit take."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import func, select

from benchmarks import options
from benchmarks.instance import Instance, instance
from benchmarks.options import Options
from benchmarks.report import Report, Table
from benchmarks.web import background
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import APPLIED, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction
from webapp.sync import service
from webapp.sync.models import COMPLETE, RequestLog, SyncRun

ABOUT = (
    "One operator saves {pushes} edits at once, and a pull of everything is asked for; then the "
    "real worker process starts, with its limit of {rate} requests a minute (it uses 54). The "
    "sandbox enforces its own limit of {rate} in any 60 seconds and answers 429 beyond. Another "
    "operator saves two single edits: one while the pull runs, one when half of the edits are "
    "confirmed. *Wait* is from saving to the first call made for the edit, *confirmed* from saving "
    "to the ad server's echo. The bound for a pull of P requests is 5 * P / 54 minutes."
)
COLUMNS = (
    "pushes",
    "pull requests",
    "pull s",
    "bound s",
    "edit during the pull: wait s",
    "confirmed s",
    "edit in the middle: wait s",
    "then confirmed s",
    "all done s",
    "requests",
    "most in 60 s",
    "429s",
)
RATE, PUSHES = 60, 200
WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
BULK, SINGLE = Actor("bulk@example.com", "web"), Actor("single@example.com", "web")
LONGEST_SECONDS = 1_800.0


def main() -> None:
    with options.read(__doc__ or "", sizes=[10_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    about = ABOUT.format(pushes=PUSHES, rate=RATE)
    report = Report(f"push_storm{wish.results}", "A storm of pushes", about, wish.database)
    table = Table("Seconds", COLUMNS)
    for size in wish.sizes:
        with instance(wish, "storm", size) as made:
            made.run("benchmarks.one_pull")
            with made.reading():
                table.rows.append(_measure_one(made))
    report.tables.append(table)
    report.finish()


def _measure_one(made: Instance) -> list[str | int | float]:
    made.sandbox.settings(requests_per_minute=RATE)
    seen = len(made.sandbox.requests())
    early, late, *bulk = _campaigns(PUSHES + 2)
    for campaign_id in bulk:
        _edit(BULK, campaign_id)
    run_id = _ask_for_pull()
    started = utc_now()
    environment = {**made.environment(), "MEGAPHONE_REQUESTS_PER_MINUTE": str(RATE)}
    with background(made, "worker", WORKER, environment):
        _wait_for(lambda: _run(run_id).read_count > 0)
        singles = [_edit(SINGLE, early)]
        _wait_for(lambda: _confirmed() >= PUSHES // 2)
        singles.append(_edit(SINGLE, late))
        _wait_for(lambda: _confirmed() == PUSHES + 2)
        _wait_for(lambda: _run(run_id).finished_at is not None)
    statuses = [request["status"] for request in made.sandbox.requests()[seen:]]
    edits = [cell for single in singles for cell in _edit_row(single)]
    total = _total_row(started)
    return [PUSHES, *_pull_row(run_id), *edits, *total, statuses.count(429)]


def _pull_row(run_id: int) -> list[int | float]:
    run = _run(run_id)
    if run.state != COMPLETE or run.started_at is None or run.finished_at is None:
        raise SystemExit(f"The pull ended {run.state}: {run.problem}")
    bound = 5 * run.request_count / (RATE * 0.9) * 60
    return [run.request_count, _seconds(run.started_at, run.finished_at), bound]


def _edit_row(change_id: int) -> list[int | float]:
    first = select(func.min(RequestLog.at)).where(RequestLog.change_id == change_id)
    with reading():
        change, called_at = db.session.get_one(Change, change_id), db.session.scalar(first)
        db.session.rollback()
        if change.finished_at is None or called_at is None:
            raise SystemExit("The single edit was not sent.")
        return [
            _seconds(change.created_at, called_at),
            _seconds(change.created_at, change.finished_at),
        ]


def _total_row(started: datetime) -> list[int | float]:
    query = select(RequestLog.at).where(RequestLog.at >= started).order_by(RequestLog.at)
    with reading():
        end = db.session.scalar(select(func.max(Change.finished_at)))
        times = list(db.session.scalars(query))
        db.session.rollback()
    return [_seconds(started, max(end or started, times[-1])), len(times), _most(times)]


def _most(times: list[datetime]) -> int:
    """The most calls that any 60 seconds held."""
    within = [sum(0 <= _seconds(start, each) < 60 for each in times) for start in times]
    return max(within)


def _campaigns(number: int) -> list[int]:
    with reading():
        query = select(Campaign.id).where(Campaign.archived_at.is_(None)).order_by(Campaign.id)
        ids = list(db.session.scalars(query.limit(number)))
        db.session.rollback()
    return ids


def _edit(actor: Actor, campaign_id: int) -> int:
    """Save another title, as the edit form does. Returns the change's id."""
    with transaction():
        campaign = db.session.get_one(Campaign, campaign_id)
        values = replace(values_of(editable(campaign)), title=f"Edited {uuid4()}")
        campaigns.edit_campaign(actor, campaign, values, campaign.version, uuid4())
        newest = select(Change.id).where(Change.campaign_id == campaign_id)
        return db.session.scalars(newest.order_by(Change.id.desc()).limit(1)).one()


def _ask_for_pull() -> int:
    with transaction():
        connection = db.session.scalars(select(Connection)).one()
        return service.request_run(BULK, connection).id


def _confirmed() -> int:
    with reading():
        query = select(func.count()).select_from(Change).where(Change.state == APPLIED)
        confirmed = db.session.scalar(query) or 0
        db.session.rollback()
    return confirmed


def _run(run_id: int) -> SyncRun:
    with reading():
        db.session.expire_all()
        run = db.session.get_one(SyncRun, run_id)
        db.session.expunge(run)
        db.session.rollback()
    return run


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("It did not come to an end.")
        time.sleep(0.25)


if __name__ == "__main__":
    main()
