"""The log of remote calls: every call of a run and a change is in it, and none stops the sync."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from sqlalchemy import func, insert, select, text

from tests.sync.conftest import Desk
from webapp.core.db import db, transaction
from webapp.sync import request_log
from webapp.sync.models import RequestLog

Call = tuple[str, str, str, int | None, str]


def calls_of(rows: list[RequestLog]) -> list[Call]:
    return [(r.priority, r.method, r.path, r.status, r.outcome) for r in rows]


def of_change(desk: Desk, change_id: int) -> list[Call]:
    db.session.expire_all()
    return calls_of(list(request_log.of_change(change_id)))


ONE = "/organizations/{organization}/campaigns/{campaign}"
ALL = "/organizations/{organization}/campaigns"


def test_each_call_of_a_run_is_kept(desk: Desk) -> None:
    run = desk.pull()

    calls = db.session.scalars(select(RequestLog).where(RequestLog.run_id == run.id)).all()
    assert len(calls) == run.request_count > 2
    assert request_log.outcomes_of_run(run.id) == {"ok": run.request_count}
    assert {(c.connection_id, c.priority, c.method, c.status) for c in calls} == {
        (desk.connection_id, "pull", "GET", 200)
    }
    assert ALL in {c.path for c in calls}
    assert all(c.received_bytes > 0 and c.duration_ms >= 0 and c.change_id is None for c in calls)


def test_a_page_that_failed_is_in_the_log_of_its_run(desk: Desk) -> None:
    desk.sandbox.fault({"action": "status", "status": 404, "path": "agencies"})

    run = desk.pull()

    outcomes = request_log.outcomes_of_run(run.id)
    assert outcomes["contract_changed"] == 1
    assert outcomes.total() == run.request_count


def test_an_edit_is_a_read_and_a_write_of_its_change(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Read, then written")
    synced.push()

    assert of_change(synced, synced.change_of(campaign).id) == [
        ("push", "GET", ONE, 200, "ok"),
        ("push", "PUT", ONE, 200, "ok"),
    ]


def test_looking_for_a_lost_booking_is_in_the_log_of_its_change(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Lost on its way")
    synced.push()
    synced.settle()

    calls = of_change(synced, synced.change_of(campaign).id)

    assert calls[0] == ("push", "POST", ALL, None, "outcome_unknown")
    assert {call[0] for call in calls[1:]} == {"probe"}
    assert ("probe", "GET", ALL, 200, "ok") in calls


def test_a_call_is_dated_when_it_began(synced: Desk) -> None:
    outside = replace(synced.work.outside, clock=synced.clock)
    synced.work = replace(synced.work, outside=outside)
    synced.clock.move(hours=5)
    before = synced.clock()
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Dated")
    synced.push()
    [read, _] = request_log.of_change(synced.change_of(campaign).id)
    # Durations are kept in whole milliseconds.
    assert before - timedelta(milliseconds=1) <= read.at <= synced.clock()


def test_a_log_that_cannot_be_written_does_not_stop_the_sync(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Sent all the same")
    rename("request_log", "away")
    try:
        with structlog.testing.capture_logs() as logs:
            synced.push()
    finally:
        rename("away", "request_log")

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert "request_not_logged" in {event["event"] for event in logs}


def rename(old: str, new: str) -> None:
    with transaction():
        db.session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


NOON = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)


def log_calls(desk: Desk, *times: datetime) -> None:
    with transaction():
        for at in times:
            values = {"method": "GET", "path": "/x", "priority": "pull", "outcome": "ok"}
            numbers = {"received_bytes": 0, "duration_ms": 0, "connection_id": desk.connection_id}
            db.session.execute(insert(RequestLog).values(at=at, **values, **numbers))


def kept() -> int:
    return db.session.scalar(select(func.count()).select_from(RequestLog)) or 0


def test_the_last_minute_is_counted(desk: Desk) -> None:
    log_calls(desk, *(NOON - timedelta(seconds=s) for s in (1, 30, 59, 61, 3600)))
    assert request_log.used_in_last_minute(desk.connection_id, NOON) == 3
    assert request_log.used_in_last_minute(desk.connection_id + 1, NOON) == 0


def test_the_calls_of_each_hour_are_counted(desk: Desk) -> None:
    log_calls(desk, *(NOON - timedelta(minutes=m) for m in (0, 30, 31, 200, 60 * 24)))
    hours = request_log.per_hour([desk.connection_id], NOON)
    assert len(hours) == 24
    assert [(at.hour, count) for at, count in hours if count] == [(9, 1), (11, 1), (12, 2)]


def test_what_is_older_than_a_month_is_deleted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "DELETED_AT_ONCE", 2)
    log_calls(desk, *(NOON - timedelta(days=days) for days in (0, 29, 31, 32, 33, 400, 401)))
    assert request_log.delete_old(NOON) == 5
    assert kept() == 2
    assert request_log.delete_old(NOON) == 0
