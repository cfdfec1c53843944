"""A change that was given up and had arrived: our own values are no edit of Megaphone's people."""

import pytest

from tests.sync.conftest import Desk
from webapp.campaigns.models import Campaign

WRITTEN = {"action": "cut_after_apply", "method": "PUT", "times": 1}


def give_up(desk: Desk) -> Campaign:
    """Sent and applied, its answer lost, and then the record was said not to be there."""
    campaign = desk.any_campaign()
    desk.sandbox.fault(WRITTEN)
    desk.edit(campaign, title="Sent")
    desk.push()
    denied = {"action": "status", "status": 404, "method": "GET", "path": "campaigns/", "times": 1}
    desk.sandbox.fault(denied)
    desk.settle()
    parked = desk.campaign(id=campaign.id)
    assert (parked.sync_state, desk.remote(parked)["title"]) == ("parked", "Sent")
    return parked


def actions(desk: Desk, campaign: Campaign) -> list[str]:
    return [event[1] for event in desk.events(campaign)]


def test_what_had_arrived_is_confirmed_by_the_next_pull(synced: Desk) -> None:
    campaign = give_up(synced)

    synced.pull()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert "changed" not in actions(synced, campaign)


def test_a_newer_edit_goes_out_over_it_without_a_conflict(synced: Desk) -> None:
    campaign = give_up(synced)
    synced.edit(campaign, title="Newer")

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert (campaign.sync_state, synced.remote(campaign)["title"]) == ("confirmed", "Newer")
    assert "conflict" not in actions(synced, campaign)


def test_what_they_made_of_it_since_is_shown(synced: Desk) -> None:
    campaign = give_up(synced)
    synced.edit_in_megaphone(campaign, title="Theirs")

    synced.pull()

    conflict = synced.campaign(id=campaign.id)
    assert (conflict.sync_state, conflict.title) == ("conflict", "Sent")


@pytest.mark.parametrize("edited", ["Newer", None])
def test_once_it_was_seen_the_same_value_is_an_edit_of_theirs(
    synced: Desk, edited: str | None
) -> None:
    campaign = give_up(synced)
    synced.pull()
    synced.edit(synced.campaign(id=campaign.id), title="Between")
    synced.push()
    synced.edit_in_megaphone(campaign, title="Sent")
    if edited:
        synced.edit(synced.campaign(id=campaign.id), title=edited)

    synced.pull()

    found = synced.campaign(id=campaign.id)
    assert (found.sync_state, found.title) == (
        ("conflict", "Newer") if edited else ("confirmed", "Sent")
    )
