"""What operators do with campaigns: the row, the record, and the intent to send, in one piece."""

import uuid
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.factories import ACTOR, values_of
from tests.support.threads import in_threads
from webapp.audit.models import AuditEvent
from webapp.campaigns import listing, queries, service
from webapp.campaigns.fields import CampaignValues
from webapp.campaigns.models import (
    APPLIED,
    CLAIMED,
    CREATE,
    IN_FLIGHT,
    READY,
    SENT,
    SUPERSEDED,
    UPDATE,
    Campaign,
    Change,
)
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput, KeyReused, StaleEdit
from webapp.core.money import MAX_MINOR

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def advertiser(db_session):
    return factories.advertiser(name="Acme")


@pytest.fixture
def values(advertiser) -> CampaignValues:
    return CampaignValues("Spring", advertiser.id, "PO-7", 500_000, "USD", copy_needed=True)


def create(values: CampaignValues, key: uuid.UUID | None = None) -> Campaign:
    return service.create_campaign(ACTOR, factories.the_connection(), values, key or uuid.uuid4())


def edit(campaign: Campaign, key: uuid.UUID | None = None, **changes: object) -> Campaign:
    edited = replace(values_of(campaign), **changes)
    return service.edit_campaign(ACTOR, campaign, edited, campaign.version, key or uuid.uuid4())


def changes_of(campaign: Campaign, *states: str) -> list[Change]:
    found = reversed(queries.changes_of(campaign))
    return [change for change in found if not states or change.state in states]


def events(campaign: Campaign) -> list[tuple[str, str | None, str | None, str | None]]:
    rows = db.session.query(AuditEvent).filter_by(object_type="campaign", object_id=campaign.id)
    return [(e.action, e.field, e.before, e.after) for e in rows.order_by(AuditEvent.id)]


class TestCreating:
    def test_it_is_here_at_once_and_waits_to_be_sent(self, values) -> None:
        campaign = create(values)
        [change] = changes_of(campaign)

        assert values_of(campaign) == values
        assert campaign.sync_state == "waiting"
        assert campaign.remote_id is None
        assert (change.kind, change.state) == (CREATE, READY)
        assert change.fields == ["title", "advertiser", "external_id", "copy_needed", "budget"]

    def test_the_timeline_says_who_booked_what(self, values) -> None:
        campaign = create(values)
        assert events(campaign) == [
            ("booked", "title", None, "Spring"),
            ("booked", "advertiser", None, "Acme"),
            ("booked", "external ID", None, "PO-7"),
            ("booked", "ad copy", None, "Needed"),
            ("booked", "budget", None, "USD 5,000.00"),
        ]
        assert {event.actor for event in db.session.query(AuditEvent)} == {ACTOR.label}

    def test_without_an_external_id_it_gets_a_marker_of_its_own(self, values) -> None:
        made = [create(replace(values, external_id=None)) for _ in range(20)]
        markers = {campaign.external_id for campaign in made}
        assert len(markers) == 20
        assert all(marker.startswith("fd-") and len(marker) == 13 for marker in markers)

    def test_the_same_form_sent_twice_is_one_campaign(self, values) -> None:
        key = uuid.uuid4()
        assert create(values, key) is create(values, key)
        assert db.session.query(Campaign).count() == db.session.query(Change).count() == 1

    def test_the_same_form_with_other_values_is_refused(self, values) -> None:
        key = uuid.uuid4()
        create(values, key)
        with pytest.raises(KeyReused):
            create(replace(values, title="Other"), key)
        assert db.session.query(Campaign).count() == 1

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"title": ""}, "title"),
            ({"title": "   "}, "title"),
            ({"title": "x" * 1000}, "title"),
            ({"advertiser_id": None}, "advertiser_id"),
            ({"advertiser_id": 999_999}, "advertiser_id"),
            ({"external_id": "x" * 101}, "external_id"),
            ({"total_budget_minor": -1}, "total_budget_minor"),
            ({"total_budget_minor": MAX_MINOR + 1}, "total_budget_minor"),
            ({"total_budget_currency": None}, "total_budget_currency"),
            ({"total_budget_currency": "XXZ"}, "total_budget_currency"),
            ({"total_budget_minor": None}, "total_budget_currency"),
        ],
    )
    def test_a_broken_rule_is_named_at_its_field(self, values, change, field: str) -> None:
        with pytest.raises(InvalidInput) as refused:
            create(replace(values, **change))
        assert list(refused.value.fields) == [field]
        assert db.session.query(Campaign).count() == 0

    def test_every_broken_rule_is_named_at_once(self, values) -> None:
        with pytest.raises(InvalidInput) as refused:
            create(replace(values, title="", advertiser_id=None, total_budget_currency=None))
        assert set(refused.value.fields) == {"title", "advertiser_id", "total_budget_currency"}

    def test_an_advertiser_of_another_connection_is_refused(self, values) -> None:
        foreign = factories.advertiser(connection_id=factories.connection().id)
        with pytest.raises(InvalidInput):
            create(replace(values, advertiser_id=foreign.id))

    def test_bounds_themselves_are_allowed(self, values) -> None:
        campaign = create(replace(values, title="x" * 255, total_budget_minor=MAX_MINOR))
        assert campaign.total_budget_minor == MAX_MINOR
        assert create(replace(values, total_budget_minor=0)).total_budget_minor == 0


