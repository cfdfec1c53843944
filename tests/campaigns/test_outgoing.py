"""Holding, putting off and taking back what was not sent yet, and when it is too late for that."""

import uuid
from datetime import timedelta

import pytest
from flask import Flask

from tests import factories
from tests.campaigns.test_service import changes_of, edit, events
from tests.factories import ACTOR
from tests.support.threads import in_threads
from webapp.campaigns import outgoing, queries, service
from webapp.campaigns.fields import CampaignValues, snapshot
from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    CLAIMED,
    HELD,
    IN_FLIGHT,
    READY,
    REJECTED,
    SENT,
    SETTLING,
    STUCK,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput, TooLate
from webapp.sync import outbox

LATER = timedelta(hours=3)
VERBS = {
    "hold": outgoing.hold,
    "cancel": outgoing.cancel,
    "send at": lambda actor, change: outgoing.send_at(actor, change, utc_now() + LATER),
}


@pytest.fixture
def campaign(db_session) -> Campaign:
    return factories.campaign(title="Spring", budget=(100, "USD"))


def waiting(campaign: Campaign) -> Change:
    [change] = changes_of(campaign, READY, HELD)
    return change


def book() -> Campaign:
    values = CampaignValues("Booked", factories.advertiser().id, "PO-1")
    connection = factories.the_connection()
    return service.create_campaign(ACTOR, connection, values, uuid.uuid4())


pytestmark = pytest.mark.usefixtures("db_session")


class TestEnqueued:
    def test_an_edit_keeps_what_it_found_and_left_and_whose_it_is(self, campaign) -> None:
        edit(campaign, title="Summer", total_budget_minor=250)
        change = waiting(campaign)

        assert change.before == {"title": "Spring", "budget": [100, "USD"]}
        assert change.after == {"title": "Summer", "budget": [250, "USD"]}
        assert change.lane == ACTOR.label

    def test_edits_of_a_batch_share_its_lane_and_its_moment(self, campaign) -> None:
        batch, when = uuid.uuid4(), utc_now() + LATER
        values = CampaignValues("Summer", campaign.advertiser_id, None, 100, "USD")
        service.edit_campaign(
            ACTOR, campaign, values, 1, uuid.uuid4(), not_before=when, batch=batch
        )

        assert waiting(campaign).lane == f"batch:{batch}"
        assert waiting(campaign).not_before == when

    def test_what_is_on_hold_and_put_off_stays_so_when_it_absorbs_an_edit(self, campaign) -> None:
        edit(campaign, title="Summer")
        when = utc_now() + LATER
        outgoing.send_at(ACTOR, waiting(campaign), when)
        outgoing.hold(ACTOR, waiting(campaign))

        edit(campaign, external_id="E-2")

        change = waiting(campaign)
        assert (change.state, change.held_by, change.not_before) == (HELD, ACTOR.label, when)
        assert change.fields == ["title", "external_id"]
        assert campaign.sync_state == "waiting"


class TestHolding:
    def test_a_held_change_waits_until_it_is_released(self, campaign) -> None:
        edit(campaign, title="Summer")
        change = waiting(campaign)

        outgoing.hold(ACTOR, change)
        assert (change.state, change.held_by, campaign.sync_state) == (HELD, ACTOR.label, "waiting")
        outgoing.release(ACTOR, change)
        assert (change.state, change.held_by, campaign.sync_state) == (READY, None, "waiting")
        assert [action for action, *_ in events(campaign)] == ["edited", "held", "released"]

    def test_what_is_not_held_cannot_be_released(self, campaign) -> None:
        edit(campaign, title="Summer")
        with pytest.raises(TooLate, match="not on hold"):
            outgoing.release(ACTOR, waiting(campaign))

    def test_it_can_be_put_off_and_called_back(self, campaign) -> None:
        edit(campaign, title="Summer")
        change, when = waiting(campaign), utc_now() + LATER

        outgoing.send_at(ACTOR, change, when)
        assert change.not_before == when
        outgoing.send_at(ACTOR, change, None)
        assert change.not_before is None
        assert events(campaign)[1][1:3] == ("sending", "at once")

    @pytest.mark.parametrize("wrong", [timedelta(seconds=-1), timedelta(days=400)])
    def test_a_moment_that_makes_no_sense_is_refused(self, campaign, wrong) -> None:
        edit(campaign, title="Summer")
        with pytest.raises(InvalidInput):
            outgoing.send_at(ACTOR, waiting(campaign), utc_now() + wrong)
        assert waiting(campaign).not_before is None

    def test_it_holds_back_whatever_else_the_campaign_has_to_send(self, campaign) -> None:
        factories.change(campaign, next_attempt_at=utc_now() - LATER)
        held = factories.change(campaign, state=HELD)
        # All that differs is sent with any change of the campaign.
        assert outbox.claim_due(utc_now()) is None

        outgoing.release(ACTOR, held)
        outgoing.send_at(ACTOR, held, utc_now() + LATER)
        assert outbox.claim_due(utc_now()) is None

        outgoing.send_at(ACTOR, held, None)
        assert outbox.claim_due(utc_now()) is not None


