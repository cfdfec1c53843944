"""An old copy is restored after more work went on: nothing is booked twice, and nothing is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.cli.conftest import Terminal
from tests.support.desk import ANA, LATER, Desk, connected, with_credential
from tests.support.sandbox import Sandbox, start_sandbox
from webapp.audit.service import Actor
from webapp.campaigns import outgoing
from webapp.campaigns.models import (
    APPLIED,
    CLAIMED,
    CONFIRMED,
    CONFLICT,
    HELD,
    IN_FLIGHT,
    PARKED,
    READY,
    REFUSED,
    STUCK,
    Campaign,
    Change,
)
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops.backup import back_up
from webapp.ops.restore import Restored, restore
from webapp.sync import jobs, outbox
from webapp.sync.models import COMPLETE

BO = Actor("bo@example.com", "cli")


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start_sandbox(tmp_path_factory.mktemp("sandbox"), campaigns=12, advertisers=4) as started:
        yield started


@pytest.fixture
def settings(settings: Settings, sandbox_process: Sandbox) -> Settings:
    sandbox_process.control("POST", "reset", {})
    return with_credential(settings, sandbox_process)


@pytest.fixture
def desk(app: Flask, settings: Settings, sandbox_process: Sandbox) -> Desk:
    return connected(settings, sandbox_process)


@pytest.fixture
def copy(app: Flask, tmp_path: Path) -> Callable[[], Path]:
    """Makes a backup of now."""

    def make() -> Path:
        db.session.rollback()
        return back_up(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path, utc_now()).path

    return make


def restored(path: Path) -> Restored:
    db.session.rollback()
    return restore(BO, path, utc_now())


def release(desk: Desk) -> None:
    with transaction():
        connections.release_sending(BO, db.session.get_one(Connection, desk.connection_id))


def live_on(desk: Desk, *, rounds: int = 8) -> None:
    """The worker's jobs, with time between them, as long as anything moves."""
    for _ in range(rounds):
        desk.clock.move(LATER)
        desk.push()
    desk.clock.move(LATER)


def bookings(desk: Desk) -> Counter[str]:
    """How often each external id was booked from here."""
    writes = desk.sandbox.applied_writes()
    ours = [w for w in writes if w["sender"] == "api" and w["method"] == "POST"]
    return Counter(str(remote_record(desk, w["remote_id"])["externalId"]) for w in ours)


def remote_record(desk: Desk, remote_id: str) -> dict[str, Any]:
    found = desk.sandbox.control("GET", f"campaigns/{remote_id}")
    assert isinstance(found, dict)
    return found


def campaign(campaign_id: int) -> Campaign:
    db.session.expire_all()
    found = db.session.get_one(Campaign, campaign_id)
    db.session.expunge(found)
    db.session.rollback()
    return found


def remote_ids() -> list[str]:
    db.session.expire_all()
    found = db.session.scalars(select(Campaign.remote_id).where(Campaign.remote_id.is_not(None)))
    ids = sorted(str(each) for each in found)
    db.session.rollback()
    return ids


def test_what_was_booked_and_edited_after_the_backup_comes_back_by_reading(
    desk: Desk, copy: Callable[[], Path]
) -> None:
    (first, first_remote), (second, second_remote), *_ = desk.some(2)
    kept = copy()
    desk.edit(first, title="Edited after the backup")
    booked = desk.book("Booked after the backup")
    live_on(desk)
    booked_remote = campaign(booked).remote_id
    assert booked_remote
    desk.sandbox.control("PUT", f"campaigns/{second_remote}", {"title": "Edited in Megaphone"})
    writes = desk.our_writes()

    restored(kept)
    assert campaign(first).title != "Edited after the backup"
    live_on(desk)
    assert desk.pull() == COMPLETE
    release(desk)
    live_on(desk)
    assert desk.pull() == COMPLETE

    assert desk.our_writes() == writes
    assert campaign(first).title == "Edited after the backup"
    assert campaign(second).title == "Edited in Megaphone"
    assert remote_record(desk, first_remote)["title"] == "Edited after the backup"
    assert booked_remote in remote_ids()
    assert len(remote_ids()) == len(set(remote_ids())) == 13


@pytest.mark.parametrize("moment", ["waiting", "claimed", "sent", "on hold"])
def test_a_booking_that_was_sent_after_the_backup_is_found_and_not_booked_again(
    desk: Desk, copy: Callable[[], Path], moment: str
) -> None:
    booked = desk.book("Booked once")
    bring_to(desk, booked, moment)
    kept = copy()
    if moment == "on hold":
        free(booked)
    live_on(desk)
    remote_id = campaign(booked).remote_id
    assert remote_id
    assert set(bookings(desk).values()) == {1}

    done = restored(kept)
    assert (done.doubts.asked, done.doubts.waiting) == ((0, 1) if moment == "on hold" else (1, 0))
    assert desk.pull() == COMPLETE
    if moment == "on hold":
        assert desk.change_of(booked).state == HELD
        free(booked)
    else:
        # Looking is reading: it needs no release.
        live_on(desk)
        assert campaign(booked).remote_id == remote_id
    release(desk)
    live_on(desk)
    assert desk.pull() == COMPLETE

    assert set(bookings(desk).values()) == {1}
    assert remote_ids().count(remote_id) == 1
    if moment == "on hold":
        # It was listed before anybody looked: a person links the two.
        assert campaign(booked).sync_state == PARKED
    else:
        assert campaign(booked).sync_state == CONFIRMED