class TestEditing:
    def test_only_the_changed_fields_are_recorded_and_sent(self, advertiser) -> None:
        campaign = factories.campaign(title="Old", advertiser_id=advertiser.id, budget=(100, "USD"))
        edit(campaign, title="New", total_budget_minor=250)
        [change] = changes_of(campaign)

        assert (campaign.title, campaign.total_budget_minor, campaign.version) == ("New", 250, 2)
        assert (change.kind, change.fields) == (UPDATE, ["title", "budget"])
        assert campaign.sync_state == "waiting"
        assert events(campaign) == [
            ("edited", "title", "Old", "New"),
            ("edited", "budget", "USD 1.00", "USD 2.50"),
        ]

    def test_the_list_finds_and_sorts_it_by_the_new_values(self, advertiser) -> None:
        other = factories.advertiser(name="Zebra")
        campaign = factories.campaign(title="Old", advertiser_id=advertiser.id)
        edit(campaign, title="Größer", advertiser_id=other.id, external_id="E-9")

        for query in ("grosser", "zebra", "e-9"):
            params = listing.CAMPAIGNS.parse({"q": query})
            assert [row.id for row in listing.list_campaigns(params).items] == [campaign.id], query
        assert (campaign.title_key, campaign.advertiser_key) == ("grosser", "zebra")

    def test_saving_what_is_there_already_does_nothing(self) -> None:
        campaign = factories.campaign()
        edit(campaign)
        assert campaign.version == 1
        assert changes_of(campaign) == []
        assert events(campaign) == []

    def test_a_stale_form_is_refused_with_what_is_there_now(self) -> None:
        campaign = factories.campaign(title="Old")
        mine = replace(values_of(campaign), title="Mine")
        edit(campaign, title="Theirs")

        with pytest.raises(StaleEdit) as refused:
            service.edit_campaign(ACTOR, campaign, mine, 1, uuid.uuid4())

        assert refused.value.changed == {"title": "Theirs"}
        assert campaign.title == "Theirs"
        assert len(changes_of(campaign)) == 1

    def test_a_stale_form_that_wants_the_same_is_no_quarrel(self) -> None:
        campaign = factories.campaign(title="Old")
        edit(campaign, title="New")
        service.edit_campaign(ACTOR, campaign, values_of(campaign), 1, uuid.uuid4())
        assert campaign.version == 2

    def test_two_edits_at_once_are_one_edit_and_one_refusal(self, app: Flask) -> None:
        campaign_id = factories.campaign(title="Old").id
        db.session.commit()

        def work(title: str) -> str:
            with app.app_context():
                campaign = db.session.get_one(Campaign, campaign_id)
                wanted = replace(values_of(campaign), title=title)
                db.session.rollback()
                try:
                    with transaction():
                        service.edit_campaign(ACTOR, campaign, wanted, 1, uuid.uuid4())
                except StaleEdit:
                    return "refused"
                return title

        results = in_threads([lambda: work("one"), lambda: work("two")])

        [winner] = [result for result in results if result != "refused"]
        campaign = db.session.get_one(Campaign, campaign_id)
        assert (campaign.title, campaign.version) == (winner, 2)
        assert len(changes_of(campaign)) == 1

    def test_the_same_form_sent_twice_is_one_change(self) -> None:
        campaign, key = factories.campaign(), uuid.uuid4()
        wanted = replace(values_of(campaign), title="New")
        for _ in range(2):
            service.edit_campaign(ACTOR, campaign, wanted, 1, key)
        assert campaign.version == 2
        assert len(changes_of(campaign)) == 1

    def test_the_same_form_with_other_values_is_refused(self) -> None:
        campaign, key = factories.campaign(), uuid.uuid4()
        edit(campaign, key, title="New")
        with pytest.raises(KeyReused):
            edit(campaign, key, title="Newer")

    def test_a_broken_rule_is_named_and_nothing_is_changed(self) -> None:
        campaign = factories.campaign(title="Old")
        with pytest.raises(InvalidInput) as refused:
            edit(campaign, title=" ", total_budget_minor=5)
        assert set(refused.value.fields) == {"title", "total_budget_currency"}
        assert (campaign.title, campaign.version, changes_of(campaign)) == ("Old", 1, [])

    def test_what_stands_there_already_is_not_judged_again(self) -> None:
        campaign = factories.campaign(title="x" * 900, advertiser_id=None, external_id="y" * 500)
        edit(campaign, copy_needed=True)
        assert changes_of(campaign)[0].fields == ["copy_needed"]


