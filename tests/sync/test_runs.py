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


def test_campaigns_known_to_need_someone_do_not_pull_the_brake(synced: Desk) -> None:
    deleted = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(5)).all()
    for campaign in deleted:
        synced.edit(campaign, title="Too late")
        synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.push()
    assert {synced.campaign(id=c.id).sync_state for c in deleted} == {"parked"}

    states = [synced.pull().state for _ in range(3)]

    assert states == ["complete"] * 3


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
