"""The reads around a write: before it is sent, and when its outcome is looked for."""

import json
from dataclasses import replace

import pytest

from tests.adservers.wire import Script, cut
from tests.support.desk import LATER, Desk
from tests.wire import broken, listings, readable, refusals
from tests.wire.front import Front, Real, Spoil, always
from webapp.sync import jobs

SOME = (0, 7, -1)
LATER_AGAIN = {
    name: group[name]
    for group in (broken.UNANSWERED, broken.UNREADABLE, broken.NO_VERDICT, broken.TOO_MANY)
    for name in [list(group)[index] for index in SOME]
}
PAUSES = {
    name: group[name]
    for group in (
        broken.PAGES,
        broken.OTHER_SHAPES,
        broken.REDIRECTS,
        refusals.NO_TOKEN,
        refusals.NOT_ALLOWED,
    )
    for name in [list(group)[index] for index in (0, -1)]
}
PROVES_NOTHING: dict[str, Spoil] = {
    name: always(script) for name, script in {**LATER_AGAIN, **PAUSES, **refusals.NOT_THERE}.items()
} | {
    name: listings.INCOMPLETE[name]
    for name in (
        "a total above what is there",
        "no total",
        "an empty page with a next link",
        "a row that is null",
        "a next link back to the start",
    )
}


def without_the_booking(real: Real) -> Real:
    """As if it had never been made: only that the list is not whole says that it may have been."""
    left = [row for row in real.value if row["title"] != "Booked"]
    headers = real.headers | {"X-Total": str(int(real.headers["X-Total"]) - 1)}
    return replace(real, body=json.dumps(left).encode(), headers=headers)


def read_spoilt(desk: Desk, front: Front, spoil: Spoil) -> int:
    """An edit whose record cannot be read before it is sent."""
    ((edited, remote_id),) = desk.some(1)
    desk.edit(edited, title="Edited")
    front.spoil("GET", f"/campaigns/{remote_id}", spoil)
    jobs.push_due(desk.work)
    front.recover()
    assert desk.our_writes() == []
    return edited


def arrive(desk: Desk) -> None:
    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["PUT"]


@pytest.mark.parametrize("script", LATER_AGAIN.values(), ids=LATER_AGAIN)
def test_what_cannot_be_read_first_is_sent_later(desk: Desk, front: Front, script: Script) -> None:
    edited = read_spoilt(desk, front, always(script))

    assert desk.state_of(edited) == ("ready", "waiting")
    assert desk.connection_state() == "active"
    arrive(desk)


@pytest.mark.parametrize("spoil", readable.WRONG.values(), ids=readable.WRONG)
def test_a_record_that_cannot_be_is_not_written_over(
    desk: Desk, front: Front, spoil: Spoil
) -> None:
    edited = read_spoilt(desk, front, spoil)

    assert desk.state_of(edited) == ("ready", "waiting")
    assert desk.pull() == "complete"
    arrive(desk)


@pytest.mark.parametrize("script", PAUSES.values(), ids=PAUSES)
def test_another_contract_pauses_before_anything_is_sent(
    desk: Desk, front: Front, script: Script
) -> None:
    edited = read_spoilt(desk, front, always(script))

    assert desk.state_of(edited) == ("ready", "waiting")
    assert desk.connection_state() == "paused"
    assert desk.pull() == "complete"
    arrive(desk)


@pytest.mark.parametrize("script", refusals.NOT_THERE.values(), ids=refusals.NOT_THERE)
def test_a_record_that_is_not_there_is_not_written(
    desk: Desk, front: Front, script: Script
) -> None:
    edited = read_spoilt(desk, front, always(script))

    assert desk.state_of(edited) == ("parked", "parked")
    desk.edit(edited, title="Once more")
    arrive(desk)


@pytest.mark.parametrize("spoil", PROVES_NOTHING.values(), ids=PROVES_NOTHING)
def test_a_search_that_is_not_complete_never_sends_a_booking_again(
    desk: Desk, front: Front, spoil: Spoil
) -> None:
    booked = desk.book("Booked")
    lost = front.spoil("POST", "/campaigns", always(cut(b"")))
    jobs.push_due(desk.work)
    assert desk.state_of(booked) == ("settling", "checking")
    front.spoil("GET", "/campaigns", lambda real: spoil(without_the_booking(real)))

    for _ in range(4):
        desk.clock.move(LATER)
        desk.push()

    assert desk.change_of(booked).state in ("settling", "parked")
    assert lost.hits == 1
    front.recover()
    desk.pull()
    desk.heal()
    desk.check()
    assert [method for method, _ in desk.our_writes()] == ["POST"]


def test_an_idle_connection_that_was_closed_is_replaced(desk: Desk, front: Front) -> None:
    """The read before the write is answered and its connection dropped without a word."""
    ((edited, remote_id),) = desk.some(1)
    desk.edit(edited, title="Edited")
    front.spoil("GET", f"/campaigns/{remote_id}", lambda real: cut(real.but()))
    jobs.push_due(desk.work)
    front.recover()

    assert desk.state_of(edited)[0] in ("applied", "settling")
    arrive(desk)