def bring_to(desk: Desk, campaign_id: int, moment: str) -> None:
    """Have the booking's change where the backup shall find it."""
    if moment == "on hold":
        hold(campaign_id)
    elif moment == "claimed":
        with transaction():
            claim = outbox.claim_due(utc_now())
            assert claim is not None
    elif moment == "sent":
        # Its answer is lost, and it was not applied: it is sent again after that was found out.
        desk.sandbox.fault(
            {"action": "cut_before_apply", "method": "POST", "path": "campaigns$", "times": 1}
        )
        desk.push()
    assert (
        desk.change_of(campaign_id).state
        in {
            "waiting": (READY,),
            "on hold": (HELD,),
            "claimed": (CLAIMED,),
            "sent": IN_FLIGHT,
        }[moment]
    )


def hold(campaign_id: int) -> None:
    with transaction():
        change = db.session.scalars(select(Change).where(Change.campaign_id == campaign_id)).one()
        outgoing.hold(ANA, change)


def free(campaign_id: int) -> None:
    with transaction():
        change = db.session.scalars(select(Change).where(Change.campaign_id == campaign_id)).one()
        outgoing.release(ANA, change)


def test_a_booking_that_never_left_is_looked_for_and_then_booked_once(
    desk: Desk, copy: Callable[[], Path]
) -> None:
    booked = desk.book("Never left")
    restored(copy())
    live_on(desk)
    assert desk.pull() == COMPLETE
    assert desk.change_of(booked).state == READY
    assert bookings(desk) == Counter()
    release(desk)
    live_on(desk)
    assert campaign(booked).sync_state == CONFIRMED
    assert sum(bookings(desk).values()) == 1
    looks = [r for r in desk.sandbox.requests() if r["method"] == "POST"]
    assert len(looks) == 1


def test_an_edit_that_waited_is_not_sent_over_what_came_after_it(
    desk: Desk, copy: Callable[[], Path]
) -> None:
    ((first, first_remote), *_) = desk.some(1)
    desk.edit(first, title="Waiting at the backup")
    kept = copy()
    live_on(desk)
    desk.edit(first, title="Edited later")
    live_on(desk)
    assert remote_record(desk, first_remote)["title"] == "Edited later"

    restored(kept)
    assert desk.pull() == COMPLETE
    release(desk)
    live_on(desk)
    assert remote_record(desk, first_remote)["title"] == "Edited later"
    assert campaign(first).sync_state == CONFLICT


def test_an_edit_that_waited_and_arrived_is_settled_without_sending(
    desk: Desk, copy: Callable[[], Path]
) -> None:
    first = desk.some(1)[0][0]
    desk.edit(first, title="Waiting at the backup")
    kept = copy()
    live_on(desk)
    writes = desk.our_writes()
    restored(kept)
    release(desk)
    live_on(desk)
    assert desk.our_writes() == writes
    assert desk.state_of(first) == (APPLIED, CONFIRMED)


def test_a_booking_that_was_refused_then_is_left_to_a_person(
    desk: Desk, copy: Callable[[], Path]
) -> None:
    desk.sandbox.fault(
        {
            "action": "answer",
            "method": "POST",
            "times": 1,
            "status": 422,
            "headers": {"Content-Type": "application/json"},
            "body": '{"errors": {"title": ["is not to our liking"]}}',
        }
    )
    booked = desk.book("Refused at first")
    live_on(desk, rounds=1)
    assert campaign(booked).sync_state == REFUSED
    kept = copy()
    desk.edit(booked, title="Mended")
    live_on(desk)
    assert campaign(booked).sync_state == CONFIRMED

    done = restored(kept)
    assert done.doubts.by_hand == 1
    assert desk.state_of(booked) == (STUCK, PARKED)
    assert desk.pull() == COMPLETE
    release(desk)
    desk.edit(booked, title="Mended once more")
    live_on(desk)
    assert set(bookings(desk).values()) == {1}
    assert "It may have been booked since" in (campaign(booked).sync_detail or "")


def test_until_it_is_released_nothing_is_sent_and_resume_releases_it(
    app: Flask, desk: Desk, copy: Callable[[], Path]
) -> None:
    ((first, first_remote), *_) = desk.some(1)
    desk.edit(first, title="Waiting at the backup")
    restored(copy())
    writes = desk.our_writes()
    assert desk.pull() == COMPLETE
    live_on(desk)
    assert desk.our_writes() == writes
    result = Terminal(app)("connections", "resume", "--yes")
    assert result.exit_code == 0, result.output
    live_on(desk)
    assert remote_record(desk, first_remote)["title"] == "Waiting at the backup"


def test_a_pull_is_asked_for(desk: Desk, copy: Callable[[], Path]) -> None:
    restored(copy())
    assert jobs.pull_next(desk.work) == COMPLETE
