"""Second records of a booking: seen by their marker, reported once, and never removed."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db, transaction
from webapp.sync import service as sync_service
from webapp.sync.models import Duplicate


@pytest.fixture
def booked(synced: Desk) -> Campaign:
    campaign = synced.book(title="Booked once")
    synced.push()
    campaign = synced.campaign(id=campaign.id)
    assert campaign.marker == synced.remote(campaign)["externalId"]
    return campaign


def copy_there(desk: Desk, campaign: Campaign, **values: Any) -> str:
    """Another record with the same external id, as a request that arrived twice would leave."""
    return copy_of(desk, desk.remote(campaign), **values)


def copy_of(desk: Desk, there: dict[str, Any], **values: Any) -> str:
    row = {name: there[name] for name in ("title", "advertiserId", "externalId")}
    made = desk.sandbox.control("POST", "campaigns", row | values)
    assert isinstance(made["id"], str)
    return made["id"]


def reports() -> list[Duplicate]:
    db.session.expire_all()
    return list(db.session.scalars(select(Duplicate).order_by(Duplicate.id)))


def test_a_second_record_is_reported_once_and_imported(synced: Desk, booked: Campaign) -> None:
    second = copy_there(synced, booked)

    run = synced.pull()

    assert (run.state, run.duplicate_count, run.created_count) == ("complete", 1, 1)
    (report,) = reports()
    assert (report.campaign_id, report.remote_id) == (booked.id, second)
    assert (report.marker, report.run_id) == (booked.external_id, run.id)
    events = [event for event in synced.events(booked) if event[1] == "duplicate"]
    assert events == [("Megaphone", "duplicate", None, None)]
    assert synced.campaign(remote_id=second).sync_state == "confirmed"
    assert synced.pull().duplicate_count == 0
    assert len(reports()) == 1


def test_a_record_that_was_known_before_the_booking_was_bound_is_reported_too(
    synced: Desk, booked: Campaign
) -> None:
    """Both records were listed while nobody knew yet which of them was the booking."""
    there = synced.remote(booked)
    with transaction():
        campaign = db.session.get_one(Campaign, booked.id)
        campaign.remote_id, campaign.sync_state = None, "parked"
    copy_of(synced, there)
    assert (synced.pull().duplicate_count, reports()) == (0, [])
    with transaction():
        synced.campaign(remote_id=there["id"]).remote_id = None
        db.session.flush()
        db.session.get_one(Campaign, booked.id).remote_id = there["id"]

    assert synced.pull().duplicate_count == 1


def test_the_record_that_is_bound_is_no_second_one_however_it_was_bound(
    synced: Desk, booked: Campaign
) -> None:
    with transaction():
        db.session.get_one(Change, synced.change_of(booked).id).state = "parked"

    synced.pull()

    assert reports() == []


def test_only_exactly_the_marker_counts(synced: Desk, booked: Campaign) -> None:
    copy_there(synced, booked, externalId=(booked.external_id or "").upper())
    copy_there(synced, booked, externalId=f" {booked.external_id}")

    synced.pull()

    assert reports() == []


def test_an_external_id_that_was_given_on_is_no_second_record(
    synced: Desk, booked: Campaign
) -> None:
    marker = booked.external_id
    synced.edit(booked, external_id="Another")
    synced.push()
    heir = synced.book(title="Booked under the freed ID", external_id=marker)
    synced.push()
    assert synced.remote(synced.campaign(id=heir.id))["externalId"] == booked.marker

    synced.pull()

    assert reports() == []


def test_a_campaign_that_was_not_booked_here_has_no_second_record(synced: Desk) -> None:
    copy_there(synced, synced.any_campaign(), externalId="IO-1")
    copy_there(synced, synced.any_campaign(), externalId="IO-1")

    assert synced.pull().duplicate_count == 0


def test_an_operator_closes_a_report_and_nothing_is_removed(synced: Desk, booked: Campaign) -> None:
    second = copy_there(synced, booked)
    synced.pull()
    (report,) = reports()

    for _ in range(2):
        with transaction():
            sync_service.close_duplicate(ANA, db.session.get_one(Duplicate, report.id))

    (report,) = reports()
    assert report.closed_by == ANA.label
    assert report.closed_at is not None
    assert [e[1] for e in synced.events(booked)].count("closed duplicate") == 1
    assert synced.campaign(remote_id=second)
    assert synced.pull().state == "complete"
    assert len(reports()) == 1
