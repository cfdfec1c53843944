"""Reading pages in trouble: what is tried again, what that costs, and what a run says by then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.sync.conftest import ANA, Desk
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.sync import jobs, runs
from webapp.sync import service as sync_service
from webapp.sync.models import SyncRun


@pytest.fixture
def failing(desk: Desk) -> Desk:
    """The list of campaigns answers with errors, and sleeping moves the clock."""
    desk.work = replace(desk.work, sleep=lambda seconds: desk.clock.move(seconds=seconds))
    desk.sandbox.fault({"action": "status", "status": 503, "path": "campaigns$"})
    return desk


def connection_of(desk: Desk) -> Connection:
    db.session.expire_all()
    found = db.session.get_one(Connection, desk.connection_id)
    db.session.rollback()
    return found


def with_connection(desk: Desk, **values: object) -> None:
    with transaction():
        for name, value in values.items():
            setattr(db.session.get_one(Connection, desk.connection_id), name, value)


def test_each_failure_counts_for_the_breaker_and_each_repeat_costs(failing: Desk) -> None:
    run = failing.pull()

    assert (run.state, run.retry_count) == ("failed", 3)
    connection = connection_of(failing)
    assert (connection.failures, connection.retry_tokens) == (4, 7.0)


def test_a_page_that_is_read_closes_the_breaker(failing: Desk) -> None:
    failing.pull()
    failing.sandbox.clear_faults()

    failing.pull()

    connection = connection_of(failing)
    assert connection.failures == 0
    assert connection.retry_tokens == pytest.approx(7.6)


def test_without_a_retry_left_the_page_is_not_asked_for_again(failing: Desk) -> None:
    soon = failing.clock() + timedelta(seconds=50)
    with_connection(failing, retry_tokens=0.1, trial_at=soon)

    run = failing.pull()

    assert (run.state, run.retry_count, run.request_count) == ("failed", 0, 3)


def test_with_the_breaker_open_a_page_is_not_asked_for_again(failing: Desk) -> None:
    failing.sandbox.fault({"action": "status", "status": 503, "path": "agencies$"})
    with_connection(failing, failures=9, trial_at=failing.clock() + timedelta(seconds=50))

    run = failing.pull()

    assert (run.state, run.retry_count, run.request_count) == ("failed", 0, 1)


def during_a_long_wait(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, do: Callable[[], None]
) -> SyncRun:
    """A run whose page fails once and that then waits for a minute, with ``do`` every so often."""
    monkeypatch.setattr("webapp.sync.reading.RETRY_SECONDS", 29.0)
    desk.sandbox.clear_faults()
    desk.sandbox.fault({"action": "status", "status": 503, "path": "campaigns$", "times": 1})

    def sleep(seconds: float) -> None:
        do()
        desk.clock.move(seconds=seconds)

    desk.work = replace(desk.work, sleep=sleep)
    return desk.pull()


def test_a_run_that_waits_gives_signs_of_life(
    failing: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_for_lost_runs() -> None:
        with transaction():
            assert runs.close_lost(failing.clock()) == 0

    # Between two slices of five seconds, and the minute of the whole wait.
    monkeypatch.setattr("webapp.sync.runs.HEARTBEAT_LIMIT", timedelta(seconds=40))

    assert during_a_long_wait(failing, monkeypatch, look_for_lost_runs).state == "complete"


def test_a_run_is_cancelled_while_it_waits(failing: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    began = failing.clock.ahead

    def cancel() -> None:
        with transaction():
            (run,) = db.session.query(SyncRun).filter_by(state="running")
            sync_service.cancel_run(ANA, run)

    run = during_a_long_wait(failing, monkeypatch, cancel)

    assert run.state == "cancelled"
    assert failing.clock.ahead - began < timedelta(seconds=20)


def test_a_run_that_broke_off_in_the_middle_is_followed_by_the_next_sooner(desk: Desk) -> None:
    desk.sandbox.control("POST", "churn", {"create": 500})
    desk.sandbox.fault({"action": "status", "status": 401, "path": "campaigns$", "page": 2})
    broken = desk.pull()
    assert (broken.state, broken.read_count) == ("incomplete", 500)
    with_connection(desk, state="active")
    desk.clock.move(minutes=6)

    jobs.ask_for_scheduled_run(desk.work)

    assert runs.any_requested()
