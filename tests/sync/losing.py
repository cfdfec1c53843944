"""Bookings whose answer is lost, and what of them comes to light, for tests."""

from typing import Any

from sqlalchemy import update

from tests.sync.conftest import ANA, Desk
from webapp.campaigns.models import Campaign
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.db import db, transaction

LOST = {"method": "POST", "path": "campaigns$", "times": 1}
NEVER_ARRIVED = {**LOST, "action": "cut_before_apply"}
ARRIVED = {**LOST, "action": "cut_after_apply"}


def set_mode(desk: Desk, mode: str) -> None:
    with transaction():
        query = update(Connection).where(Connection.id == desk.connection_id)
        db.session.execute(query.values(marker_mode=mode))


def book_and_lose(desk: Desk, fault: dict[str, Any], **values: Any) -> Campaign:
    desk.sandbox.fault(fault)
    campaign = desk.book(title="Lost", **values)
    desk.push()
    return desk.campaign(id=campaign.id)


def lost_and_not_found(desk: Desk, **values: Any) -> Campaign:
    """A booking whose answer was lost, that complete lists have not shown, and that waits."""
    campaign = book_and_lose(desk, NEVER_ARRIVED, **values)
    with transaction():
        connections.hold_sending(ANA, db.session.get_one(Connection, desk.connection_id), "Wait")
    desk.settle()
    desk.settle()
    found = desk.change_of(campaign)
    assert (found.state, found.clean_probes > 0) == ("ready", True)
    return desk.campaign(id=campaign.id)


def arrive_late(desk: Desk, campaign: Campaign) -> None:
    advertiser = desk.remote(desk.any_campaign())["advertiserId"]
    record = {"advertiserId": advertiser, "title": "Lost", "externalId": campaign.marker}
    desk.sandbox.control("POST", "campaigns", record)


def let_go(desk: Desk) -> None:
    with transaction():
        connections.release_sending(ANA, db.session.get_one(Connection, desk.connection_id))
    desk.push()
