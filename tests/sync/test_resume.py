"""Runs that are stopped by an operator, and runs that go on where another was left."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from tests.sync.conftest import ANA, Desk
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.sync import jobs, runs
from webapp.sync import service as sync_service
from webapp.sync.models import SyncRun

ROWS_ON_A_PAGE = 500


@pytest.fixture
def long_list(desk: Desk) -> Desk:
    """Connected to an account whose campaigns come on three pages."""
    desk.sandbox.control("POST", "churn", {"create": 1000})
    return desk


def ask(desk: Desk) -> int:
    with transaction():
        connection = db.session.get_one(Connection, desk.connection_id)
        return sync_service.request_run(ANA, connection).id


def cancel(run_id: int) -> None:
    with transaction():
        sync_service.cancel_run(ANA, db.session.get_one(SyncRun, run_id))


def resume(run: SyncRun) -> int:
    with transaction():
        return sync_service.resume_run(ANA, db.session.get_one(SyncRun, run.id)).id


def work(desk: Desk, run_id: int) -> SyncRun:
    jobs.pull_next(desk.work)
    db.session.expire_all()
    found = db.session.get_one(SyncRun, run_id)
    db.session.rollback()
    return found


def waiting() -> list[SyncRun]:
    return list(db.session.scalars(select(SyncRun).where(SyncRun.state == "requested")))


def held() -> int:
    return db.session.scalar(select(func.count(Campaign.id))) or 0


def cancelled_after(desk: Desk, pages: int) -> SyncRun:
    """A run that an operator stopped when so many pages of campaigns had been read."""
    run_id = ask(desk)

    def stop_when_read() -> bool:
        run = db.session.get(SyncRun, run_id)
        read, known = run.read_count if run else 0, run.cancelled_by if run else None
        db.session.rollback()
        db.session.expire_all()
        if read >= pages * ROWS_ON_A_PAGE and not known:
            cancel(run_id)
        return True

    desk.work = replace(desk.work, keep_going=stop_when_read)
    run = work(desk, run_id)
    desk.work = replace(desk.work, keep_going=lambda: True)
    return run


def test_a_run_that_has_not_begun_is_cancelled_at_once(desk: Desk) -> None:
    run_id = ask(desk)

    cancel(run_id)

    run = db.session.get_one(SyncRun, run_id)
    assert (run.state, run.cancelled_by) == ("cancelled", ANA.label)
    assert run.finished_at is not None
    assert not runs.any_requested()


def test_a_running_run_stops_at_the_next_page_and_keeps_what_was_read(long_list: Desk) -> None:
    run = cancelled_after(long_list, pages=1)

    assert (run.state, run.cancelled_by) == ("cancelled", ANA.label)
    assert (run.read_count, run.created_count) == (500, 500)
    assert ANA.label in (run.problem or "")
    assert held() == 500
    assert (run.stage, run.cursor) == ("campaigns", "page=2&per_page=500")


def test_cancelling_twice_is_once_and_an_ended_run_cannot_be(desk: Desk) -> None:
    run_id = ask(desk)
    with transaction():
        assert runs.start_next(desk.clock())
    cancel(run_id)
    cancel(run_id)
    desk.clock.move(minutes=3)

    with transaction():
        assert runs.close_lost(desk.clock()) == 1

    db.session.expire_all()
    assert db.session.get_one(SyncRun, run_id).state == "lost"
    with pytest.raises(TooLate):
        cancel(run_id)


def test_the_next_run_starts_as_usual_after_a_cancelled_one(long_list: Desk) -> None:
    cancelled_after(long_list, pages=1)

    run = long_list.pull()

    assert (run.state, run.created_count, run.unchanged_count) == ("complete", 540, 500)


def test_a_resumed_run_reads_the_rest_concludes_nothing_and_has_a_whole_one_follow(
    long_list: Desk,
) -> None:
    stopped = cancelled_after(long_list, pages=1)
    asked_before = len(long_list.sandbox.requests())

    run = work(long_list, resume(stopped))

    assert run.resumes_id == stopped.id
    assert (run.state, run.read_count, run.created_count) == ("incomplete", 540, 540)
    assert f"run {stopped.id} was left" in (run.problem or "")
    assert run.missing_count == 0
    assert run.cursor is None
    assert held() == 1040
    assert len(long_list.sandbox.requests()) - asked_before == 2
    (following,) = waiting()
    assert f"Run {following.id} reads everything next." in (run.problem or "")
    assert f"run {run.id}" in (following.problem or "")
    whole = work(long_list, following.id)
    assert (whole.state, whole.read_count) == ("complete", 1040)
    assert waiting() == []


def test_the_run_that_follows_is_the_one_that_was_asked_for_meanwhile(long_list: Desk) -> None:
    resumed_id = resume(cancelled_after(long_list, pages=1))
    asked: list[int] = []

    def ask_once() -> bool:
        if not asked:
            asked.append(ask(long_list))
        return True

    long_list.work = replace(long_list.work, keep_going=ask_once)
    run = work(long_list, resumed_id)

    assert (run.state, run.read_count) == ("incomplete", 540)
    assert [each.id for each in waiting()] == asked
    assert f"Run {asked[0]} reads everything next." in (run.problem or "")


def test_asking_for_everything_replaces_a_run_that_waits_to_read_the_rest(long_list: Desk) -> None:
    resumed_id = resume(cancelled_after(long_list, pages=1))

    asked_id = ask(long_list)

    assert ask(long_list) == asked_id
    replaced = db.session.get_one(SyncRun, resumed_id)
    assert (replaced.state, replaced.cancelled_by) == ("cancelled", ANA.label)
    assert "reads everything instead" in (replaced.problem or "")
    assert replaced.finished_at is not None
    assert f"in place of run {resumed_id}" in (db.session.get_one(SyncRun, asked_id).problem or "")
    run = work(long_list, asked_id)
    assert (run.state, run.resumes_id, run.read_count) == ("complete", None, 1040)


def test_resuming_twice_is_one_run_and_not_possible_when_that_went_on(long_list: Desk) -> None:
    stopped = cancelled_after(long_list, pages=1)

    first, second = resume(stopped), resume(stopped)
    assert first == second
    work(long_list, first)

    with pytest.raises(TooLate, match=f"Run {first}"):
        resume(stopped)


def test_a_resumed_run_that_is_stopped_can_be_resumed_itself(long_list: Desk) -> None:
    stopped = cancelled_after(long_list, pages=1)
    run_id = resume(stopped)
    long_list.work = replace(long_list.work, keep_going=iter([True, False]).__next__)
    again = work(long_list, run_id)
    assert (again.state, again.read_count) == ("incomplete", 500)
    long_list.work = replace(long_list.work, keep_going=lambda: True)

    last = work(long_list, resume(again))

    assert (last.read_count, held()) == (40, 1040)


def test_a_run_that_failed_half_way_is_incomplete_and_goes_on_from_there(long_list: Desk) -> None:
    long_list.sandbox.fault(
        {"action": "status", "status": 401, "path": "campaigns$", "page": 2, "times": 1}
    )
    broken = long_list.pull()
    assert (broken.state, broken.read_count) == ("incomplete", 500)

    run = work(long_list, resume(broken))

    assert (run.read_count, held()) == (540, 1040)


def test_a_lost_run_goes_on_from_its_last_page(long_list: Desk) -> None:
    run_id = ask(long_list)

    def dies() -> bool:
        read = db.session.scalar(select(SyncRun.read_count).where(SyncRun.id == run_id))
        db.session.rollback()
        if read:
            raise KeyboardInterrupt
        return True

    long_list.work = replace(long_list.work, keep_going=dies)
    with pytest.raises(KeyboardInterrupt):
        jobs.pull_next(long_list.work)
    long_list.work = replace(long_list.work, keep_going=lambda: True)
    long_list.clock.move(minutes=3)
    with transaction():
        assert runs.close_lost(long_list.clock()) == 1

    run = work(long_list, resume(db.session.get_one(SyncRun, run_id)))

    assert (run.read_count, held()) == (540, 1040)


def nothing_left(desk: Desk) -> SyncRun:
    return desk.pull()


def nothing_begun(desk: Desk) -> SyncRun:
    desk.sandbox.fault({"action": "status", "status": 401, "path": "campaigns$", "times": 1})
    run = desk.pull()
    assert run.state == "failed"
    return run


def read_since(desk: Desk) -> SyncRun:
    stopped = cancelled_after(desk, pages=1)
    assert desk.pull().state == "complete"
    return stopped


def another_is_asked_for(desk: Desk) -> SyncRun:
    stopped = cancelled_after(desk, pages=1)
    ask(desk)
    return stopped


@pytest.mark.parametrize("make", [nothing_left, nothing_begun, read_since, another_is_asked_for])
def test_a_run_is_not_resumed_when_that_is_of_no_use(long_list: Desk, make: object) -> None:
    assert callable(make)
    run = make(long_list)

    with pytest.raises(TooLate, match=r"[a-z]\.$"):
        resume(run)
