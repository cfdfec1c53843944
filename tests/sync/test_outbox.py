"""Claims and leases of outgoing changes: a worker that dies, or is slow, on both databases."""

import pytest
from sqlalchemy import func, select

from tests.sync.conftest import Desk
from webapp.adservers.types import Priority
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db, transaction
from webapp.sync import outbox
from webapp.sync.campaign_pages import PageContext, merge_page
from webapp.sync.directory import load_directory
from webapp.sync.observations import begin_observation, leave_database
from webapp.sync.payload import prepare
from webapp.sync.remote import RequestCount, open_remote


def test_a_worker_that_died_before_sending_leaves_nothing_unknown(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Picked up by the next")
    with transaction():
        assert outbox.claim_due(synced.clock())

    synced.push()
    assert synced.our_writes("PUT") == []
    synced.clock.move(seconds=61)
    synced.push()

    assert synced.remote(campaign)["title"] == "Picked up by the next"


def test_a_worker_that_died_after_the_mark_leaves_it_unknown_and_it_is_checked(
    synced: Desk,
) -> None:
    campaign = synced.book(title="Marked as sent")
    with transaction():
        claim = outbox.claim_due(synced.clock())
        assert claim is not None
        outgoing = prepare(claim, None, synced.clock())
        assert outgoing is not None
        outbox.mark_sent(claim, outgoing.groups, synced.clock())

    synced.clock.move(seconds=61)
    synced.push()
    assert synced.change_of(campaign).state == "settling"
    for _ in range(3):
        synced.settle()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1


def test_a_worker_that_lost_its_lease_changes_nothing(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Taken over")
    with transaction():
        slow = outbox.claim_due(synced.clock())
    assert slow is not None
    synced.clock.move(seconds=61)
    synced.push()
    assert synced.change_of(campaign).state == "applied"

    with pytest.raises(outbox.LeaseLost), transaction():
        outbox.mark_sent(slow, {}, synced.clock())
    assert synced.change_of(campaign).state == "applied"


def test_a_second_change_waits_while_one_is_in_flight(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="First")
    with transaction():
        assert outbox.claim_due(synced.clock())
    synced.edit(synced.campaign(id=campaign.id), title="Second")

    with transaction():
        assert outbox.claim_due(synced.clock()) is None
    in_flight = select(func.count()).where(Change.state == "claimed")
    assert db.session.scalar(in_flight) == 1


def test_an_older_listing_never_takes_back_a_confirmed_edit(synced: Desk) -> None:
    """A page asked for before a write shows the old value when it is merged after it."""
    campaign = synced.any_campaign()
    observation = begin_observation(synced.connection_id)
    with open_remote(
        "megaphone", synced.work.settings, synced.work.limiter, Priority.PULL, RequestCount()
    ) as remote:
        page = remote.list_campaigns()
    synced.edit(campaign, title="Newer")
    synced.push()

    with transaction():
        directory = load_directory(synced.connection_id)
        context = PageContext(synced.connection_id, observation, directory, synced.clock())
        merge_page(page.items, context)

    assert synced.campaign(id=campaign.id).title == "Newer"


def test_a_remote_call_inside_a_transaction_is_refused(synced: Desk) -> None:
    db.session.execute(select(Campaign.id).limit(1))
    with pytest.raises(RuntimeError, match="inside a transaction"):
        leave_database()
    db.session.rollback()
