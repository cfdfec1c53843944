"""Conflicts between both sides, in every order of edit, pull, push and decision."""

from sqlalchemy import select

from tests.sync.conftest import Desk
from webapp.campaigns.models import Conflict
from webapp.core.db import db


def test_a_late_proof_of_our_own_write_is_no_edit_of_theirs(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="First, answer lost")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), title="Second, typed meanwhile")

    synced.settle()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    assert synced.remote(campaign)["title"] == "Second, typed meanwhile"
    assert db.session.scalars(select(Conflict)).all() == []
