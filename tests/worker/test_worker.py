"""The real worker process: it pulls at start, sends what is saved, and hands over its lead."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, func, insert, select, text, update

from tests.factories import values_of
from tests.support.listening import listening
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign, Change
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.sync import leases, request_log
from webapp.sync.models import RateBudget, RequestLog, SyncRun
from webapp.worker import Worker

REPOSITORY = Path(__file__).resolve().parents[2]
ANA = Actor("ana@example.com", "web")
# A busy machine takes its time; only what fails waits for so long.
DEADLINE = 90.0
NEW = utc_now()

Answer = TypeVar("Answer")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=30) as started:
        yield started


@contextmanager
def running_worker(
    settings: Settings, sandbox: Sandbox, requests_per_minute: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own process, ended with the block."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.sqlalchemy_url,
        "INSTANCE_DIR": str(settings.instance_dir),
        "MEGAPHONE_BASE_URL": sandbox.base_url,
        "MEGAPHONE_API_TOKEN": sandbox.token,
        "MEGAPHONE_ORG_ID": sandbox.organization,
        "MEGAPHONE_REQUESTS_PER_MINUTE": str(requests_per_minute),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def until(true: Callable[[], bool], what: str) -> float:
    """Wait for something to become true; returns the seconds that took."""
    began = time.monotonic()
    while time.monotonic() - began < DEADLINE:
        if look(true):
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {DEADLINE:.0f} seconds")


def look(question: Callable[[], Answer]) -> Answer:
    """Ask without the write lock, which would keep the worker from its work."""
    with reading():
        answer = question()
        db.session.rollback()
    return answer


def runs(state: str = "complete") -> int:
    return db.session.scalar(select(func.count()).where(SyncRun.state == state)) or 0


def test_it_pulls_at_once_sends_a_save_within_seconds_and_stops_when_told(
    app: Flask, settings: Settings, sandbox: Sandbox
) -> None:
    with running_worker(settings, sandbox) as worker:
        until(lambda: runs() == 1, "the first pull")
        until(lambda: db.session.scalar(select(func.count(Campaign.id))) == 30, "30 campaigns")
        took = []
        # Once is enough: for longer than that, the machine may stand still.
        while len(took) < 5 and min(took, default=5) >= 5:
            title = f"Saved {uuid4()}"
            campaign_id = edit_first_campaign(title)
            is_sent = partial(is_confirmed, campaign_id)
            took.append(until(is_sent, "the confirmation"))

        assert min(took) < 5
        with reading():
            remote_id = db.session.get_one(Campaign, campaign_id).remote_id
            db.session.rollback()
        assert sandbox.control("GET", f"campaigns/{remote_id}")["title"] == title
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=DEADLINE) == 0


def test_a_lone_edit_begins_to_go_out_within_a_second_of_the_save(
    app: Flask, settings: Settings, sandbox: Sandbox
) -> None:
    """Each call asks the budget that all processes share, as in production."""
    began = []
    with running_worker(settings, sandbox, requests_per_minute=600):
        until(lambda: runs() == 1, "the first pull")
        # Two of some: whatever else this machine does at bad moments.
        while len(began) < 12 and sum(each < 1 for each in began) < 2:
            campaign_id = edit_first_campaign(f"Edit {len(began)}")
            until(partial(is_confirmed, campaign_id), "the confirmation")
            began.append(seconds_to_first_call())
    assert sum(each < 1 for each in began) == 2, began
    assert look(lambda: db.session.scalar(select(func.count()).select_from(RateBudget))) == 1


def edit_first_campaign(title: str) -> int:
    with transaction():
        campaign = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(1)).one()
        wanted = replace(values_of(campaign), title=title)
        campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
        return campaign.id


def seconds_to_first_call() -> float:
    """From saving the newest change to the first remote call made for it."""
    with reading():
        change = db.session.scalars(select(Change).order_by(Change.id.desc()).limit(1)).one()
        call = request_log.of_change(change.id)[0]
        seconds = (call.at - change.created_at).total_seconds()
        # Afterwards: reading on would begin a transaction that cannot write later.
        db.session.rollback()
        return seconds


def test_it_stops_at_once_while_it_waits_for_its_turn_to_call(
    app: Flask, settings: Settings, sandbox: Sandbox
) -> None:
    with running_worker(settings, sandbox, requests_per_minute=2) as worker:
        until(lambda: (db.session.scalar(select(func.max(SyncRun.request_count))) or 0) > 0, "call")

        worker.send_signal(signal.SIGTERM)

        # Its turn would come after nearly a minute.
        assert worker.wait(timeout=30) == 0
    assert runs("incomplete") == 1
    assert db.session.scalars(select(leases.Lease)).all() == []


def test_a_renewal_that_fails_once_does_not_break_off_the_run_under_way(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.sync.lead.RENEW_SECONDS", 0.05)
    monkeypatch.setattr("webapp.sync.lead.LOOK_SECONDS", 0.05)
    with transaction():
        db.session.execute(
            insert(Connection).values(
                platform="megaphone", name="M", base_url="", external_id="o", created_at=utc_now()
            )
        )
    lead = Worker(app).lead
    leading = threading.Thread(target=lead.keep)
    leading.start()
    try:
        until(lambda: runs("requested") == 1, "the start")
        with transaction():
            db.session.execute(update(SyncRun).values(state="running"))
        until(lambda: lease_ends() is not None, "the lease")
        failed: list[object] = []
        with listening(Engine, "handle_error", failed.append):
            rename("lease", "lease_away")
            until(lambda: bool(failed), "a renewal that fails")
            rename("lease_away", "lease")
        ends = look(lease_ends)
        until(lambda: lease_ends() != ends, "the next renewal")
        assert look(lambda: runs("running")) == 1
    finally:
        lead.stopping.set()
        leading.join()


def rename(table: str, new_name: str) -> None:
    with transaction():
        db.session.execute(text(f"ALTER TABLE {table} RENAME TO {new_name}"))


def test_the_leader_deletes_old_calls_from_the_log_each_hour(app: Flask) -> None:
    calls = {"method": "GET", "path": "/x", "priority": "pull", "outcome": "ok"}
    calls |= {"connection_id": 1, "received_bytes": 0, "duration_ms": 0}
    with transaction():
        db.session.execute(
            insert(Connection).values(
                id=1, platform="megaphone", name="M", base_url="", external_id="o", created_at=NEW
            )
        )
        for at in (NEW, NEW - timedelta(days=31)):
            db.session.execute(insert(RequestLog).values(at=at, **calls))
    worker = Worker(app)
    clean = worker._scheduler().get_job("clean")
    assert clean.trigger.get_next_fire_time(None, NEW) - NEW <= timedelta(hours=1)

    clean.func()
    assert len(times_of_calls()) == 2
    assert worker.lead.take()
    clean.func()
    assert times_of_calls() == [NEW]


def times_of_calls() -> list[datetime]:
    return look(lambda: list(db.session.scalars(select(RequestLog.at))))


def lease_ends() -> datetime | None:
    return db.session.scalar(select(leases.Lease.expires_at))


def is_confirmed(campaign_id: int) -> bool:
    query = select(Campaign.sync_state).where(Campaign.id == campaign_id)
    return db.session.scalars(query).one() == "confirmed"


def test_of_two_workers_one_leads_and_the_other_takes_over_when_it_ends(
    app: Flask, settings: Settings, sandbox: Sandbox
) -> None:
    with running_worker(settings, sandbox) as first:
        until(lambda: runs() == 1, "the first worker's pull")
        with running_worker(settings, sandbox) as second:
            assert f":{first.pid}:" in look(leader)
            first.send_signal(signal.SIGTERM)
            assert first.wait(timeout=DEADLINE) == 0

            until(lambda: f":{second.pid}:" in leader(), "the handover")
            until(lambda: runs() == 2, "the second worker's pull")


def leader() -> str:
    return db.session.scalar(select(leases.Lease.holder)) or ""


def test_a_lease_is_held_by_one_until_it_runs_out(app: Flask) -> None:
    now, lasts = utc_now(), timedelta(seconds=20)

    def take(holder: str, seconds: float) -> bool:
        with transaction():
            return leases.take_or_renew("lead", holder, now + timedelta(seconds=seconds), lasts)

    assert take("first", 0)
    assert not take("second", 19)
    assert take("first", 19)
    assert not take("second", 30)
    assert take("second", 40)
    assert not take("first", 41)
    # The clock is set back by an hour: nobody could have been given a lease until then.
    assert take("first", -3600)


def test_a_run_left_open_by_a_dead_worker_is_closed_by_the_next(
    app: Flask, settings: Settings, sandbox: Sandbox
) -> None:
    with running_worker(settings, sandbox):
        until(lambda: runs() == 1, "the first pull")
    with transaction():
        run = db.session.scalars(select(SyncRun)).one()
        run.state, run.finished_at = "running", None
        db.session.delete(db.session.scalars(select(leases.Lease)).one())

    with running_worker(settings, sandbox):
        until(lambda: runs("lost") == 1, "the lost run's end")
        until(lambda: runs() == 1, "the next pull")
    assert (runs("lost"), runs(), runs("running")) == (1, 1, 0)
