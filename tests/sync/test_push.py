"""Changes on their way to the sandbox, over a real socket, on both databases."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from tests.factories import values_of
from tests.sync.conftest import ANA, Desk
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Change, Conflict
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.sync import jobs
from webapp.sync.models import SyncRun


def test_an_edit_arrives_with_only_its_fields_and_is_confirmed(synced: Desk) -> None:
    campaign = synced.any_campaign()
    before = synced.remote(campaign)
    synced.edit(campaign, total_budget_minor=123_45)
    assert synced.campaign(id=campaign.id).sync_state == "waiting"

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    after = synced.remote(campaign)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"totalBudgetCents", "updatedAt"}
    assert after["totalBudgetCents"] == 123_45
    (write,) = synced.our_writes("PUT")
    assert set(json.loads(write["body"])) == {"totalBudgetCents", "totalBudgetCurrency"}
    assert synced.change_of(campaign).state == "applied"
    assert synced.pull().unchanged_count == 40


def test_a_booking_is_created_once_and_bound(synced: Desk) -> None:
    campaign = synced.book(title="Spring", total_budget_minor=5000, total_budget_currency="JPY")

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    remote = synced.remote(campaign)
    assert (remote["title"], remote["totalBudgetCents"]) == ("Spring", 5000)
    assert remote["externalId"].startswith("fd-")
    assert len(synced.our_writes("POST")) == 1
    assert synced.pull().created_count == 0
    assert [event[1] for event in synced.events(campaign)][-1] == "created"


def test_a_cleared_budget_is_cleared_in_megaphone(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, total_budget_minor=None, total_budget_currency=None)

    synced.push()

    assert synced.remote(synced.campaign(id=campaign.id))["totalBudgetCents"] is None


def test_edits_made_while_one_waits_go_out_as_one(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="First")
    synced.edit(campaign, title="Second", copy_needed=not campaign.copy_needed)

    synced.push()

    assert synced.remote(campaign)["title"] == "Second"
    assert len(synced.our_writes("PUT")) == 1
    states = db.session.scalars(select(Change.state).order_by(Change.id)).all()
    assert states == ["superseded", "applied"]


def test_a_fresh_remote_edit_of_another_field_is_kept(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Ours")
    synced.edit_in_megaphone(campaign, totalBudgetCents=999)

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    remote = synced.remote(campaign)
    assert (remote["title"], remote["totalBudgetCents"]) == ("Ours", 999)
    assert (campaign.title, campaign.total_budget_minor) == ("Ours", 999)


def test_a_fresh_remote_edit_of_the_same_field_is_a_conflict_and_nothing_is_sent(
    synced: Desk,
) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, total_budget_minor=500_00, title="Ours goes on")
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)

    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert (campaign.sync_state, campaign.sync_detail) == ("conflict", "budget")
    assert campaign.total_budget_minor == 500_00
    remote = synced.remote(campaign)
    assert (remote["totalBudgetCents"], remote["title"]) == (480_00, "Ours goes on")


@pytest.mark.parametrize(("decision", "cents"), [("ours", 500_00), ("theirs", 480_00)])
def test_a_decided_conflict_ends_equal_on_both_sides(
    synced: Desk, decision: str, cents: int
) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, total_budget_minor=500_00)
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)
    synced.push()
    conflict_id = db.session.scalars(select(Conflict.id)).one()

    with transaction():
        campaigns.decide_conflict(ANA, synced.campaign(id=campaign.id), conflict_id, decision)
    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    assert campaign.total_budget_minor == cents
    assert synced.remote(campaign)["totalBudgetCents"] == cents
    assert synced.pull().unchanged_count == 40


def test_theirs_moving_on_redraws_the_conflict(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, total_budget_minor=500_00)
    synced.edit_in_megaphone(campaign, totalBudgetCents=480_00)
    synced.push()
    drawn = db.session.scalars(select(Conflict.id)).one()
    synced.edit_in_megaphone(campaign, totalBudgetCents=470_00)

    synced.pull()

    open_ones = db.session.scalars(select(Conflict).where(Conflict.decided_at.is_(None))).all()
    assert [c.theirs[0] for c in open_ones] == [470_00]
    assert open_ones[0].id != drawn


LOST_ANSWERS = {
    "cut after it was applied": {"action": "cut_after_apply"},
    "500 after nothing": {"action": "status", "status": 500},
    "truncated": {"action": "truncate"},
}


@pytest.mark.parametrize("fault", LOST_ANSWERS.values(), ids=LOST_ANSWERS)
def test_a_booking_whose_answer_is_lost_is_checked_and_never_made_twice(
    synced: Desk, fault: dict[str, object]
) -> None:
    synced.sandbox.fault({**fault, "method": "POST", "path": "campaigns$", "times": 1})
    campaign = synced.book(title="Once only")

    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "checking"
    synced.push()
    assert len(synced.our_writes("POST")) <= 1
    for _ in range(4):
        synced.settle()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1
    assert synced.remote(campaign)["title"] == "Once only"


def test_while_a_booking_is_checked_a_pull_does_not_import_it_as_another(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Only me")
    synced.push()

    assert synced.pull().created_count == 0

    synced.settle()
    assert synced.campaign(title="Only me").id == campaign.id
    assert synced.pull().created_count == 0


def test_an_update_whose_answer_is_lost_is_read_back(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Arrived unseen")
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "checking"

    synced.settle()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("PUT")) == 1


def test_an_update_that_never_arrived_is_sent_again_after_the_check(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_before_apply", "method": "PUT", "times": 1})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Second try")
    synced.push()

    synced.settle()

    assert synced.remote(campaign)["title"] == "Second try"
    assert len(synced.our_writes("PUT")) == 1


def test_an_edit_during_the_booking_becomes_an_update_of_it(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Draft name")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), title="Final name")
    synced.push()

    synced.settle()
    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert len(synced.our_writes("POST")) == 1
    assert synced.remote(campaign)["title"] == "Final name"
    assert campaign.sync_state == "confirmed"


def test_a_refusal_is_shown_and_mended_by_an_edit(synced: Desk) -> None:
    synced.sandbox.fault(
        {"action": "status", "status": 422, "shape": "fields", "method": "PUT", "times": 1}
    )
    campaign = synced.any_campaign()
    synced.edit(campaign, title="No good")
    synced.push()

    refused = synced.campaign(id=campaign.id)
    assert refused.sync_state == "refused"
    assert refused.sync_detail
    assert synced.change_of(campaign).state == "rejected"

    synced.edit(refused, title="Good")
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert synced.remote(campaign)["title"] == "Good"


def test_a_campaign_deleted_in_megaphone_is_parked(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Too late")
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")

    synced.push()

    parked = synced.campaign(id=campaign.id)
    assert (parked.sync_state, parked.title) == ("parked", "Too late")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_pauses_sending_and_everything_arrives_afterwards(
    synced: Desk, status: int
) -> None:
    synced.sandbox.fault({"action": "status", "status": status})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Waits")
    synced.push()
    calls = len(synced.sandbox.requests())
    synced.push()

    assert db.session.get_one(Connection, synced.connection_id).state == "paused"
    assert len(synced.sandbox.requests()) == calls
    db.session.rollback()

    synced.sandbox.clear_faults()
    synced.pull()
    synced.push()
    assert synced.remote(campaign)["title"] == "Waits"
    assert synced.change_of(campaign).attempts <= 1


def test_a_429_waits_as_long_as_asked_and_is_not_an_attempt(synced: Desk) -> None:
    synced.sandbox.fault(
        {"action": "status", "status": 429, "retry_after": "40", "method": "PUT", "times": 1}
    )
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Patient")
    before = synced.clock()
    synced.push()

    change = synced.change_of(campaign)
    assert change.state == "ready"
    assert change.next_attempt_at >= before + timedelta(seconds=40)
    assert synced.campaign(id=campaign.id).sync_state == "waiting"


def test_an_outage_of_hours_is_waited_out(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET", "path": "campaigns/"})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Patient")
    for _ in range(12):
        synced.clock.move(minutes=16)
        synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "waiting"

    synced.sandbox.clear_faults()
    synced.clock.move(minutes=16)
    synced.push()

    assert synced.remote(campaign)["title"] == "Patient"


def test_what_cannot_be_sent_for_a_day_is_parked_and_an_edit_sends_it_again(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET", "path": "campaigns/"})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Never")
    synced.push()
    synced.clock.move(hours=25)
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "parked"
    assert synced.our_writes("PUT") == []

    synced.sandbox.clear_faults()
    synced.edit(synced.campaign(id=campaign.id), title="Now")
    synced.push()

    assert synced.remote(campaign)["title"] == "Now"


def test_a_lost_booking_that_cannot_be_recognised_waits_for_a_person(synced: Desk) -> None:
    synced.book(title="First with it", external_id="IO-SAME")
    synced.push()
    synced.sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Second with it", external_id="IO-SAME")
    synced.push()
    synced.settle()
    parked = synced.campaign(id=campaign.id)
    assert parked.sync_state == "parked"

    synced.edit(parked, title="Edited meanwhile")
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "parked"
    assert len(synced.our_writes("POST")) == 1

    with transaction():
        campaigns.book_again(ANA, synced.campaign(id=campaign.id))
    synced.push()
    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    assert synced.remote(campaign)["title"] == "Edited meanwhile"
    assert len(synced.our_writes("POST")) == 2


def test_an_edit_while_a_lost_answer_is_checked_still_shows_the_check(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="One")
    synced.push()

    synced.edit(synced.campaign(id=campaign.id), title="Two")

    assert synced.campaign(id=campaign.id).sync_state == "checking"


def test_pressing_save_twice_with_one_key_sends_once(synced: Desk) -> None:
    campaign = synced.any_campaign()
    wanted, key, version = replace(values_of(campaign), title="Once"), uuid4(), campaign.version
    for _ in range(2):
        with transaction():
            campaigns.edit_campaign(ANA, synced.campaign(id=campaign.id), wanted, version, key)

    assert db.session.scalar(select(func.count(Change.id))) == 1


def test_the_schedule_asks_once_for_each_moment(synced: Desk) -> None:
    synced.clock.move(minutes=31)
    jobs.ask_for_scheduled_run(synced.work)
    jobs.ask_for_scheduled_run(synced.work)

    asked = select(func.count()).where(SyncRun.trigger == "schedule")
    assert db.session.scalar(asked) == 1
