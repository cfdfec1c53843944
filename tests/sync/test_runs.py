"""The life of runs: what closes them, what the brake counts, and when the next is due."""

from dataclasses import replace

from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.sync import jobs, runs
from webapp.sync import service as sync_service
from webapp.sync.models import SyncRun


def test_a_run_whose_worker_thread_died_does_not_keep_the_next_waiting(synced: Desk) -> None:
    with transaction():
        sync_service.request_run(ANA, db.session.get_one(Connection, synced.connection_id))
        assert runs.start_next(synced.clock())
    synced.clock.move(minutes=3)

    assert synced.pull().state == "complete"

    states = db.session.scalars(select(SyncRun.state).order_by(SyncRun.id)).all()
    assert states == ["complete", "lost", "complete"]


def test_campaigns_known_to_need_someone_do_not_pull_the_brake(synced: Desk) -> None:
    deleted = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(5)).all()
    for campaign in deleted:
        synced.edit(campaign, title="Too late")
        synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.push()
    assert {synced.campaign(id=c.id).sync_state for c in deleted} == {"parked"}

    states = [synced.pull().state for _ in range(3)]

    assert states == ["complete"] * 3


def test_the_schedule_goes_on_after_the_clock_was_set_back(synced: Desk) -> None:
    synced.clock.move(days=300)
    synced.pull()
    synced.clock.move(days=-300)

    jobs.ask_for_scheduled_run(synced.work)

    asked = select(SyncRun.state).where(SyncRun.trigger == "schedule")
    assert db.session.scalars(asked).all() == ["requested"]


def test_a_run_that_is_told_to_stop_while_it_looks_for_gone_ones_stops(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.pull()
    reads = len(synced.sandbox.requests())
    told = iter([True] * 6)
    stopping = jobs.Work(
        synced.work.settings, synced.work.limiter, lambda: next(told, False), synced.clock
    )
    with transaction():
        run = sync_service.request_run(ANA, db.session.get_one(Connection, synced.connection_id))

    jobs.pull_next(stopping)

    assert len(synced.sandbox.requests()) == reads + 3
    db.session.expire_all()
    assert db.session.get_one(SyncRun, run.id).state == "incomplete"


def test_a_total_beyond_all_bounds_ends_in_words(synced: Desk) -> None:
    headers = {"Content-Type": "application/json", "X-Total": "999999999999"}
    synced.sandbox.fault(
        {"action": "answer", "path": "campaigns$", "status": 200, "headers": headers, "body": "[]"}
    )

    run = synced.pull()

    assert run.state == "incomplete"
    assert "999,999,999,999" in (run.problem or "")


def test_a_run_asked_for_of_a_detached_connection_is_closed_at_start(synced: Desk) -> None:
    with transaction():
        connection = db.session.get_one(Connection, synced.connection_id)
        run = sync_service.request_run(ANA, connection)
        connection.state = "detached"

    jobs.ask_for_start_run(synced.work)

    db.session.expire_all()
    assert db.session.get_one(SyncRun, run.id).state == "lost"
    assert not runs.any_requested()


def test_looking_for_gone_ones_keeps_the_run_alive(synced: Desk) -> None:
    """Each look may wait for its turn for a minute, and there may be hundreds."""
    deleted = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(3)).all()
    for campaign in deleted:
        synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.pull()

    def a_minute_later() -> bool:
        with transaction():
            runs.close_lost(synced.clock())
        synced.clock.move(minutes=1)
        return True

    synced.work = replace(synced.work, keep_going=a_minute_later)

    assert synced.pull().state == "complete"
    assert {synced.campaign(id=c.id).sync_state for c in deleted} == {"gone"}
