"""Each statement of each piece of work fails once: nothing is lost, doubled or left half-done.

On SQLite the statement or the commit fails, on PostgreSQL the connection is ended by the server.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tests.storage.failing import Countdown, connection_killed_at, failing_at
from tests.support.desk import LATER, Desk
from webapp.campaigns.models import GONE, Campaign
from webapp.core.db import db
from webapp.sync import jobs

MOST_STATEMENTS = 150
MOST_LOOKS = 8

Failing = Callable[[int], AbstractContextManager[Countdown]]


@pytest.fixture
def failing(desk: Desk) -> Failing:
    return failing_at if db.engine.dialect.name == "sqlite" else connection_killed_at


def walk(
    desk: Desk, failing: Failing, prepare: Callable[[int], object], act: Callable[[], object]
) -> int:
    """Prepare and act again and again, each time failing one further on. Returns how often."""
    for number in range(1, MOST_STATEMENTS):
        prepare(number)
        if not fails(failing, number, act):
            assert number > 5, "hardly anything was tried"
            return number
        go_on(desk)
    raise AssertionError(f"there are more than {MOST_STATEMENTS} statements")


def fails(failing: Failing, number: int, act: Callable[[], object]) -> bool:
    """Whether that statement was come to. What the scheduler would log is let pass."""
    with failing(number) as countdown:
        try:
            act()
        except DBAPIError:
            assert countdown.failed
        finally:
            db.session.remove()
    return countdown.failed


def go_on(desk: Desk) -> None:
    """The worker's next looks, which nothing hinders."""
    for _ in range(MOST_LOOKS):
        if desk.is_done():
            return
        desk.clock.move(LATER)
        jobs.pull_next(desk.work)
        desk.push()
    raise AssertionError(desk.left())


def test_sending_an_edit(desk: Desk, failing: Failing) -> None:
    ids = [campaign_id for campaign_id, _ in desk.some(12)]

    saves = walk(
        desk,
        failing,
        prepare=lambda number: desk.edit(ids[number % 12], title=f"Title {number}"),
        act=desk.push,
    )

    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["PUT"] * saves


def test_sending_a_booking(desk: Desk, failing: Failing) -> None:
    bookings = walk(
        desk, failing, prepare=lambda number: desk.book(f"Booked {number}"), act=desk.push
    )

    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["POST"] * bookings


def test_finding_out_about_a_lost_booking(desk: Desk, failing: Failing) -> None:
    def lose(number: int) -> None:
        desk.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
        desk.book(f"Booked {number}")
        desk.push()
        desk.clock.move(LATER)

    bookings = walk(desk, failing, prepare=lose, act=desk.push)

    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["POST"] * bookings


def test_finding_out_about_a_lost_edit(desk: Desk, failing: Failing) -> None:
    ids = [campaign_id for campaign_id, _ in desk.some(12)]

    def lose(number: int) -> None:
        desk.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
        desk.edit(ids[number % 12], title=f"Title {number}")
        desk.push()
        desk.clock.move(LATER)

    saves = walk(desk, failing, prepare=lose, act=desk.push)

    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["PUT"] * saves


# A cursor of the server's is gone with its connection: nobody can close it.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*ServerCursor")
def test_reading_everything(desk: Desk, failing: Failing) -> None:
    (edited_id, edited), (deleted_id, deleted) = desk.some(2)
    before = len(desk.initial)
    desk.sandbox.control("DELETE", f"campaigns/{deleted}")
    desk.pull()

    def change(number: int) -> None:
        desk.sandbox.control("PUT", f"campaigns/{edited}", {"title": f"Theirs {number}"})
        desk.sandbox.control("POST", "churn", {"create": 1})
        desk.ask_for_a_pull()

    rounds = walk(desk, failing, prepare=change, act=lambda: jobs.pull_next(desk.work))

    desk.heal()
    ours = desk.check().ours
    assert ours[edited_id]["title"] == f"Theirs {rounds}"
    # Each that was made there is here once, and the deleted one is kept, called gone.
    assert len(ours) == before + rounds
    row = select(Campaign.remote_id, Campaign.sync_state).where(Campaign.id == deleted_id)
    assert tuple(desk.ask(lambda: db.session.execute(row).one())) == (deleted, GONE)
    assert desk.our_writes() == []


def test_saving_an_edit(desk: Desk, failing: Failing) -> None:
    ((campaign_id, remote_id),) = desk.some(1)
    numbers = iter(range(1, MOST_STATEMENTS))
    # An edit that fails is not kept by anybody: what is not told as saved is not judged.
    walk(
        desk,
        failing,
        prepare=lambda _: None,
        act=lambda: desk.edit(campaign_id, title=f"Title {next(numbers)}"),
    )

    desk.heal()
    desk.check()
    assert desk.our_writes() == [("PUT", remote_id)]
