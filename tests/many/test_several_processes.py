"""Several web and worker processes on one PostgreSQL: one leads, each tick once, each push once."""

import os
import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

from sqlalchemy import select, update

from tests import factories
from tests.factories import values_of
from tests.many.conftest import seen, wait_for
from tests.many.fleet import WORKER, Fleet
from tests.many.person import EMAIL, Person, first_uuid
from tests.support.sandbox import Sandbox
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import APPLIED, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.sync.lead import LASTS, LOOK_SECONDS
from webapp.sync.models import LOST, OPEN_STATES, Lease, SyncRun

ANA = Actor("ana@example.com", "web")
# For a machine that stands still for some of them.
SLACK = 30
IS_OPEN = select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES)).limit(1)


def leader() -> str | None:
    query = select(Lease.holder).where(Lease.name == "scheduler", Lease.expires_at > utc_now())
    return db.session.scalar(query)


def leading_pid() -> int:
    wait_for(leader, "somebody leads")
    return int(str(seen(leader)).split(":")[1])


def edit(number: int) -> tuple[int, str]:
    """Through any of the processes' database: the outbox does not care who wrote to it."""
    with transaction():
        query = select(Campaign).order_by(Campaign.id).offset(number).limit(1)
        campaign = db.session.scalars(query).one()
        wanted = replace(values_of(campaign), title=f"Edited {number} {uuid4()}")
        campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
        return campaign.id, str(campaign.remote_id)


def is_all_applied() -> bool:
    states = db.session.scalars(select(Change.state)).all()
    return bool(states) and set(states) == {APPLIED}


def make_a_pull_due() -> None:
    """As if the last reading were long ago: each worker's clock now says that one is due."""
    with transaction():
        old = utc_now() - timedelta(minutes=5)
        db.session.execute(update(Connection).values(last_attempt_at=old))


def scheduled() -> list[SyncRun]:
    return list(db.session.scalars(select(SyncRun).where(SyncRun.trigger == "schedule")))


def test_the_lead_passes_on_within_seconds_and_nothing_is_done_twice(
    machines: Fleet, sandbox: Sandbox
) -> None:
    for _ in range(3):
        machines.start(WORKER)
    wait_for(lambda: db.session.scalar(select(Connection.last_success_at)), "the first pull")
    before = len(sandbox.applied_writes())
    edited = [edit(number) for number in range(10)]
    wait_for(lambda: db.session.scalar(IS_OPEN) is None, "no run is open")
    make_a_pull_due()
    wait_for(scheduled, "the first tick")

    first = leading_pid()
    edited += [edit(number) for number in range(10, 20)]
    os.kill(first, signal.SIGKILL)
    machines.by_pid(first).wait()
    took = wait_for(lambda: leader() and f":{first}:" not in str(leader()), "another leads")
    assert took <= LASTS.total_seconds() + LOOK_SECONDS + SLACK
    assert leading_pid() in {each.pid for each in machines.processes} - {first}

    edited += [edit(number) for number in range(20, 30)]
    # The one who leads begins by reading everything; no tick is wanted meanwhile.
    wait_for(lambda: db.session.scalar(IS_OPEN) is None, "no run is open")
    make_a_pull_due()
    wait_for(lambda: len({run.due_at for run in scheduled()}) > 1, "the second tick")
    wait_for(is_all_applied, "everything is sent")
    wait_for(lambda: all(run.finished_at for run in scheduled()), "the pulls are over")

    writes = sandbox.applied_writes()[before:]
    pushed = Counter(str(write["remote_id"]) for write in writes if write["sender"] == "api")
    assert pushed == {remote_id: 1 for _, remote_id in edited}
    ticks = Counter(seen(lambda: [run.due_at for run in scheduled()]))
    assert set(ticks.values()) == {1}
    assert_runs_do_not_overlap()


def assert_runs_do_not_overlap() -> None:
    query = select(SyncRun.started_at, SyncRun.finished_at, SyncRun.state)
    begun = query.where(SyncRun.started_at.is_not(None)).order_by(SyncRun.started_at)
    rows = seen(lambda: db.session.execute(begun).all())
    for earlier, later in pairwise(rows):
        assert later.started_at >= earlier.finished_at or earlier.state == LOST, rows


def test_what_is_saved_at_one_web_process_is_seen_at_the_other_and_sent_by_the_worker(
    machines: Fleet, sandbox: Sandbox
) -> None:
    machines.start(WORKER)
    (_, here), (_, there) = machines.web(), machines.web()
    wait_for(lambda: db.session.scalar(select(Connection.last_success_at)), "the first pull")
    factories.operator("manager", email=EMAIL)
    db.session.commit()
    person = Person()
    person.sign_in(here)
    uuid = first_uuid()
    title = f"Saved {uuid4()}"
    person.save_title(here, uuid, title)
    # Signed in there too: both have one key.
    assert title in person.page(f"{there}/campaigns/{uuid}")
    wait_for(is_all_applied, "it is sent")
    assert [w for w in sandbox.applied_writes() if title in str(w)]