class TestTooLate:
    @pytest.mark.parametrize("state", [*IN_FLIGHT, APPLIED, REJECTED, STUCK, SUPERSEDED, CANCELLED])
    @pytest.mark.parametrize("verb", VERBS)
    def test_only_what_was_not_claimed_can_be_stopped(self, campaign, verb, state) -> None:
        change = factories.change(campaign, state=state)

        with pytest.raises(TooLate):
            VERBS[verb](ACTOR, change)

        assert (change.state, change.not_before, campaign.version) == (state, None, 1)
        assert events(campaign) == []

    @pytest.mark.parametrize("verb", VERBS)
    def test_a_worker_that_claims_in_the_same_moment_wins_or_loses_wholly(
        self, app: Flask, campaign, verb
    ) -> None:
        edit(campaign, title="Summer")
        change_id = waiting(campaign).id
        db.session.commit()

        def claim() -> str:
            with app.app_context(), transaction():
                change = db.session.get_one(Change, change_id, with_for_update=True)
                if change.state == READY and change.not_before is None:
                    change.state = CLAIMED
                    return "claimed"
                return "left"

        def stop() -> str:
            with app.app_context():
                try:
                    with transaction():
                        VERBS[verb](ACTOR, db.session.get_one(Change, change_id))
                except TooLate:
                    return "too late"
                return "stopped"

        results = set(in_threads([claim, stop]))

        assert results in ({"claimed", "too late"}, {"left", "stopped"})


