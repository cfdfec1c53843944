"""When an ad server in trouble is called again: breaker and retry budget, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.sync.conftest import Desk
from webapp.adservers.errors import OutcomeUnknown, RateLimited, Rejected, Unavailable, Unreachable
from webapp.campaigns.models import Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.sync import breaker, jobs

READS_FAIL = {"action": "status", "status": 503, "method": "GET", "path": "campaigns/"}


def edit_some(desk: Desk, count: int) -> list[Campaign]:
    found = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(count)).all()
    for campaign in found:
        desk.edit(campaign, title=f"Edited {campaign.id}")
    return list(found)


def calls(desk: Desk) -> int:
    return len(desk.sandbox.requests())


def connection(desk: Desk) -> Connection:
    db.session.expire_all()
    return db.session.get_one(Connection, desk.connection_id)


def set_connection(desk: Desk, **values: Any) -> None:
    with transaction():
        db.session.execute(
            update(Connection).where(Connection.id == desk.connection_id).values(values)
        )


def test_after_five_failures_one_call_a_minute_is_made_and_nothing_is_lost(synced: Desk) -> None:
    synced.sandbox.fault(READS_FAIL)
    edited = edit_some(synced, 8)
    before = calls(synced)

    synced.push()
    synced.push()
    assert calls(synced) - before == 5

    for _ in range(3):
        synced.clock.move(seconds=61)
        before = calls(synced)
        synced.push()
        synced.push()
        assert calls(synced) - before == 1

    synced.sandbox.clear_faults()
    synced.clock.move(minutes=16)
    synced.push()
    for campaign in edited:
        assert synced.remote(campaign)["title"] == f"Edited {campaign.id}"
    assert connection(synced).failures == 0
    assert connection(synced).trial_at is None


def test_failures_with_a_success_between_them_do_not_open_it(synced: Desk) -> None:
    for _ in range(3):
        with transaction():
            for _ in range(4):
                breaker.failed(synced.connection_id, synced.clock())
            breaker.succeeded(synced.connection_id)

    edit_some(synced, 1)
    synced.push()

    assert len(synced.our_writes("PUT")) == 1


@pytest.mark.parametrize("error", [Unavailable, OutcomeUnknown, Unreachable])
def test_what_says_that_nobody_is_well_there_counts(desk: Desk, error: type[Unavailable]) -> None:
    with transaction():
        breaker.heard(desk.connection_id, error("x"), desk.clock())
    assert connection(desk).failures == 1


def test_a_refusal_says_that_it_is_well(desk: Desk) -> None:
    set_connection(desk, failures=4)
    with transaction():
        breaker.heard(desk.connection_id, Rejected("x"), desk.clock())
    assert connection(desk).failures == 0


def test_being_told_to_slow_down_says_neither(desk: Desk) -> None:
    set_connection(desk, failures=4)
    with transaction():
        breaker.heard(desk.connection_id, RateLimited("x", status=429), desk.clock())
    assert connection(desk).failures == 4


def test_lost_answers_open_it_too_and_asking_about_them_waits_for_the_trial(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 500, "method": "POST"})
    for number in range(6):
        synced.book(title=f"Booking {number}")
    before = calls(synced)
    jobs.push_due(synced.work)
    assert calls(synced) - before == 5

    synced.sandbox.fault({"action": "status", "status": 500, "method": "GET"})
    synced.clock.move(seconds=121)
    before = calls(synced)
    jobs.probe_due(synced.work)
    jobs.push_due(synced.work)
    assert calls(synced) - before == 1


def test_a_repeat_costs_a_token_and_a_success_pays_a_fifth(synced: Desk) -> None:
    synced.sandbox.fault({**READS_FAIL, "times": 1})
    edit_some(synced, 1)
    synced.push()
    assert connection(synced).retry_tokens == 10
    synced.clock.move(seconds=10)
    synced.push()

    assert len(synced.our_writes("PUT")) == 1
    # One for the read before the write, one for the write.
    assert connection(synced).retry_tokens == pytest.approx(9.4)


def test_tokens_never_exceed_ten(desk: Desk) -> None:
    set_connection(desk, retry_tokens=9.9)
    with transaction():
        breaker.succeeded(desk.connection_id)
    assert connection(desk).retry_tokens == 10


def test_without_tokens_repeats_wait_but_one_goes_each_minute_and_new_ones_go_at_once(
    synced: Desk,
) -> None:
    troubled = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(3)).all()
    theirs = "|".join(str(campaign.remote_id) for campaign in troubled)
    synced.sandbox.fault({**READS_FAIL, "path": theirs})
    edit_some(synced, 3)
    synced.work = replace(synced.work, uniform=lambda _least, most: most)
    synced.push()
    set_connection(synced, retry_tokens=0, failures=0)
    synced.clock.move(seconds=10)

    fresh = synced.campaign(id=troubled[-1].id + 1)
    synced.edit(fresh, title="New")
    # The operator's clock is not moved: behind the others, as it is in life.
    with transaction():
        last = update(Change).where(Change.campaign_id == fresh.id)
        db.session.execute(last.values(next_attempt_at=synced.clock()))
    before = calls(synced)
    synced.push()
    assert synced.remote(fresh)["title"] == "New"
    assert calls(synced) - before == 2 + 1

    for _ in range(2):
        before = calls(synced)
        synced.push()
        assert calls(synced) == before
        synced.clock.move(seconds=61)
        synced.push()
        assert calls(synced) == before + 1


def test_repeats_are_ten_a_fifth_of_what_succeeds_and_one_a_minute(desk: Desk) -> None:
    asked, succeeded, repeated = 300, 0, 0
    with transaction():
        for second in range(asked):
            now = desk.clock() + timedelta(seconds=second)
            repeated += breaker.may_retry(desk.connection_id, now)
            if second % 4 == 0:
                breaker.succeeded(desk.connection_id)
                succeeded += 1

    assert 10 + 0.2 * succeeded < repeated <= 10 + 0.2 * succeeded + asked / 60


def test_a_trial_of_a_clock_that_was_ahead_is_due(synced: Desk) -> None:
    set_connection(synced, failures=5, trial_at=synced.clock() + timedelta(hours=3))
    edit_some(synced, 1)
    synced.push()
    assert len(synced.our_writes("PUT")) == 1


def test_two_that_ask_at_once_get_one_trial(desk: Desk) -> None:
    set_connection(desk, failures=5, trial_at=desk.clock() - timedelta(seconds=1))
    now = desk.clock()
    with transaction():
        assert breaker.may_retry(desk.connection_id, now)
        assert not breaker.may_retry(desk.connection_id, now)
        assert not breaker.may_start(desk.connection_id, now)


def test_a_change_that_waits_for_the_trial_stays_as_it_was(synced: Desk) -> None:
    set_connection(synced, failures=5, trial_at=synced.clock() + timedelta(seconds=30))
    (campaign,) = edit_some(synced, 1)
    synced.push()
    change = synced.change_of(campaign)
    assert (change.state, change.attempts, change.last_error) == ("ready", 0, None)
    assert db.session.scalar(select(Change.lease_token).where(Change.id == change.id)) is None
