"""The real worker killed in the middle of a job, again and again: nothing is done twice, or not."""

import signal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.bulk.desk import Desk, items
from tests.kill.plan import ROOT, Workers, be_ready_to_start, until
from webapp.audit.models import AuditEvent
from webapp.bulk.models import DONE, FINISHED, BulkItem, BulkJob
from webapp.bulk.operations import ScaleBudget
from webapp.campaigns.models import Campaign, Change
from webapp.core.config import Settings
from webapp.core.db import db, reading

CAMPAIGNS = 200
# How many statements, commits and the like a worker lives for, its start included.
LIVES = (130, 190, 250, 310, 370)
LEASE_SECONDS = 30.0


@pytest.fixture(scope="module")
def ready_to_start() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        be_ready_to_start()


def ask(query: object) -> int:
    with reading():
        found = db.session.scalar(query)  # type: ignore[call-overload]
        db.session.rollback()
    return int(found or 0)


def test_a_worker_killed_in_the_middle_repeats_nothing(
    app: Flask, desk: Desk, settings: Settings, tmp_path: Path, ready_to_start: None
) -> None:
    ids = factories.campaigns(CAMPAIGNS, budget=(10_000, "USD"))
    job_id = desk.start(desk.plan(ids, ScaleBudget("10"))).id
    # On SQLite, having asked for the id holds the write lock.
    db.session.rollback()
    workers = Workers(settings, tmp_path)
    done = select(func.count()).where(BulkItem.job_id == job_id, BulkItem.state == DONE)

    reached = []
    for moments in LIVES:
        # The dead worker's lead runs out.
        workers.move_clock(LEASE_SECONDS)
        with workers.running(moments=moments) as worker:
            until(lambda: worker.exitcode is not None, workers.said, meanwhile=lambda: None)
            assert worker.exitcode == -signal.SIGKILL
        reached.append(ask(done))
    workers.move_clock(LEASE_SECONDS)
    is_over = select(func.count()).where(BulkJob.id == job_id, BulkJob.state == FINISHED)
    with workers.running():
        until(lambda: ask(is_over) == 1, workers.said, meanwhile=lambda: None)

    assert any(0 < number < CAMPAIGNS for number in reached), reached
    # Once: done twice, ten per cent would have been added twice.
    budgets = db.session.scalars(select(Campaign.total_budget_minor).distinct()).all()
    assert budgets == [11_000]
    edits = select(func.count()).where(AuditEvent.action == "edited")
    assert ask(edits) == CAMPAIGNS
    keys = {item.key for item in items(db.session.get_one(BulkJob, job_id))}
    assert set(db.session.scalars(select(Change.intent_key))) == keys
    job = db.session.get_one(BulkJob, job_id, populate_existing=True)
    assert (job.done_count, job.failed_count) == (CAMPAIGNS, 0)