class TestCancelling:
    def test_its_values_go_back_to_what_both_agreed_on(self, campaign) -> None:
        edit(campaign, title="Summer", total_budget_minor=250)
        edit(campaign, title="Autumn")
        change = waiting(campaign)

        outgoing.cancel(ACTOR, change)

        assert (campaign.title, campaign.total_budget_minor) == ("Spring", 100)
        assert (change.state, campaign.sync_state, campaign.title_key) == (
            CANCELLED,
            "confirmed",
            "spring",
        )
        assert change.finished_at
        assert campaign.version == 4
        assert events(campaign)[-2:] == [
            ("cancelled", "title", "Autumn", "Spring"),
            ("cancelled", "budget", "USD 2.50", "USD 1.00"),
        ]

    def test_what_is_held_can_be_cancelled(self, campaign) -> None:
        edit(campaign, title="Summer")
        outgoing.hold(ACTOR, waiting(campaign))
        outgoing.cancel(ACTOR, waiting(campaign))
        assert campaign.title == "Spring"

    def test_what_is_on_its_way_is_not_taken_back_by_it(self, campaign) -> None:
        factories.change(campaign, state=SENT, sent_payload={"title": "Summer"})
        campaign.title = "Summer"
        edit(campaign, title="Autumn")

        outgoing.cancel(ACTOR, waiting(campaign))

        assert campaign.title == "Summer"
        assert campaign.sync_state == "sending"

    def test_a_conflict_in_it_ends_with_theirs(self, campaign) -> None:
        edit(campaign, total_budget_minor=200, title="Summer")
        conflict = factories.conflict(campaign, "budget", theirs=[300, "EUR"])
        service.refresh_sync_state(campaign)

        outgoing.cancel(ACTOR, waiting(campaign))

        assert snapshot(campaign)["budget"] == campaign.base["budget"] == [300, "EUR"]
        assert (conflict.decision, conflict.decided_by) == ("cancelled", ACTOR.label)
        assert campaign.sync_state == "confirmed"

    def test_a_booking_is_archived_and_says_that_it_never_left(self) -> None:
        campaign = book()

        outgoing.cancel(ACTOR, waiting(campaign))

        assert campaign.archived_at
        assert (campaign.sync_state, campaign.sync_detail) == (
            "gone",
            "Cancelled before it was sent.",
        )
        assert campaign.title == "Booked"
        assert events(campaign)[-1][0] == "cancelled booking"

    def test_a_cancelled_booking_can_be_booked_after_all(self) -> None:
        campaign = book()
        outgoing.cancel(ACTOR, waiting(campaign))

        service.book_again(ACTOR, campaign)

        change = waiting(campaign)
        assert (change.kind, campaign.sync_state, campaign.archived_at) == (
            "create",
            "waiting",
            None,
        )
        assert len(change.fields) == 5

    def test_an_edit_of_a_booking_that_was_sent_is_cancelled_alone(self) -> None:
        campaign = book()
        waiting(campaign).state = SENT
        changes_of(campaign)[0].sent_payload = snapshot(campaign)
        edit(campaign, title="Renamed")

        outgoing.cancel(ACTOR, waiting(campaign))

        assert (campaign.title, campaign.archived_at) == ("Booked", None)
        assert campaign.sync_state == "sending"

    def test_a_campaign_that_was_gone_is_gone_again(self, campaign) -> None:
        factories.change(campaign, state=STUCK, last_status=404, last_error="Not there.")
        edit(campaign, title="Summer")

        outgoing.cancel(ACTOR, waiting(campaign))

        # What was taken back says nothing of it: what the ad server said last holds.
        assert campaign.title == "Spring"
        assert campaign.sync_state == "gone"


class TestFindingOut:
    def test_it_is_looked_for_as_soon_as_it_may_be(self, campaign) -> None:
        until = utc_now() + timedelta(minutes=2)
        change = factories.change(
            campaign, state=SETTLING, settle_until=until, next_attempt_at=until, clean_probes=1
        )

        outgoing.find_out(ACTOR, change)

        # A request may be applied until then: asking before proves nothing.
        assert change.settle_until == until
        assert change.next_attempt_at <= utc_now()
        assert change.clean_probes == 1
        assert events(campaign)[-1][0] == "asked to look"

    def test_what_was_given_up_is_looked_for_again(self, campaign) -> None:
        change = factories.change(
            campaign, state=STUCK, sent_payload={"title": "x"}, clean_probes=1
        )

        outgoing.find_out(ACTOR, change)

        assert (change.state, change.clean_probes, change.finished_at) == (SETTLING, 0, None)
        assert campaign.sync_state == "checking"

    @pytest.mark.parametrize("state", [READY, HELD, APPLIED, REJECTED, STUCK])
    def test_where_nothing_is_unknown_there_is_nothing_to_find_out(self, campaign, state) -> None:
        change = factories.change(campaign, state=state)
        with pytest.raises(TooLate):
            outgoing.find_out(ACTOR, change)
        assert change.state == state

    def test_one_question_at_a_time(self, campaign) -> None:
        lost = factories.change(campaign, state=STUCK, sent_payload={"title": "x"})
        factories.change(campaign, state=SENT)
        with pytest.raises(TooLate):
            outgoing.find_out(ACTOR, lost)


def test_nothing_of_this_outlives_a_rollback(campaign) -> None:
    edit(campaign, title="Summer")
    db.session.commit()
    outgoing.cancel(ACTOR, waiting(campaign))
    db.session.rollback()

    assert campaign.title == "Summer"
    assert queries.changes_of(campaign)[0].state == READY
