"""Deciding what both sides changed: the value, what is sent, and what the record says."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.campaigns.test_service import changes_of, edit, events
from tests.factories import ACTOR, values_of
from webapp.campaigns import queries, service
from webapp.campaigns.models import READY, Campaign, Conflict
from webapp.core.errors import InvalidInput, NotFound, StaleEdit


@pytest.fixture
def campaign(db_session) -> Campaign:
    """Ours says USD 2.00, theirs says EUR 3.00, the base was USD 1.00."""
    campaign = factories.campaign(title="Spring", budget=(100, "USD"))
    edit(campaign, total_budget_minor=200)
    factories.conflict(campaign, "budget", base=[100, "USD"], theirs=[300, "EUR"])
    service.refresh_sync_state(campaign)
    return campaign


def the_conflict(campaign: Campaign) -> Conflict:
    [conflict] = queries.open_conflicts(campaign)
    return conflict


def budget(campaign: Campaign) -> tuple[int | None, str | None]:
    return campaign.total_budget_minor, campaign.total_budget_currency


def test_an_open_conflict_is_what_the_campaign_shows(campaign: Campaign) -> None:
    assert (campaign.sync_state, campaign.sync_detail) == ("conflict", "budget")


def test_keeping_ours_sends_it_over_theirs(campaign: Campaign) -> None:
    conflict = the_conflict(campaign)
    service.decide_conflict(ACTOR, campaign, conflict.id, "ours")

    assert budget(campaign) == (200, "USD")
    assert campaign.base["budget"] == [300, "EUR"]
    assert changes_of(campaign, READY)[0].fields == ["budget"]
    assert campaign.sync_state == "waiting"
    assert events(campaign)[-1] == ("kept ours", "budget", "EUR 3.00", "USD 2.00")
    assert (conflict.decision, queries.open_conflicts(campaign)) == ("ours", [])


def test_taking_theirs_sends_nothing_new(campaign: Campaign) -> None:
    waiting = len(changes_of(campaign))
    service.decide_conflict(ACTOR, campaign, the_conflict(campaign).id, "theirs")

    assert budget(campaign) == (300, "EUR")
    assert campaign.budget_key.startswith("EUR")
    assert len(changes_of(campaign)) == waiting
    assert events(campaign)[-1] == ("kept theirs", "budget", "USD 2.00", "EUR 3.00")


def test_taking_their_advertiser_moves_the_campaign_in_lists(db_session) -> None:
    theirs = factories.advertiser(name="Zebra")
    campaign = factories.campaign()
    conflict = factories.conflict(campaign, "advertiser", theirs=theirs.id)
    service.decide_conflict(ACTOR, campaign, conflict.id, "theirs")

    assert campaign.advertiser_id == theirs.id
    assert campaign.advertiser_key == "zebra"
    assert events(campaign)[-1][3] == "Zebra"


def test_typing_a_third_value_settles_it(campaign: Campaign) -> None:
    conflict = the_conflict(campaign)
    edit(campaign, total_budget_minor=250)

    assert conflict.decision == "typed"
    assert campaign.base["budget"] == [300, "EUR"]
    assert changes_of(campaign, READY)[0].fields == ["budget"]
    assert campaign.sync_state == "waiting"
    assert "settled conflict" in [action for action, *_ in events(campaign)]


def test_editing_another_field_leaves_it_open(campaign: Campaign) -> None:
    edit(campaign, title="Summer")
    assert the_conflict(campaign).field_group == "budget"
    assert campaign.sync_state == "conflict"


def test_a_form_from_before_the_decision_is_stale(campaign: Campaign) -> None:
    before, version = values_of(campaign), campaign.version
    service.decide_conflict(ACTOR, campaign, the_conflict(campaign).id, "theirs")

    with pytest.raises(StaleEdit):
        service.edit_campaign(ACTOR, campaign, replace(before, title="x"), version, uuid.uuid4())


def test_a_conflict_is_decided_once(campaign: Campaign) -> None:
    conflict = the_conflict(campaign)
    service.decide_conflict(ACTOR, campaign, conflict.id, "ours")
    with pytest.raises(NotFound):
        service.decide_conflict(ACTOR, campaign, conflict.id, "theirs")
    assert budget(campaign) == (200, "USD")


def test_a_conflict_of_another_campaign_cannot_be_decided_here(campaign: Campaign) -> None:
    other = factories.campaign()
    with pytest.raises(NotFound):
        service.decide_conflict(ACTOR, other, the_conflict(campaign).id, "ours")
    assert the_conflict(campaign)


def test_a_decision_is_ours_or_theirs(campaign: Campaign) -> None:
    with pytest.raises(InvalidInput):
        service.decide_conflict(ACTOR, campaign, the_conflict(campaign).id, "both")
    assert the_conflict(campaign)


def test_a_group_has_one_open_conflict_at_most(campaign: Campaign) -> None:
    with pytest.raises(IntegrityError):
        factories.conflict(campaign, "budget", theirs=None)
