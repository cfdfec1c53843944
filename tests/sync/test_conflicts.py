"""Conflicts between both sides, in every order of edit, pull, push and decision."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.factories import values_of
from tests.sync.conftest import ANA, Desk
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.core.db import db, transaction
from webapp.core.errors import StaleEdit


def in_conflict(desk: Desk) -> Campaign:
    """A campaign whose budget both sides changed: ours 500, theirs 480."""
    campaign = desk.any_campaign()
    desk.edit(campaign, total_budget_minor=500_00)
    desk.edit_in_megaphone(campaign, totalBudgetCents=480_00)
    desk.push()
    assert desk.campaign(id=campaign.id).sync_state == "conflict"
    return desk.campaign(id=campaign.id)


def decide(desk: Desk, campaign: Campaign, decision: str) -> None:
    conflict = db.session.scalars(select(Conflict.id).where(Conflict.decided_at.is_(None))).one()
    with transaction():
        campaigns.decide_conflict(ANA, desk.campaign(id=campaign.id), conflict, decision)


def test_a_change_does_not_say_that_what_a_conflict_kept_back_has_arrived(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Ours", total_budget_minor=500_00)
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)

    synced.push()

    change = db.session.scalars(select(Change)).one()
    assert (change.state, change.fields) == ("applied", ["title"])
    assert synced.remote(campaign)["title"] == "Ours"
    assert synced.remote(campaign)["totalBudgetCents"] == 480_00
    # It can be undone all the same.
    assert change.before is not None
    assert set(change.before) == {"title", "budget"}


@pytest.mark.parametrize("seen_by", ["a pull", "the push of another edit"])
def test_ours_is_sent_when_theirs_goes_back_to_what_was_agreed(synced: Desk, seen_by: str) -> None:
    before = synced.any_campaign().total_budget_minor
    campaign = in_conflict(synced)
    synced.edit_in_megaphone(campaign, totalBudgetCents=before)

    if seen_by == "a pull":
        synced.pull()
        assert synced.campaign(id=campaign.id).sync_state == "waiting"
    else:
        synced.edit(campaign, title="Another edit")
    synced.push()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert synced.remote(campaign)["totalBudgetCents"] == 500_00


def test_taking_theirs_does_not_hide_that_another_field_was_refused(synced: Desk) -> None:
    synced.sandbox.fault(
        {"action": "status", "status": 422, "shape": "fields", "method": "PUT", "times": 1}
    )
    campaign = synced.any_campaign()
    synced.edit(campaign, title="No good", total_budget_minor=500_00)
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "refused"
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)
    synced.pull()
    assert synced.campaign(id=campaign.id).sync_state == "conflict"

    decide(synced, campaign, "theirs")

    campaign = synced.campaign(id=campaign.id)
    assert (campaign.title, campaign.sync_state) == ("No good", "refused")
    assert campaign.sync_detail


def test_a_form_drawn_before_the_conflict_does_not_decide_it(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, total_budget_minor=500_00)
    drawn = synced.campaign(id=campaign.id).version
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)
    synced.pull()
    campaign = synced.campaign(id=campaign.id)
    typed = replace(values_of(campaign), total_budget_minor=510_00)

    with pytest.raises(StaleEdit), transaction():
        campaigns.edit_campaign(ANA, campaign, typed, drawn, uuid4())

    assert synced.campaign(id=campaign.id).sync_state == "conflict"


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
