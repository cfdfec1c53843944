"""A record with the external id of a lost booking that is, or may be, somebody else's campaign."""

from typing import Any

import pytest

from tests.sync.conftest import ANA, Desk
from tests.sync.losing import ARRIVED, NEVER_ARRIVED, book_and_lose
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign
from webapp.core.db import transaction
from webapp.sync import candidates

BOOKED = {"total_budget_minor": 500_00, "total_budget_currency": "USD", "external_id": "IO-7"}
ALIKE = {"title": "Lost", "totalBudgetCents": 500_00, "totalBudgetCurrency": "USD"}


def book_there(desk: Desk, **values: Any) -> None:
    advertiser = desk.remote(desk.any_campaign())["advertiserId"]
    desk.sandbox.control("POST", "campaigns", {"advertiserId": advertiser, **values})


def lose_later(desk: Desk, **values: Any) -> Campaign:
    """Booked and lost ten minutes from now, and looked for."""
    desk.clock.move(minutes=10)
    campaign = book_and_lose(desk, NEVER_ARRIVED, **values)
    desk.settle()
    return desk.campaign(id=campaign.id)


def test_what_was_there_before_is_not_bound_and_named_to_a_person(synced: Desk) -> None:
    book_there(synced, **ALIKE, externalId="IO-7")

    parked = lose_later(synced, **BOOKED)

    assert (parked.sync_state, parked.remote_id) == ("parked", None)
    assert "“Lost”" in (parked.sync_detail or "")
    synced.pull()
    (found,) = candidates.candidates_of(synced.campaign(id=parked.id))
    assert found.remote_id in (parked.sync_detail or "")
    for _ in range(3):
        synced.settle()
    assert synced.our_writes("POST") == []


def test_a_person_may_know_that_it_is_the_booking(synced: Desk) -> None:
    book_there(synced, **ALIKE, externalId="IO-7")
    parked = lose_later(synced, **BOOKED)
    synced.pull()
    (found,) = candidates.candidates_of(synced.campaign(id=parked.id))
    remote_id = found.remote_id

    with transaction():
        candidates.link(ANA, synced.campaign(id=parked.id), found.uuid)

    assert synced.campaign(id=parked.id).remote_id == remote_id


def test_or_that_it_is_another_campaign(synced: Desk) -> None:
    book_there(synced, **ALIKE, externalId="IO-7")
    parked = lose_later(synced, **BOOKED)
    synced.pull()

    with transaction():
        campaigns.book_again(ANA, synced.campaign(id=parked.id))
    synced.push()

    booked = synced.campaign(id=parked.id)
    assert booked.sync_state == "confirmed"
    assert [w["remote_id"] for w in synced.our_writes("POST")] == [booked.remote_id]


@pytest.mark.parametrize("other", [{"title": "Another's"}, {"totalBudgetCents": 499_00}])
def test_what_is_young_and_looks_otherwise_is_not_bound(
    synced: Desk, other: dict[str, object]
) -> None:
    campaign = book_and_lose(synced, NEVER_ARRIVED, **BOOKED)
    book_there(synced, **ALIKE | other, externalId="IO-7")

    synced.settle()

    assert synced.campaign(id=campaign.id).sync_state == "parked"


@pytest.mark.parametrize(
    "budget", [{}, dict.fromkeys(("total_budget_minor", "total_budget_currency"))]
)
def test_what_was_booked_is_bound_under_a_typed_external_id_too(
    synced: Desk, budget: dict[str, object]
) -> None:
    campaign = book_and_lose(synced, ARRIVED, **BOOKED | budget)

    synced.settle()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1


def test_a_marker_of_our_making_needs_no_clock(synced: Desk) -> None:
    synced.clock.move(minutes=10)
    campaign = book_and_lose(synced, ARRIVED)

    synced.settle()

    # The sandbox's clock is ten minutes behind by then.
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
