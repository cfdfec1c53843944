"""Estimates for people: how long waiting changes take, and which go before."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from webapp.campaigns.models import Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.sync import forecast, service
from webapp.sync.forecast import Forecast, estimate


@pytest.mark.parametrize(
    ("changes", "creates", "rate", "is_pulling", "words"),
    [
        (212, 0, 60, False, "about 8 min at 54 requests a minute"),
        (212, 212, 60, False, "about 4 min at 54 requests a minute"),
        (212, 0, 60, True, "about 11 min at 54 requests a minute"),
        (212, 0, 600, False, "about 2 min at 540 requests a minute"),
        (3, 1, 60, True, "less than a minute"),
        (0, 0, 60, False, "less than a minute"),
        (600, 0, 0, True, "about 5 min"),
    ],
)
def test_an_estimate_follows_from_the_calls_that_changes_cost(
    changes: int, creates: int, rate: int, is_pulling: bool, words: str
) -> None:
    assert estimate(changes, creates, rate, is_pulling=is_pulling).words == words


def waiting(desk: Desk, *lanes: str) -> list[Change]:
    """One waiting change for each of these lanes, saved in this order."""
    campaigns = list(db.session.scalars(select(Campaign).order_by(Campaign.id).limit(len(lanes))))
    for campaign in campaigns:
        desk.edit(campaign, title=f"Edited {campaign.id}")
    changes = list(db.session.scalars(select(Change).order_by(Change.id)))
    with transaction():
        for number, (change, lane) in enumerate(zip(changes, lanes, strict=True)):
            change.lane = lane
            change.next_attempt_at = desk.clock() + timedelta(seconds=number)
    return changes


def test_a_single_edit_is_behind_one_of_a_bulk_edit(synced: Desk) -> None:
    changes = waiting(synced, *["bulk"] * 6, "ana", "bulk", "bob", "ana")
    before = [forecast.for_change(change).changes - 1 for change in changes]
    # In its lane, and of each other lane as many as have their turn until then.
    assert before == [2, 4, 5, 6, 7, 8, 2, 9, 2, 4]


def test_a_change_goes_out_no_later_than_foretold(synced: Desk) -> None:
    changes = waiting(synced, *["bulk"] * 6, "ana", "bulk", "bob", "ana")
    before = {change.id: forecast.for_change(change).changes - 1 for change in changes}
    db.session.rollback()
    synced.clock.move(seconds=20)
    synced.push()
    sent = list(db.session.scalars(select(Change.id).order_by(Change.sent_at)))
    assert len(sent) == len(changes)
    assert [place for place, each in enumerate(sent) if place > before[each]] == []


def test_a_pull_that_runs_or_is_asked_for_takes_its_share(synced: Desk) -> None:
    synced.work.settings.megaphone_requests_per_minute = 60
    alone = forecast.for_changes(100)
    with transaction():
        service.request_run(ANA, db.session.get_one(Connection, synced.connection_id))
    assert forecast.for_changes(100).seconds > 1.2 * alone.seconds
    assert alone == Forecast(100, pytest.approx(200 / 54 * 60), 54)