class TestWaitingChanges:
    def test_a_waiting_change_is_absorbed_by_the_next(self) -> None:
        campaign = factories.campaign()
        edit(campaign, title="New")
        edit(campaign, external_id="E-2")
        edit(campaign, title="Newer")

        assert [c.state for c in changes_of(campaign)] == [SUPERSEDED, SUPERSEDED, READY]
        assert changes_of(campaign, READY)[0].fields == ["title", "external_id"]
        assert all(change.finished_at for change in changes_of(campaign, SUPERSEDED))

    def test_an_edit_before_the_create_was_sent_is_still_one_create(self, values) -> None:
        campaign = create(values)
        edit(campaign, title="Renamed")
        [change] = changes_of(campaign, READY)
        assert change.kind == CREATE
        assert change.fields == ["title", "advertiser", "external_id", "copy_needed", "budget"]

    @pytest.mark.parametrize("state", IN_FLIGHT)
    def test_a_change_in_flight_is_left_alone_and_the_next_waits(self, state) -> None:
        campaign = factories.campaign()
        flying = factories.change(campaign, state=state)
        edit(campaign, title="New")

        assert [c.state for c in changes_of(campaign)] == [state, READY]
        assert flying.fields == ["title"]

    def test_there_is_never_more_than_one_change_in_flight(self) -> None:
        campaign = factories.campaign()
        factories.change(campaign, state=SENT)
        factories.change(factories.campaign(), state=SENT)
        factories.change(campaign, state=APPLIED)
        with pytest.raises(IntegrityError):
            factories.change(campaign, state=CLAIMED)


class TestArchiving:
    def test_it_is_local_and_sends_nothing(self) -> None:
        campaign = factories.campaign()
        service.archive_campaign(ACTOR, campaign)
        assert campaign.archived_at is not None
        service.unarchive_campaign(ACTOR, campaign)
        assert campaign.archived_at is None
        assert changes_of(campaign) == []
        assert [action for action, *_ in events(campaign)] == ["archived", "unarchived"]

    def test_doing_it_twice_is_doing_it_once(self) -> None:
        campaign = factories.campaign()
        first = service.archive_campaign(ACTOR, campaign).archived_at
        assert service.archive_campaign(ACTOR, campaign).archived_at == first
        service.unarchive_campaign(ACTOR, campaign)
        service.unarchive_campaign(ACTOR, campaign)
        assert len(events(campaign)) == 2

    def test_an_archived_campaign_keeps_what_it_had_to_send(self, values) -> None:
        campaign = create(values)
        service.archive_campaign(ACTOR, campaign)
        assert len(changes_of(campaign, READY)) == 1
        assert campaign.sync_state == "waiting"
