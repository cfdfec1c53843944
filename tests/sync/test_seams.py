"""What operators do just when the worker is under way with the same campaign, pressed late too."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from webapp.campaigns import outgoing, queries, undo
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db, transaction
from webapp.sync import candidates, outbox


def changes_of(campaign: Campaign, *states: str) -> list[Change]:
    db.session.expire_all()
    query = select(Change).where(Change.campaign_id == campaign.id, Change.state.in_(states))
    return list(db.session.scalars(query.order_by(Change.id)))


def booked_and_never_made(desk: Desk) -> Campaign:
    """A booking whose request was lost, edited meanwhile, and proven not to be there."""
    desk.sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    campaign = desk.book(title="Lost")
    desk.push()
    desk.edit(desk.campaign(id=campaign.id), title="Renamed")
    desk.settle()
    desk.clock.move(seconds=31)
    with transaction():
        claim = outbox.claim_probe(desk.clock())
        assert claim is not None
        outbox.release(claim, "probing", "ready", sent_payload=None, clean_probes=2)
    return desk.campaign(id=campaign.id)


def test_a_booking_that_was_cancelled_is_not_made_by_an_older_change(synced: Desk) -> None:
    campaign = booked_and_never_made(synced)
    first, second = changes_of(campaign, "ready")

    with transaction():
        outgoing.cancel(ANA, second)
    synced.push()

    assert synced.our_writes("POST") == []
    assert synced.campaign(id=campaign.id).archived_at is not None
    assert {c.state for c in changes_of(campaign, first.state, "cancelled")} == {"cancelled"}


def test_cancelling_an_edit_leaves_what_an_older_one_still_sends(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.sandbox.fault({"action": "cut_before_apply", "method": "PUT", "times": 1})
    synced.edit(campaign, title="First")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), title="Second")
    synced.clock.move(seconds=121)
    with transaction():
        claim = outbox.claim_probe(synced.clock())
        assert claim is not None
        outbox.release(claim, "probing", "ready", sent_payload=None)
    first, second = changes_of(campaign, "ready")

    with transaction():
        outgoing.cancel(ANA, second)

    assert synced.campaign(id=campaign.id).title == "First"
    synced.push()
    assert synced.remote(campaign)["title"] == "First"
    assert [c.id for c in changes_of(campaign, "applied")] == [first.id]


def test_an_edit_that_is_just_being_read_for_is_not_lost_by_cancelling_a_newer(
    synced: Desk,
) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="First")
    synced.edit(synced.campaign(id=campaign.id), total_budget_minor=777)
    with transaction():
        claim = outbox.claim_due(synced.clock())
    assert claim is not None
    synced.edit(synced.campaign(id=campaign.id), title="Second")
    (newer,) = changes_of(campaign, "ready")

    with transaction():
        outgoing.cancel(ANA, newer)

    assert synced.campaign(id=campaign.id).title == "First"


@pytest.fixture
def cancelled(synced: Desk) -> tuple[Desk, Campaign]:
    """A booking that was edited, and cancelled before it was sent."""
    campaign = synced.book(title="Never mind")
    synced.edit(campaign, title="Never mind at all")
    with transaction():
        outgoing.cancel(ANA, synced.change_of(campaign))
    return synced, synced.campaign(id=campaign.id)


def test_undoing_an_edit_of_a_cancelled_booking_does_not_book_it(
    cancelled: tuple[Desk, Campaign],
) -> None:
    desk, campaign = cancelled
    with transaction():
        undo.undo(ANA, desk.change_of(campaign), campaign.version, ["title"], uuid4())
    desk.push()

    kept = desk.campaign(id=campaign.id)
    assert (kept.title, kept.remote_id) == ("Never mind", None)
    assert desk.our_writes("POST") == []
    assert (kept.sync_state, kept.sync_detail) == ("gone", "Cancelled before it was sent.")


def test_editing_a_cancelled_booking_does_not_book_it(cancelled: tuple[Desk, Campaign]) -> None:
    desk, campaign = cancelled
    desk.edit(campaign, title="Better words")
    desk.push()

    assert desk.our_writes("POST") == []
    assert desk.campaign(id=campaign.id).title == "Better words"
    with transaction():
        campaigns.book_again(ANA, desk.campaign(id=campaign.id))
    desk.push()
    assert desk.remote(desk.campaign(id=campaign.id))["title"] == "Better words"


def hide_once(desk: Desk, campaign: Campaign) -> None:
    """Megaphone says once that it does not have this campaign."""
    path = f"campaigns/{campaign.remote_id}$"
    desk.sandbox.fault({"action": "status", "status": 404, "path": path, "times": 1})


def test_what_a_list_shows_again_is_not_booked_a_second_time(synced: Desk) -> None:
    campaign = synced.any_campaign()
    hide_once(synced, campaign)
    synced.edit(campaign, title="Once not there")
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "parked"

    synced.pull()

    seen = synced.campaign(id=campaign.id)
    assert not candidates.is_gone_there(seen)
    assert (seen.sync_state, seen.title) == ("waiting", "Once not there")
    synced.push()
    assert synced.remote(seen)["title"] == "Once not there"
    assert [e[1] for e in synced.events(seen)].count("came back") == 1
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


def test_having_been_gone_once_is_no_reason_to_book_anew_later(synced: Desk) -> None:
    campaign = synced.any_campaign()
    hide_once(synced, campaign)
    synced.edit(campaign, title="Once not there")
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), title="There")
    synced.push()
    assert synced.remote(campaign)["title"] == "There"

    synced.edit(synced.campaign(id=campaign.id), title="Given up")
    with transaction():
        given_up = synced.change_of(campaign)
        given_up.state, given_up.error_code = "parked", "unavailable"
        synced.campaign(id=campaign.id).sync_state = "parked"

    assert not candidates.is_gone_there(synced.campaign(id=campaign.id))


def test_what_was_kept_here_only_and_comes_back_waits_for_a_decision(synced: Desk) -> None:
    campaign = synced.any_campaign()
    hide_once(synced, campaign)
    synced.edit(campaign, title="Ours")
    synced.push()
    with transaction():
        candidates.detach(ANA, synced.campaign(id=campaign.id))

    for _ in range(3):
        synced.pull()
        synced.push()

    back = synced.campaign(id=campaign.id)
    assert (back.sync_state, back.title) == ("conflict", "Ours")
    assert [e[1] for e in synced.events(back)].count("came back") == 1
    assert synced.our_writes("PUT") == []


def test_what_came_back_is_not_called_gone_after_a_decision(synced: Desk) -> None:
    campaign = synced.any_campaign()
    hide_once(synced, campaign)
    synced.edit(campaign, title="Ours")
    synced.push()
    synced.edit_in_megaphone(campaign, title="Theirs")
    synced.pull()
    seen = synced.campaign(id=campaign.id)
    (conflict,) = queries.open_conflicts(seen)

    with transaction():
        campaigns.decide_conflict(ANA, seen, conflict.id, "theirs")

    settled = synced.campaign(id=campaign.id)
    assert (settled.title, settled.sync_state) == ("Theirs", "confirmed")


def test_the_time_on_hold_is_none_of_failing(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.sandbox.fault({"action": "status", "status": 503, "path": f"{campaign.remote_id}$"})
    synced.edit(campaign, title="Held after a failure")
    synced.push()
    with transaction():
        outgoing.hold(ANA, synced.change_of(campaign))
    synced.clock.move(days=2)
    with transaction():
        outgoing.release(ANA, synced.change_of(campaign))
    synced.push()

    assert synced.change_of(campaign).attempts > 1
    assert synced.campaign(id=campaign.id).sync_state == "waiting"


def test_what_a_dead_worker_sent_and_no_whole_list_shows_is_handed_over_after_a_day(
    synced: Desk,
) -> None:
    campaign = synced.book(title="Sent by one that died")
    with transaction():
        claim = outbox.claim_due(synced.clock())
        assert claim is not None
        synced.campaign(id=campaign.id).marker = campaign.external_id
        outbox.mark_sent(claim, {"title": campaign.title}, synced.clock())
    headers = {"Content-Type": "application/json", "X-Total": "99"}
    answer = {"status": 200, "headers": headers, "body": "[]"}
    synced.sandbox.fault({"action": "answer", "path": "campaigns$", **answer})
    synced.settle()
    synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "checking"

    synced.clock.move(hours=25)
    synced.push()

    assert synced.campaign(id=campaign.id).sync_state == "parked"
