"""Every answer to a booking and to an edit in flight: what becomes of each, and that it arrives."""

import pytest

from tests.adservers.wire import Script
from tests.support.desk import Desk
from tests.wire import broken, readable, refusals
from tests.wire.front import Front, Spoil, always
from webapp.sync import jobs

UNKNOWN = {
    **broken.UNANSWERED,
    **broken.UNREADABLE,
    **broken.PAGES,
    **broken.OTHER_SHAPES,
    **broken.NO_VERDICT,
    **broken.REDIRECTS,
}
MUST_WAIT = ("settling", "checking")


def in_flight(desk: Desk, front: Front, spoil: Spoil, *, applied: bool) -> list[int]:
    """A booking and an edit whose answers are spoilt: the numbers of the campaigns."""
    edited, remote_id = desk.some(2)[int(applied)]
    desk.edit(edited, title=f"Edited, applied {applied}")
    booked = desk.book(f"Booked, applied {applied}")
    front.spoil("PUT", f"/campaigns/{remote_id}", spoil, applied=applied)
    front.spoil("POST", "/campaigns", spoil, applied=applied)
    jobs.push_due(desk.work)
    front.recover()
    return [edited, booked]


def arrive(desk: Desk, front: Front, *, edits: int, bookings: int) -> None:
    """With a server that is well again, both sides agree, and each write took effect once."""
    front.recover()
    desk.heal()
    desk.check()
    methods = [method for method, _ in desk.our_writes()]
    assert methods == ["POST"] * bookings + ["PUT"] * edits


@pytest.mark.parametrize("script", UNKNOWN.values(), ids=UNKNOWN)
def test_an_answer_that_decides_nothing_is_unknown_and_found_out(
    desk: Desk, front: Front, script: Script
) -> None:
    campaigns = in_flight(desk, front, always(script), applied=True)
    campaigns += in_flight(desk, front, always(script), applied=False)

    assert [desk.state_of(each) for each in campaigns] == [MUST_WAIT] * 4
    assert desk.connection_state() == "active"
    arrive(desk, front, edits=2, bookings=2)


@pytest.mark.parametrize("spoil", readable.WRONG.values(), ids=readable.WRONG)
def test_a_record_that_cannot_be_is_unknown_and_found_out(
    desk: Desk, front: Front, spoil: Spoil
) -> None:
    campaigns = in_flight(desk, front, spoil, applied=True)

    assert [desk.state_of(each) for each in campaigns] == [MUST_WAIT] * 2
    assert desk.connection_state() == "active"
    arrive(desk, front, edits=1, bookings=1)


@pytest.mark.parametrize("spoil", readable.ODD.values(), ids=readable.ODD)
def test_an_unusual_answer_is_taken(desk: Desk, front: Front, spoil: Spoil) -> None:
    campaigns = in_flight(desk, front, spoil, applied=True)

    assert [desk.state_of(each) for each in campaigns] == [("applied", "confirmed")] * 2
    arrive(desk, front, edits=1, bookings=1)


@pytest.mark.parametrize("script", refusals.REFUSED.values(), ids=refusals.REFUSED)
def test_a_refusal_is_shown_and_never_sent_again(desk: Desk, front: Front, script: Script) -> None:
    campaigns = in_flight(desk, front, always(script), applied=False)

    assert [desk.state_of(each) for each in campaigns] == [("rejected", "refused")] * 2
    assert desk.connection_state() == "active"
    desk.heal()
    assert desk.our_writes() == []
    for number in campaigns:
        desk.edit(number, title=f"Corrected {number}")
    arrive(desk, front, edits=1, bookings=1)


@pytest.mark.parametrize("script", broken.TOO_MANY.values(), ids=broken.TOO_MANY)
def test_too_many_is_waited_out(desk: Desk, front: Front, script: Script) -> None:
    campaigns = in_flight(desk, front, always(script), applied=False)

    # The second one was not even tried: nothing is called for a while.
    assert [desk.state_of(each) for each in campaigns] == [("ready", "waiting")] * 2
    assert desk.connection_state() == "active"
    arrive(desk, front, edits=1, bookings=1)


STOPS = {**refusals.NO_TOKEN, **refusals.NOT_ALLOWED}


@pytest.mark.parametrize("script", STOPS.values(), ids=STOPS)
def test_a_token_that_is_not_accepted_pauses_and_nothing_is_lost(
    desk: Desk, front: Front, script: Script
) -> None:
    campaigns = in_flight(desk, front, always(script), applied=False)

    assert [desk.state_of(each) for each in campaigns] == [("ready", "waiting")] * 2
    assert desk.connection_state() == "paused"
    assert desk.pull() == "complete"
    assert desk.connection_state() == "active"
    arrive(desk, front, edits=1, bookings=1)


@pytest.mark.parametrize("script", refusals.NOT_THERE.values(), ids=refusals.NOT_THERE)
def test_what_is_not_there_waits_for_a_person(desk: Desk, front: Front, script: Script) -> None:
    edited, booked = in_flight(desk, front, always(script), applied=False)

    assert desk.state_of(edited) == ("parked", "parked")
    # Of a whole list it says that the interface has gone.
    assert desk.state_of(booked) == ("ready", "waiting")
    assert desk.connection_state() == "paused"
    assert desk.pull() == "complete"
    desk.edit(edited, title="Once more")
    arrive(desk, front, edits=1, bookings=1)


def test_no_content_is_read_back_for_an_edit_and_unknown_for_a_booking(
    desk: Desk, front: Front
) -> None:
    edited, booked = in_flight(
        desk, front, lambda real: real.but("", status="204 No Content"), applied=True
    )

    assert desk.state_of(edited) == ("applied", "confirmed")
    assert desk.state_of(booked) == MUST_WAIT
    arrive(desk, front, edits=1, bookings=1)


def test_an_edit_answered_with_another_record_is_unknown(desk: Desk, front: Front) -> None:
    (edited, remote_id), (_, other) = desk.some(2)
    desk.edit(edited, title="Mine")
    body = desk.sandbox.control("GET", f"campaigns/{other}")
    front.spoil("PUT", f"/campaigns/{remote_id}", lambda real: real.with_value(body))
    jobs.push_due(desk.work)

    assert desk.state_of(edited) == MUST_WAIT
    arrive(desk, front, edits=1, bookings=0)
