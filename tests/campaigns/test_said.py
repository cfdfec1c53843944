"""What is said after saving: the truth about what becomes of it, in one sentence."""

from datetime import timedelta

import pytest

from tests import factories
from tests.campaigns.form_work import SAVE, edit_address, edit_elsewhere, in_conflict
from tests.support.pages import get_page
from webapp.campaigns import outgoing, queries
from webapp.campaigns.said import joined
from webapp.core.clock import utc_now

pytestmark = pytest.mark.usefixtures("db_session")


def saved(client, campaign, **typed):
    return get_page(client, edit_address(campaign)).submit(SAVE, typed or {"title": "New"}).notices


def test_what_goes_out_at_once_is_on_its_way(manager_client):
    assert "on its way to Megaphone" in saved(manager_client, factories.campaign())


def test_saving_nothing_new_does_not_claim_that_it_is_sent(manager_client):
    campaign = factories.campaign(title="Same")

    words = saved(manager_client, campaign, title="Same")

    assert "There is nothing new to send." in words
    assert "on its way" not in words


def test_a_field_in_conflict_is_said_not_to_be_sent(manager_client):
    words = saved(manager_client, in_conflict())

    assert "Not sent until it is decided: budget, in conflict with Megaphone." in words


def test_an_edit_that_joins_a_change_on_hold_says_who_holds_it(manager_client):
    campaign = factories.campaign()
    edit_elsewhere(campaign, external_id="PO-1")
    outgoing.hold(factories.ACTOR, queries.changes_of(campaign)[0])

    words = saved(manager_client, campaign)

    assert "joins a change that tester@example.com has put on hold" in words


def test_an_edit_that_joins_a_change_that_was_put_off_says_when(manager_client):
    campaign = factories.campaign()
    edit_elsewhere(campaign, external_id="PO-1")
    later = utc_now() + timedelta(days=2)
    outgoing.send_at(factories.ACTOR, queries.changes_of(campaign)[0], later)

    assert "as was set before" in saved(manager_client, campaign)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"held_at": factories.SOME_DAY, "held_by": "Ana", "hold_reason": "Audit."}, "Audit."),
        ({"state": "paused", "state_reason": "It refused the token."}, "It refused the token."),
    ],
    ids=["on hold", "paused"],
)
def test_a_connection_that_sends_nothing_is_said_with_its_reason(manager_client, columns, words):
    campaign = factories.campaign()
    for name, value in columns.items():
        setattr(factories.the_connection(), name, value)

    said = saved(manager_client, campaign)

    assert "It waits:" in said
    assert words in said


def test_an_edit_of_a_booking_in_doubt_waits_for_that(manager_client):
    campaign = factories.campaign(waiting=True, sync_state="parked")
    factories.change(campaign, state="parked", sent_payload={"title": "x"})

    assert "settled whether the booking arrived" in saved(manager_client, campaign)


@pytest.mark.parametrize(
    ("names", "words"),
    [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
    ids=["one", "two", "three"],
)
def test_names_are_joined_as_people_do(names, words):
    assert joined(names) == words
