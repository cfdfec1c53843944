"""A booking that may have been made is sent again under its first marker, whatever is typed."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from tests.sync.losing import (
    NEVER_ARRIVED,
    book_and_lose,
    let_go,
    lost_and_not_found,
    set_mode,
)
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign
from webapp.core.db import db, transaction
from webapp.sync.models import Duplicate

REFUSED = {"action": "status", "status": 422, "method": "POST", "path": "campaigns$", "times": 1}


def written(desk: Desk) -> list[tuple[str, str | None]]:
    """Method of each write of ours that took effect, and the external id that there was then."""
    writes = desk.sandbox.applied_writes()
    return [(w["method"], w["marker"]) for w in writes if w["sender"] == "api"]


def book_there(desk: Desk, **values: Any) -> None:
    advertiser = desk.remote(desk.any_campaign())["advertiserId"]
    desk.sandbox.control("POST", "campaigns", {"advertiserId": advertiser, **values})


def newest_there(desk: Desk) -> str:
    """The id of the latest record that the ad server's own people made."""
    found: list[str] = [w["remote_id"] for w in desk.sandbox.applied_writes()]
    return found[-1]


def test_a_new_external_id_follows_the_booking_under_the_first_one(synced: Desk) -> None:
    campaign = lost_and_not_found(synced, external_id="IO-1")
    synced.edit(campaign, external_id="IO-2")

    let_go(synced)
    synced.push()

    booked = synced.campaign(id=campaign.id)
    assert written(synced) == [("POST", "IO-1"), ("PUT", "IO-2")]
    assert (booked.marker, booked.external_id, booked.sync_state) == ("IO-1", "IO-2", "confirmed")


def test_its_late_twin_is_reported(synced: Desk) -> None:
    campaign = lost_and_not_found(synced, external_id="IO-1")
    synced.edit(campaign, external_id="IO-2")
    let_go(synced)
    book_there(synced, title="Lost", externalId="IO-1")

    assert synced.pull().duplicate_count == 1

    assert db.session.scalars(select(Duplicate.marker)).all() == ["IO-1"]


def test_what_a_person_books_again_goes_out_under_the_first_marker_too(synced: Desk) -> None:
    set_mode(synced, "unique")
    synced.sandbox.fault({"action": "html", "method": "GET", "path": "campaigns$"})
    campaign = book_and_lose(synced, NEVER_ARRIVED, external_id="IO-1")
    synced.settle()
    synced.clock.move(hours=25)
    synced.push()
    synced.sandbox.clear_faults()
    parked = synced.campaign(id=campaign.id)
    assert parked.sync_state == "parked"
    synced.edit(parked, external_id="IO-2")

    with transaction():
        campaigns.book_again(ANA, synced.campaign(id=campaign.id))
    synced.push()
    synced.push()

    assert written(synced) == [("POST", "IO-1"), ("PUT", "IO-2")]


def test_a_title_that_waits_takes_the_new_external_id_along(synced: Desk) -> None:
    campaign = lost_and_not_found(synced, external_id="IO-1")
    synced.edit(campaign, external_id="IO-2", title="Renamed")

    let_go(synced)
    synced.push()

    found = synced.remote(synced.campaign(id=campaign.id))
    assert (found["title"], found["externalId"]) == ("Renamed", "IO-2")


@pytest.mark.parametrize("status", [429, 401])
def test_what_was_certainly_not_taken_leaves_no_marker(synced: Desk, status: int) -> None:
    synced.sandbox.fault(REFUSED | {"status": status})
    campaign = synced.book(external_id="IO-1")

    synced.push()

    assert synced.campaign(id=campaign.id).marker is None
    assert synced.change_of(campaign).attempts == (1 if status == 429 else 0)


def test_what_was_refused_goes_out_under_the_external_id_of_now(synced: Desk) -> None:
    synced.sandbox.fault(REFUSED)
    campaign = synced.book(external_id="IO-1")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), external_id="IO-2")

    synced.push()

    assert written(synced) == [("POST", "IO-2")]
    assert synced.campaign(id=campaign.id).marker == "IO-2"


def lose_and_be_refused(desk: Desk, shape: str, mode: str) -> Campaign:
    """A lost booking whose external id another campaign got, seen when it was sent again."""
    set_mode(desk, mode)
    desk.sandbox.settings(external_id="unique", validation_shape="fields")
    campaign = lost_and_not_found(desk, external_id="IO-1")
    desk.sandbox.fault(REFUSED | {"shape": shape, "message": "no"})
    let_go(desk)
    assert desk.campaign(id=campaign.id).sync_state == "refused"
    desk.edit(desk.campaign(id=campaign.id), external_id="IO-2")
    desk.push()
    desk.push()
    return desk.campaign(id=campaign.id)


def test_a_refusal_that_says_nothing_may_be_about_the_marker(synced: Desk) -> None:
    lose_and_be_refused(synced, "empty", "unique")
    assert written(synced) == [("POST", "IO-2")]


def test_where_none_is_refused_twice_a_refusal_is_about_something_else(synced: Desk) -> None:
    lose_and_be_refused(synced, "empty", "stored")
    assert written(synced) == [("POST", "IO-1"), ("PUT", "IO-2")]


def test_a_marker_that_is_taken_is_given_up(synced: Desk) -> None:
    set_mode(synced, "unique")
    synced.sandbox.settings(external_id="unique", validation_shape="fields")
    campaign = lost_and_not_found(synced, external_id="IO-1")
    book_there(synced, title="Another's", externalId="IO-1")
    synced.sandbox.fault({"action": "hide", "only": newest_there(synced), "counted": False})
    let_go(synced)
    synced.settle()
    synced.sandbox.clear_faults()
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "refused"

    synced.edit(synced.campaign(id=campaign.id), external_id="IO-2")
    synced.push()

    assert written(synced) == [("POST", "IO-2")]


def test_where_markers_are_not_kept_the_external_id_of_now_is_sent(synced: Desk) -> None:
    campaign = lost_and_not_found(synced, external_id="IO-1")
    set_mode(synced, "none")
    synced.edit(campaign, external_id="IO-2")

    let_go(synced)

    assert written(synced) == [("POST", "IO-2")]
