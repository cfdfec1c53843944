"""Undoing: what was not sent costs nothing, what was sent goes out as a new change."""

import uuid
from datetime import timedelta

import pytest

from tests import factories
from tests.campaigns.test_outgoing import book, waiting
from tests.campaigns.test_service import changes_of, edit, events
from tests.factories import ACTOR
from webapp.audit.service import Actor
from webapp.campaigns import outgoing, queries, service, undo
from webapp.campaigns.fields import editable, snapshot, values_of
from webapp.campaigns.models import (
    APPLIED,
    CANCELLED,
    HELD,
    READY,
    REJECTED,
    SENT,
    Campaign,
    Change,
)
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, StaleEdit, TooLate

BEA = Actor("bea@example.com", "web")


@pytest.fixture
def campaign(db_session) -> Campaign:
    return factories.campaign(title="Spring", budget=(100, "USD"))


def confirmed(campaign: Campaign, **changes: object) -> Change:
    """An edit that was sent and confirmed."""
    edit(campaign, **changes)
    change = waiting(campaign)
    change.state, change.finished_at = APPLIED, utc_now()
    campaign.base = snapshot(campaign)
    service.refresh_sync_state(campaign)
    db.session.flush()
    return change


def undo_all(change: Change, *groups: str, key: uuid.UUID | None = None) -> Campaign:
    shown = undo.preview(change)
    chosen = groups or [each.group for each in shown.groups if each.is_suggested]
    return undo.undo(ACTOR, change, shown.version, chosen, key or uuid.uuid4())


pytestmark = pytest.mark.usefixtures("db_session")


class TestNotSent:
    def test_it_costs_nothing_and_leaves_nothing_to_send(self, campaign) -> None:
        edit(campaign, title="Summer")
        change = waiting(campaign)
        assert undo.preview(change).is_free

        undo_all(change)

        assert (campaign.title, campaign.title_key) == ("Spring", "spring")
        assert (change.state, campaign.sync_state) == (CANCELLED, "confirmed")
        assert events(campaign)[-1] == ("undid", "title", "Summer", "Spring")
        assert len(changes_of(campaign)) == 1

    def test_the_last_edit_is_undone_and_the_one_before_it_still_goes_out(self, campaign) -> None:
        edit(campaign, title="Summer")
        edit(campaign, total_budget_minor=250)

        undo_all(waiting(campaign))

        assert snapshot(campaign) | {"title": "Summer", "budget": [100, "USD"]} == snapshot(
            campaign
        )
        assert waiting(campaign).fields == ["title"]

    def test_an_edit_that_was_replaced_is_undone_out_of_the_one_that_carries_it(
        self, campaign
    ) -> None:
        edit(campaign, title="Summer")
        first = waiting(campaign)
        edit(campaign, total_budget_minor=250)

        undo_all(first)

        assert (campaign.title, campaign.total_budget_minor) == ("Spring", 250)
        assert waiting(campaign).fields == ["budget"]

    def test_a_value_between_two_edits_is_what_is_sent_then(self, campaign) -> None:
        edit(campaign, title="Summer")
        edit(campaign, title="Autumn")

        undo_all(waiting(campaign))

        assert campaign.title == "Summer"
        assert waiting(campaign).fields == ["title"]

    def test_only_what_is_chosen_is_undone(self, campaign) -> None:
        edit(campaign, title="Summer", total_budget_minor=250)

        undo_all(waiting(campaign), "budget")

        assert (campaign.title, campaign.total_budget_minor) == ("Summer", 100)
        assert waiting(campaign).fields == ["title"]

    def test_a_change_on_hold_shrinks_and_stays_on_hold(self, campaign) -> None:
        edit(campaign, title="Summer", total_budget_minor=250)
        outgoing.hold(ACTOR, waiting(campaign))

        undo_all(waiting(campaign), "budget")

        assert (waiting(campaign).state, waiting(campaign).fields) == (HELD, ["title"])

    def test_a_refused_change_is_undone_here_alone(self, campaign) -> None:
        edit(campaign, title="Summer")
        change = waiting(campaign)
        change.state, change.finished_at = REJECTED, utc_now()
        service.refresh_sync_state(campaign)
        assert campaign.sync_state == "refused"

        undo_all(change)

        assert (campaign.title, campaign.sync_state) == ("Spring", "confirmed")
        assert changes_of(campaign, READY) == []


