"""Owner and notes: changed like every other field, and no ad server is told."""

import uuid
from dataclasses import replace

import pytest

from tests import factories
from tests.campaigns.test_service import changes_of, create, edit, events
from tests.factories import ACTOR, values_of
from webapp.auth.models import Operator
from webapp.campaigns import fields, service
from webapp.campaigns.fields import EDITABLE, GROUPS, CampaignValues, editable, snapshot
from webapp.campaigns.models import CANCELLED, CREATE, READY, Campaign
from webapp.core.errors import InvalidInput, StaleEdit

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def ana(db_session) -> Operator:
    return factories.operator(email="ana@example.com")


@pytest.fixture
def campaign(db_session) -> Campaign:
    return factories.campaign(title="Spring")


def test_what_is_merged_and_sent_holds_nothing_local() -> None:
    assert set(EDITABLE) - set(GROUPS) == {"owner", "notes"}
    values = CampaignValues("Spring", 1, owner_id=7, notes="Call first")
    assert tuple(snapshot(values)) == GROUPS
    assert tuple(editable(values)) == EDITABLE
    assert fields.values_of(editable(values)) == values


def test_values_from_a_snapshot_without_the_local_groups_are_refused() -> None:
    # Silently, an edit made of them would empty owner and notes.
    with pytest.raises(KeyError):
        fields.values_of(snapshot(CampaignValues("Spring", 1)))


def test_an_owner_and_notes_are_recorded_and_not_sent(campaign, ana) -> None:
    edit(campaign, owner_id=ana.id, notes="Call first")

    assert (campaign.owner_id, campaign.notes, campaign.version) == (ana.id, "Call first", 2)
    assert campaign.owner_key == "ana@example.com"
    assert changes_of(campaign) == []
    assert campaign.sync_state == "confirmed"
    assert events(campaign) == [
        ("edited", "owner", None, "ana@example.com"),
        ("edited", "notes", None, "Call first"),
    ]


def test_taking_them_away_is_recorded_too(ana) -> None:
    campaign = factories.campaign(owner=ana, notes="Call first")
    edit(campaign, owner_id=None, notes=None)

    assert (campaign.owner_id, campaign.notes, campaign.owner_key) == (None, None, "")
    assert events(campaign) == [
        ("edited", "owner", "ana@example.com", None),
        ("edited", "notes", "Call first", None),
    ]


def test_beside_a_field_that_is_sent_only_that_is_sent(campaign, ana) -> None:
    edit(campaign, title="Summer", owner_id=ana.id)
    [change] = changes_of(campaign)

    assert change.fields == ["title"]
    assert (change.before, change.after) == ({"title": "Spring"}, {"title": "Summer"})
    assert [field for _, field, *_ in events(campaign)] == ["title", "owner"]


def test_an_edit_of_what_is_sent_leaves_them_alone(ana) -> None:
    campaign = factories.campaign(owner=ana, notes="Call first")
    edit(campaign, title="Summer")
    assert (campaign.owner_id, campaign.notes) == (ana.id, "Call first")
    assert campaign.owner_key == "ana@example.com"


def test_a_booking_has_them_from_the_start_and_sends_the_rest(ana) -> None:
    wanted = CampaignValues(
        "Spring", factories.advertiser().id, "PO-7", owner_id=ana.id, notes="Call first"
    )
    campaign = create(wanted)

    assert values_of(campaign) == wanted
    assert campaign.owner_key == "ana@example.com"
    [change] = changes_of(campaign)
    assert change.fields == list(GROUPS)
    assert set(change.after) == set(GROUPS)
    assert ("booked", "owner", None, "ana@example.com") in events(campaign)
    assert ("booked", "notes", None, "Call first") in events(campaign)


def test_a_change_that_waits_stays_as_it_is(campaign, ana) -> None:
    edit(campaign, title="Summer")
    edit(campaign, notes="Call first")

    [change] = changes_of(campaign)
    assert (change.state, change.fields) == (READY, ["title"])
    assert campaign.sync_state == "waiting"


def test_a_booking_that_was_cancelled_is_not_sent_by_it(ana) -> None:
    campaign = factories.campaign(waiting=True)
    factories.change(campaign, kind=CREATE, state=CANCELLED)
    edit(campaign, notes="Not this year")
    assert campaign.notes == "Not this year"
    assert len(changes_of(campaign)) == 1


def test_notes_of_a_campaign_in_conflict_settle_nothing(campaign) -> None:
    conflict = factories.conflict(campaign, "title", theirs="Theirs")
    edit(campaign, notes="Ask them")
    assert conflict.decided_at is None


def test_two_people_s_notes_are_not_overwritten_unseen(campaign) -> None:
    mine = replace(values_of(campaign), notes="Mine")
    edit(campaign, notes="Theirs")

    with pytest.raises(StaleEdit) as refused:
        service.edit_campaign(ACTOR, campaign, mine, 1, uuid.uuid4())

    assert refused.value.changed == {"notes": "Theirs"}
    assert campaign.notes == "Theirs"


def test_the_same_form_sent_twice_is_one_edit(campaign) -> None:
    wanted, key = replace(values_of(campaign), notes="Call first"), uuid.uuid4()
    for _ in range(2):
        service.edit_campaign(ACTOR, campaign, wanted, 1, key)
    assert campaign.version == 2
    assert len(events(campaign)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"owner_id": 999_999}, "owner_id"), ({"notes": "x" * 5_001}, "notes")],
)
def test_a_broken_rule_is_named_at_its_field(campaign, change, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        edit(campaign, **change)
    assert list(refused.value.fields) == [field]
    assert campaign.version == 1


def test_an_owner_who_left_may_stay_and_is_not_given_more(campaign) -> None:
    left = factories.operator(email="left@example.com", active=False)
    owned = factories.campaign(owner=left)
    edit(owned, title="Summer")
    assert owned.owner_id == left.id
    with pytest.raises(InvalidInput):
        edit(campaign, owner_id=left.id)
