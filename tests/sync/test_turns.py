"""Whose turn it is to be sent, and how long anything waits, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from tests.factories import values_of
from tests.sync.conftest import ANA, Desk
from webapp.adservers.types import Priority
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign, Change
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs, outbox, push
from webapp.sync.remote import RequestCount, open_remote

BEN = Actor("ben@example.com", "web", request_id="request-of-ben")


def some(count: int) -> list[Campaign]:
    return list(db.session.scalars(select(Campaign).order_by(Campaign.id).limit(count)))


def edit_as(actor: Actor, campaign: Campaign, title: str) -> None:
    with transaction():
        wanted = replace(values_of(campaign), title=title)
        campaigns.edit_campaign(actor, campaign, wanted, campaign.version, uuid4())


def sent_in_order(desk: Desk) -> list[str]:
    return [write["remote_id"] for write in desk.our_writes("PUT")]


def set_change(change: Change, **values: Any) -> None:
    with transaction():
        db.session.execute(update(Change).where(Change.id == change.id).values(values))


def set_connection(desk: Desk, **values: Any) -> None:
    with transaction():
        query = update(Connection).where(Connection.id == desk.connection_id)
        db.session.execute(query.values(values))


def test_one_edit_is_behind_one_of_a_bulk_edit_at_most(synced: Desk) -> None:
    *bulk, single = some(6)
    for campaign in bulk:
        edit_as(ANA, campaign, f"Bulk {campaign.id}")
    edit_as(BEN, single, "Single")
    remote_id = single.remote_id

    synced.push()

    assert sent_in_order(synced).index(remote_id or "") <= 1
    assert len(sent_in_order(synced)) == 6


def test_lanes_take_turns(synced: Desk) -> None:
    edited = some(6)
    for campaign in edited[:3]:
        edit_as(ANA, campaign, "Of Ana")
    for campaign in edited[3:]:
        edit_as(BEN, campaign, "Of Ben")
    of_ana = {campaign.remote_id for campaign in edited[:3]}

    synced.push()

    whose = [remote_id in of_ana for remote_id in sent_in_order(synced)]
    assert whose in ([True, False] * 3, [False, True] * 3)


def read_in_order(desk: Desk) -> list[str]:
    """The campaigns that were looked at before a write, in that order."""
    reads = (each for each in desk.sandbox.requests() if each["method"] == "GET")
    return [each["path"].rsplit("/", 1)[-1] for each in reads if "/campaigns/" in each["path"]]


def test_a_bulk_edit_that_finds_nothing_to_send_has_had_its_turns_all_the_same(
    synced: Desk,
) -> None:
    *bulk, single = some(6)
    for campaign in bulk:
        edit_as(ANA, campaign, f"Bulk {campaign.id}")
        synced.edit_in_megaphone(campaign, title=f"Bulk {campaign.id}")
    edit_as(BEN, single, "Single")
    remote_id = single.remote_id

    synced.push()

    assert read_in_order(synced).index(remote_id or "") == 1
    assert len(sent_in_order(synced)) == 1


def test_a_lane_served_by_a_clock_that_was_ahead_does_not_wait_until_then(synced: Desk) -> None:
    *of_ben, first, second = some(5)
    synced.clock.move(days=1)
    edit_as(ANA, first, "Tomorrow")
    synced.push()
    synced.clock.move(days=-1)
    for campaign in of_ben:
        edit_as(BEN, campaign, "Of Ben")
    edit_as(ANA, second, "Today")
    remote_id = second.remote_id

    synced.push()

    assert sent_in_order(synced).index(remote_id or "") <= 2


def test_a_change_is_not_sent_before_its_time(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Later")
    set_change(synced.change_of(campaign), not_before=synced.clock() + timedelta(hours=3))

    synced.push()
    assert synced.our_writes("PUT") == []

    synced.clock.move(hours=3, seconds=1)
    synced.push()
    assert synced.remote(campaign)["title"] == "Later"


def test_a_change_on_hold_is_not_sent(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Held")
    set_change(synced.change_of(campaign), state="held")
    synced.push()
    assert synced.our_writes("PUT") == []


def test_while_sending_is_held_what_is_unknown_is_still_asked_about(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "PUT", "times": 1})
    first, second = some(2)
    synced.edit(first, title="Arrived unseen")
    synced.push()
    synced.edit(second, title="Held back")
    with transaction():
        held = db.session.get_one(Connection, synced.connection_id)
        connections.hold_sending(ANA, held, "Prices are being checked.")

    synced.settle()
    assert synced.campaign(id=first.id).sync_state == "confirmed"
    assert synced.campaign(id=second.id).sync_state == "waiting"
    assert len(synced.our_writes("PUT")) == 1

    with transaction():
        held = db.session.get_one(Connection, synced.connection_id)
        connections.release_sending(ANA, held)
    synced.push()
    assert synced.remote(second)["title"] == "Held back"


def test_a_wait_of_a_clock_that_was_ahead_is_ended(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET", "times": 1})
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Not in a day")
    synced.clock.move(days=1)
    synced.push()
    synced.clock.move(days=-1)

    synced.push()

    assert synced.remote(campaign)["title"] == "Not in a day"


def test_settling_of_a_clock_that_was_ahead_begins_anew_and_is_not_cut_short(
    synced: Desk,
) -> None:
    synced.clock.move(days=1)
    synced.sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Sent tomorrow")
    set_change(synced.change_of(campaign), next_attempt_at=synced.clock())
    synced.push()
    synced.clock.move(days=-1)

    before = len(synced.sandbox.requests())
    synced.push()
    synced.clock.move(seconds=100)
    synced.push()
    assert len(synced.sandbox.requests()) == before

    for _ in range(3):
        synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


READS_FAIL = {"action": "status", "status": 503, "method": "GET", "path": "campaigns/"}


@pytest.fixture
def failing(synced: Desk) -> tuple[Desk, Campaign]:
    """A change that has failed once."""
    synced.sandbox.fault(READS_FAIL)
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Patient")
    synced.push()
    return synced, campaign


def test_a_day_begins_with_the_first_failure_not_with_the_edit(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Long on hold")
    synced.clock.move(days=9)
    synced.sandbox.fault(READS_FAIL)
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "waiting"
    change = synced.change_of(campaign)
    assert (change.error_code, change.last_status) == ("unavailable", 503)
    assert change.failing_since is not None


@pytest.mark.parametrize("how", [{"state": "paused"}, {"held": True}])
def test_a_day_of_failing_does_not_count_on_while_nothing_is_sent(
    failing: tuple[Desk, Campaign], how: dict[str, object]
) -> None:
    desk, campaign = failing
    held = desk.clock() if "held" in how else None
    set_connection(desk, state=how.get("state", "active"), held_at=held)
    desk.push()
    desk.clock.move(hours=25)
    set_connection(desk, state="active", held_at=None)

    desk.push()
    assert desk.campaign(id=campaign.id).sync_state == "waiting"
    desk.clock.move(hours=25)
    desk.push()
    assert desk.campaign(id=campaign.id).sync_state == "parked"


def test_what_was_sent_at_last_is_in_no_trouble_any_more(failing: tuple[Desk, Campaign]) -> None:
    desk, campaign = failing
    desk.sandbox.clear_faults()
    desk.clock.move(minutes=16)
    desk.push()
    change = desk.change_of(campaign)
    assert (change.state, change.last_error, change.error_code) == ("applied", None, None)
    assert change.failing_since is None


def test_a_lost_answer_that_cannot_be_asked_about_for_a_day_waits_for_a_person(
    synced: Desk,
) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(title="Lost")
    synced.push()
    synced.sandbox.fault({"action": "status", "status": 503, "method": "GET"})
    synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "checking"
    synced.clock.move(hours=25)
    synced.push()

    assert synced.campaign(id=campaign.id).sync_state == "parked"
    assert len(synced.our_writes("POST")) == 1


def test_without_a_slot_a_change_is_not_even_claimed(synced: Desk) -> None:
    limiter = RateLimiter(60)
    limiter.penalise(30)
    synced.work = replace(synced.work, limiter=limiter)
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Next look")

    jobs.push_due(synced.work)

    change = synced.change_of(campaign)
    assert (change.state, change.last_error, change.attempts) == ("ready", None, 0)
    assert change.next_attempt_at <= synced.clock()
    assert synced.campaign(id=campaign.id).sync_state == "waiting"


def test_our_own_limit_is_no_failure(synced: Desk) -> None:
    """Slots that run out between claim and call leave the change as it was."""
    campaign = synced.any_campaign()
    synced.edit(campaign, title="No slot")
    limiter, began = RateLimiter(60), synced.clock()
    limiter.penalise(30)
    with transaction():
        claim = outbox.claim_due(synced.clock())
    assert claim is not None
    with open_remote(
        "megaphone", synced.work.settings, limiter, Priority.PUSH, RequestCount()
    ) as remote:
        push.send(push.Push(remote, clock=synced.clock), claim)

    change = synced.change_of(campaign)
    assert (change.state, change.attempts, change.failing_since) == ("ready", 0, None)
    assert change.next_attempt_at > began + timedelta(seconds=20)


@pytest.mark.parametrize(
    "seconds",
    [(0.0, 5.9, 10.1), (0.0, 1.0, 6.1)],
    ids=["read more than ten seconds ago", "marked more than five seconds ago"],
)
def test_what_was_read_or_marked_too_long_ago_is_not_written(
    synced: Desk, seconds: tuple[float, ...]
) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Held up")
    with transaction():
        claim = outbox.claim_due(synced.clock())
    assert claim is not None
    with open_remote(
        "megaphone", synced.work.settings, synced.work.limiter, Priority.PUSH, RequestCount()
    ) as remote:
        sender = push.Push(remote, clock=synced.clock, monotonic=iter(seconds).__next__)
        push.send(sender, claim)

    assert synced.our_writes("PUT") == []
    change = synced.change_of(campaign)
    assert (change.state, change.sent_payload) == ("ready", None)
    synced.clock.move(seconds=10)
    synced.push()
    assert synced.remote(campaign)["title"] == "Held up"


def test_a_write_does_not_outlast_what_is_left_of_the_ten_seconds(synced: Desk) -> None:
    """With a second left, a slot that is free in a minute comes too late."""
    campaign = synced.any_campaign()
    synced.edit(campaign, title="No time left")
    with transaction():
        claim = outbox.claim_due(synced.clock())
    assert claim is not None
    limiter = RateLimiter(60)

    class Late:
        """The third time it is asked, the limiter has been told to hold back."""

        def __init__(self) -> None:
            self.times = iter((0.0, 8.0, 9.0))

        def __call__(self) -> float:
            now = next(self.times)
            if now == 9.0:
                limiter.penalise(60)
            return now

    with open_remote(
        "megaphone", synced.work.settings, limiter, Priority.PUSH, RequestCount()
    ) as remote:
        push.send(push.Push(remote, clock=synced.clock, monotonic=Late()), claim)

    assert synced.our_writes("PUT") == []
    assert synced.change_of(campaign).state == "ready"
