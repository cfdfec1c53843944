"""The owner on the campaign form where too many are there to be listed: typed, and looked up."""

import pytest

from tests import factories
from tests.auth.test_kept_form import SHOW, send_signed_out, sign_in_on
from tests.bulk.pressing import press
from tests.campaigns.form_work import BOOK, SAVE, edit_address, edit_elsewhere, stored
from tests.support.pages import get_page
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.campaigns.named import MOST_LISTED
from webapp.core.db import db


@pytest.fixture
def people(manager: Operator) -> list[Operator]:
    """With the manager, one more than can be listed."""
    emails = [f"person{number:02}@example.com" for number in range(MOST_LISTED)]
    return [factories.operator(email=email) for email in emails]


@pytest.fixture
def campaign(people: list[Operator]) -> Campaign:
    return factories.campaign(title="Spring", owner=people[3])


def saved(page, campaign: Campaign, typed: str) -> int | None:
    page.submit(SAVE, {"owner_name": typed})
    db.session.expire_all()
    return stored(campaign).owner_id


def test_fifty_are_a_list_and_more_are_typed(manager_client, campaign, people):
    page = get_page(manager_client, edit_address(campaign))
    assert page.form(SAVE).values["owner_name"] == people[3].email
    assert page.main.all("select", name="owner_id") == []

    people[0].active = False
    db.session.commit()

    page = get_page(manager_client, edit_address(campaign))
    assert page.form(SAVE).values["owner_id"] == str(people[3].id)
    [owners] = page.main.all("select", name="owner_id")
    assert len(owners.all("option")) == MOST_LISTED + 1


@pytest.mark.parametrize("typed", ["person07@example.com", "PERSON07", " person07 "])
def test_one_that_fits_is_meant(manager_client, campaign, people, typed):
    page = get_page(manager_client, edit_address(campaign))
    assert saved(page, campaign, typed) == people[7].id


@pytest.mark.parametrize("typed", ["", "nobody"])
def test_nobody_is_left_empty_or_said(manager_client, campaign, typed):
    page = get_page(manager_client, edit_address(campaign))
    assert saved(page, campaign, typed) is None


def test_me_is_who_types(manager_client, manager, campaign):
    page = get_page(manager_client, edit_address(campaign))
    assert saved(page, campaign, "me") == manager.id


def test_untouched_it_stays_though_they_have_left(manager_client, campaign, people):
    people[3].active = False
    factories.operator(email="another@example.com")
    db.session.commit()
    page = get_page(manager_client, edit_address(campaign))

    page.submit(SAVE, {"title": "Summer"})

    assert (stored(campaign).title, stored(campaign).owner_id) == ("Summer", people[3].id)


def test_which_of_several_is_asked_and_nothing_is_saved_before(manager_client, campaign, people):
    page = get_page(manager_client, edit_address(campaign))

    page = page.submit(SAVE, {"title": "Summer", "owner_name": "person0"}, status=422)
    assert "Several owners match “person0”. Press the one" in page.errors["owner_name"]
    page = press(page, "person09@example.com")
    assert stored(campaign).title == "Spring"
    assert page.form(SAVE).values["owner_name"] == "person09@example.com"
    page.submit(SAVE)

    assert (stored(campaign).title, stored(campaign).owner_id) == ("Summer", people[9].id)


def test_nobody_called_so_is_said_beside_what_else_is_wrong(manager_client, campaign):
    page = get_page(manager_client, edit_address(campaign))

    typed = {"owner_name": "xyzzy", "total_budget": "lots"}
    page = page.submit(SAVE, typed, status=422)

    assert "No owner matches “xyzzy”." in page.errors["owner_name"]
    assert "total_budget" in page.errors
    assert page.form(SAVE).values["owner_name"] == "xyzzy"


def test_who_left_meanwhile_is_refused_at_the_field(manager_client, campaign, people):
    page = get_page(manager_client, edit_address(campaign))
    people[5].active = False
    factories.operator(email="another@example.com")
    db.session.commit()

    typed = {"owner_name": people[5].email, "owner_id": str(people[5].id)}
    page = page.submit(SAVE, typed, status=422)

    assert "Pick an owner from the list." in page.errors["owner_name"]


def test_a_new_campaign_is_whose_it_is_typed(manager_client, manager, people):
    buyer = factories.advertiser()
    page = get_page(manager_client, "/campaigns/new")
    assert page.form(BOOK).values["owner_name"] == manager.email

    page.submit(
        BOOK, {"title": "New", "advertiser_id": str(buyer.id), "owner_name": people[1].email}
    )

    assert db.session.query(Campaign).filter_by(title="New").one().owner_id == people[1].id


def test_it_is_kept_when_a_session_ends(manager_client, manager, campaign, people):
    page = get_page(manager_client, edit_address(campaign))

    page = send_signed_out(manager_client, page, {"owner_name": "person08"}, SAVE)
    page = sign_in_on(page, manager).submit(SHOW)
    page.submit(SAVE)

    assert stored(campaign).owner_id == people[8].id


def test_it_is_weighed_against_what_somebody_saved_meanwhile(manager_client, campaign, people):
    page = get_page(manager_client, edit_address(campaign))
    edit_elsewhere(campaign, owner_id=people[1].id)

    page = page.submit(SAVE, {"owner_name": "person08"}, status=409)
    assert people[8].email in page.text
    assert people[1].email in page.text
    page.submit(SAVE)

    assert stored(campaign).owner_id == people[8].id