class TestSent:
    def test_it_is_undone_by_a_new_change(self, campaign) -> None:
        change = confirmed(campaign, title="Summer", total_budget_minor=250)
        assert not undo.preview(change).is_free

        undo_all(change)

        new = waiting(campaign)
        assert (campaign.title, campaign.total_budget_minor) == ("Spring", 100)
        assert (new.fields, new.undoes_id, campaign.sync_state) == (
            ["title", "budget"],
            change.id,
            "waiting",
        )
        assert new.before == {"title": "Summer", "budget": [250, "USD"]}

    def test_what_is_on_its_way_is_followed_by_its_undoing(self, campaign) -> None:
        edit(campaign, title="Summer")
        change = waiting(campaign)
        change.state, change.sent_payload = SENT, {"title": "Summer"}
        db.session.flush()
        assert not undo.preview(change).is_free

        undo_all(change)

        # Until it is known what arrived, the base says nothing: it has to be sent all the same.
        assert campaign.title == "Spring"
        assert (waiting(campaign).fields, waiting(campaign).undoes_id) == (["title"], change.id)

    def test_an_undoing_can_be_undone(self, campaign) -> None:
        undo_all(confirmed(campaign, title="Summer"))
        undo_all(waiting(campaign))

        assert campaign.title == "Summer"
        assert campaign.sync_state == "confirmed"

    def test_pressed_twice_it_is_one_change(self, campaign) -> None:
        change, key = confirmed(campaign, title="Summer"), uuid.uuid4()
        version = campaign.version
        for _ in range(2):
            undo.undo(ACTOR, change, version, ["title"], key)
        assert len(changes_of(campaign, READY)) == 1

    def test_a_booking_that_was_sent_is_not_undone_and_says_so(self) -> None:
        campaign = book()
        change = waiting(campaign)
        change.state, campaign.remote_id = APPLIED, "r-1"
        db.session.flush()

        assert "cannot be undone" in (undo.preview(change).problem or "")
        with pytest.raises(TooLate, match="cannot be undone"):
            undo.undo(ACTOR, change, campaign.version, [], uuid.uuid4())

    def test_a_booking_that_was_not_sent_is_cancelled(self) -> None:
        campaign = book()
        change = waiting(campaign)
        shown = undo.preview(change)
        assert (shown.is_free, shown.cancels, shown.problem) == (True, True, None)

        undo.undo(ACTOR, change, shown.version, [], uuid.uuid4())

        assert (change.state, campaign.sync_state) == (CANCELLED, "gone")
        with pytest.raises(TooLate, match="taken back before it was sent"):
            undo.undo(ACTOR, change, shown.version, [], uuid.uuid4())
        assert undo.preview(change).problem == undo.TAKEN_BACK

    def test_a_booking_that_somebody_edited_since_is_not_cancelled_unseen(self) -> None:
        campaign = book()
        booking = waiting(campaign)
        shown = undo.preview(booking)
        edit(campaign, title="Bea's title")

        with pytest.raises(StaleEdit):
            undo.undo(ACTOR, booking, shown.version, [], uuid.uuid4())

        assert (waiting(campaign).state, campaign.archived_at) == (READY, None)

    def test_an_edit_of_a_booking_that_waits_is_undone_and_it_is_booked_all_the_same(self) -> None:
        campaign = book()
        edit(campaign, title="Renamed")
        assert undo.preview(waiting(campaign)).is_free

        undo_all(waiting(campaign))

        assert campaign.title == "Booked"
        assert len(waiting(campaign).fields) == 5


