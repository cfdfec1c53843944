"""Writes whose effect is not what their answer says, or that have no answer at all."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.sync.conftest import Desk
from webapp.campaigns.models import Campaign, Change
from webapp.connections import credentials
from webapp.connections.models import Connection
from webapp.core.crypt import encrypt
from webapp.core.db import db, transaction
from webapp.sync import absence, outbox
from webapp.sync.remote import LOCKED_AWAY


def keep_credential(locked: str) -> None:
    with transaction():
        db.session.execute(update(Connection).values(credential=locked))


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


@pytest.mark.parametrize(
    "fault",
    [{"action": "empty_list"}, {"action": "hide", "share": 0.5, "counted": False}],
    ids=["empty", "half"],
)
def test_a_short_list_is_no_proof_that_a_booking_was_not_made(
    synced: Desk, fault: dict[str, object]
) -> None:
    synced.sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Only once")
    synced.push()
    short = {"method": "GET", "path": "/campaigns$", **fault}
    synced.sandbox.fault(short)

    for _ in range(4):
        synced.settle()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "checking"
    change = db.session.scalars(select(Change)).one()
    assert change.last_error is not None
    assert change.last_error.endswith("that proves nothing.")
    assert synced.our_writes("POST") == []

    synced.sandbox.clear_faults()
    for _ in range(2):
        synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1


def test_what_was_already_missing_is_not_expected_in_the_list(synced: Desk) -> None:
    others = db.session.scalars(select(Campaign)).all()
    with transaction():
        db.session.execute(update(Campaign).values(missed_runs=1))
        db.session.execute(
            update(Campaign).where(Campaign.id == others[0].id).values(missed_runs=0)
        )
    connection_id = synced.connection_id

    assert absence.too_short(connection_id, 1) is None
    assert absence.too_short(connection_id, 0) is not None


def test_a_write_that_fails_for_a_day_waits_for_a_person(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 500, "method": "PUT"})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Never taken")
    synced.push()
    synced.clock.move(hours=25)

    synced.push()

    parked = synced.campaign(id=campaign.id)
    assert (parked.sync_state, parked.title) == ("parked", "Never taken")
    synced.sandbox.clear_faults()
    synced.edit(parked, title="Taken")
    synced.push()
    assert synced.remote(campaign)["title"] == "Taken"


def test_a_booking_that_fails_for_a_day_can_be_booked_by_another_edit(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 500, "method": "POST"})
    campaign = synced.book(title="Never taken")
    synced.push()
    synced.clock.move(hours=25)
    for _ in range(2):
        synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "parked"

    synced.sandbox.clear_faults()
    synced.edit(synced.campaign(id=campaign.id), title="Taken")
    synced.push()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1


def test_one_record_that_may_not_be_changed_does_not_hold_up_the_others(synced: Desk) -> None:
    forbidden, other = db.session.scalars(select(Campaign).order_by(Campaign.id).limit(2)).all()
    synced.sandbox.fault({"action": "status", "status": 403, "path": f"{forbidden.remote_id}$"})
    synced.edit(forbidden, title="Forbidden")
    synced.push()
    synced.edit(other, title="Allowed")

    synced.pull()
    synced.push()

    assert synced.remote(other)["title"] == "Allowed"
    synced.clock.move(hours=25)
    synced.pull()
    synced.push()
    assert synced.campaign(id=forbidden.id).sync_state == "parked"


def test_what_was_parked_is_confirmed_once_both_sides_agree(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET", "path": "campaigns/"})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Typed there by hand")
    synced.push()
    synced.clock.move(hours=25)
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "parked"
    synced.sandbox.clear_faults()
    synced.edit_in_megaphone(campaign, title="Typed there by hand")

    synced.pull()

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


def test_a_lease_of_a_clock_that_was_ahead_runs_out_all_the_same(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Ahead of time")
    synced.clock.ahead += timedelta(days=1)
    with transaction():
        assert outbox.claim_due(synced.clock())
    synced.clock.ahead -= timedelta(days=1)

    synced.push()

    assert synced.remote(campaign)["title"] == "Ahead of time"


def test_a_connection_that_cannot_be_opened_pauses_and_the_change_waits(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Locked away")
    token = synced.work.settings.megaphone_api_token
    assert token
    keep_credential(encrypt(token.get_secret_value(), bound_to="another row"))

    synced.push()
    synced.clock.move(seconds=61)
    synced.push()

    connection = db.session.get_one(Connection, synced.connection_id)
    assert (connection.state, connection.state_reason) == ("paused", LOCKED_AWAY)
    assert synced.campaign(id=campaign.id).sync_state == "waiting"
    place = credentials.place_of(connection.id)
    db.session.rollback()

    keep_credential(encrypt(token.get_secret_value(), bound_to=place))
    synced.pull()
    synced.push()

    assert synced.remote(campaign)["title"] == "Locked away"
