"""Writes whose effect is not what their answer says, or that have no answer at all."""

import json

from tests.sync.conftest import Desk


def test_a_write_that_was_answered_and_ignored_is_not_shown_as_ours(synced: Desk) -> None:
    campaign = synced.any_campaign()
    before = campaign.title
    body = json.dumps(synced.remote(campaign))
    headers = {"Content-Type": "application/json"}
    synced.sandbox.fault(
        {"action": "answer", "method": "PUT", "status": 200, "headers": headers, "body": body}
    )
    synced.edit(campaign, title="Ignored there")

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.title == before
    assert ("Megaphone", "changed", "title", before) in synced.events(campaign)


def test_a_booking_renamed_while_it_is_checked_is_not_imported_as_another(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Only me")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), external_id="IO-LATER")

    assert synced.pull().created_count == 0

    synced.settle()
    campaign = synced.campaign(id=campaign.id)
    assert (campaign.sync_state, campaign.external_id) == ("confirmed", "IO-LATER")
    assert synced.remote(campaign)["externalId"] == "IO-LATER"
    assert len(synced.our_writes("POST")) == 1


def test_what_was_parked_is_confirmed_once_both_sides_agree(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET", "path": "campaigns/"})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Typed there by hand")
    synced.clock.move(hours=25)
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "parked"
    synced.sandbox.clear_faults()
    synced.edit_in_megaphone(campaign, title="Typed there by hand")

    synced.pull()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