class TestPreview:
    def test_it_says_what_is_there_what_comes_back_and_who_changed_it_since(self, campaign) -> None:
        change = confirmed(campaign, title="Summer", total_budget_minor=250)
        change.created_at -= timedelta(minutes=1)
        values = editable(campaign) | {"title": "Autumn"}
        service.edit_campaign(BEA, campaign, values_of(values), campaign.version, uuid.uuid4())
        db.session.flush()

        title, budget = undo.preview(change).groups

        assert (title.label, title.now, title.restored) == ("title", "Autumn", "Spring")
        assert title.changed_since
        assert title.changed_by
        assert title.changed_by.actor == BEA.label
        assert not title.is_suggested
        assert (budget.now, budget.restored, budget.is_suggested) == ("USD 2.50", "USD 1.00", True)
        assert budget.changed_by is None

    def test_what_was_changed_since_is_restored_only_when_chosen(self, campaign) -> None:
        change = confirmed(campaign, title="Summer", total_budget_minor=250)
        edit(campaign, title="Autumn")

        undo_all(change)

        assert (campaign.title, campaign.total_budget_minor) == ("Autumn", 100)

    def test_what_is_as_before_already_leaves_nothing_to_undo(self, campaign) -> None:
        change = confirmed(campaign, title="Summer")
        edit(campaign, title="Spring")

        shown = undo.preview(change)

        assert shown.problem == undo.NOTHING_LEFT
        version = campaign.version
        undo.undo(ACTOR, change, shown.version, ["title"], uuid.uuid4())
        assert campaign.version == version

    def test_a_change_without_record_cannot_be_undone(self, campaign) -> None:
        change = factories.change(campaign, state=APPLIED)
        assert undo.preview(change).problem == undo.UNRECORDED
        with pytest.raises(TooLate):
            undo.undo(ACTOR, change, 1, ["title"], uuid.uuid4())


class TestRefused:
    def test_a_campaign_that_moved_since_the_preview_is_previewed_again(self, campaign) -> None:
        change = confirmed(campaign, title="Summer")
        version = campaign.version
        edit(campaign, title="Autumn")
        with pytest.raises(StaleEdit):
            undo.undo(ACTOR, change, version, ["title"], uuid.uuid4())
        assert campaign.title == "Autumn"

    def test_what_is_in_conflict_is_decided_first(self, campaign) -> None:
        change = confirmed(campaign, title="Summer")
        edit(campaign, title="Autumn")
        factories.conflict(campaign, "title", theirs="Winter")

        [title] = undo.preview(change).groups
        assert title.blocked == undo.IN_CONFLICT
        with pytest.raises(InvalidInput):
            undo.undo(ACTOR, change, campaign.version, ["title"], uuid.uuid4())
        assert len(queries.open_conflicts(campaign)) == 1

    @pytest.mark.parametrize("groups", [[], ["budget"], ["nonsense"]])
    def test_what_is_not_of_the_change_is_refused(self, campaign, groups) -> None:
        change = confirmed(campaign, title="Summer")
        with pytest.raises(InvalidInput):
            undo.undo(ACTOR, change, campaign.version, groups, uuid.uuid4())

    def test_an_advertiser_that_is_not_known_here_cannot_come_back(self) -> None:
        campaign = factories.campaign(advertiser_id=None)
        change = confirmed(campaign, advertiser_id=factories.advertiser().id)
        [advertiser] = undo.preview(change).groups
        assert advertiser.blocked == undo.NO_ADVERTISER


class TestPulled:
    def test_what_a_pull_took_is_put_back_and_sent(self, campaign) -> None:
        campaign.total_budget_minor = 300
        campaign.base = campaign.base | {"budget": [300, "USD"]}
        db.session.flush()

        shown = undo.preview_pulled(campaign, "budget", [100, "USD"], [300, "USD"])
        [budget] = shown.groups
        assert (budget.now, budget.restored, shown.is_free) == ("USD 3.00", "USD 1.00", False)
        undo.undo_pulled(ACTOR, campaign, "budget", [100, "USD"], shown.version, uuid.uuid4())

        assert campaign.total_budget_minor == 100
        assert waiting(campaign).fields == ["budget"]
        assert events(campaign)[-1] == ("undid", "budget", "USD 3.00", "USD 1.00")

    def test_what_was_edited_since_is_said(self, campaign) -> None:
        edit(campaign, total_budget_minor=500)
        at = utc_now() - timedelta(hours=1)
        [budget] = undo.preview_pulled(campaign, "budget", [100, "USD"], [300, "USD"], at).groups
        assert (budget.changed_since, budget.now) == (True, "USD 5.00")
        assert budget.changed_by
        assert budget.changed_by.actor == ACTOR.label
