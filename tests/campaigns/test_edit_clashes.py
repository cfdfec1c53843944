"""Two edits of one campaign: of two operators, of one form sent twice, of both sides."""

import pytest

from tests import factories
from tests.campaigns.form_work import SAVE, edit_address, edit_elsewhere, stored
from tests.campaigns.test_campaign_page import in_conflict
from tests.support.pages import get_page
from webapp.campaigns.models import Change
from webapp.core.db import db


def test_an_edit_on_top_of_someone_else_s_is_shown_not_saved(manager_client):
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"))
    form = get_page(manager_client, edit_address(campaign))
    edit_elsewhere(campaign, total_budget_minor=480000)

    page = form.submit(SAVE, {"total_budget": "5000"}, status=409)

    assert "was changed since you opened it" in page.notices
    assert "Budget is now USD 4,800.00, from tester@example.com" in page.notices
    assert "There now: USD 4,800.00" in page.text
    assert page.form(SAVE).values["total_budget"] == "5000"
    assert stored(campaign).total_budget_minor == 480000
    page.submit(SAVE)
    assert stored(campaign).total_budget_minor == 500000


def test_what_only_the_other_changed_is_taken_into_the_form(manager_client):
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"))
    form = get_page(manager_client, edit_address(campaign))
    edit_elsewhere(campaign, title="Spring, renamed")

    page = form.submit(SAVE, {"total_budget": "5000"}, status=409)

    assert page.form(SAVE).values["title"] == "Spring, renamed"
    assert "You had not changed it, so the field holds it now." in page.text
    assert "Budget is now" not in page.notices
    page.submit(SAVE)
    after = stored(campaign)
    assert (after.title, after.total_budget_minor) == ("Spring, renamed", 500000)


@pytest.mark.parametrize("damage", [{"version": "x"}, {"version": ""}, {"opened": "{"}])
def test_a_form_that_was_tampered_with_overwrites_nothing(manager_client, damage):
    campaign = factories.campaign(title="Spring")
    form = get_page(manager_client, edit_address(campaign))
    edit_elsewhere(campaign, title="Summer")

    page = form.submit(SAVE, {"title": "Autumn"} | damage, status=409)

    assert page.form(SAVE).values["title"] == "Autumn"
    assert stored(campaign).title == "Summer"


def test_an_edit_sent_twice_is_one_change(manager_client):
    campaign = factories.campaign(title="Spring")
    form = get_page(manager_client, edit_address(campaign))

    first, second = (form.submit(SAVE, {"title": "Summer"}) for _ in range(2))

    assert first.url == second.url
    assert db.session.query(Change).count() == 1


def test_the_key_of_an_edit_with_other_values_changes_nothing_more(manager_client):
    campaign = factories.campaign(title="Spring")
    form = get_page(manager_client, edit_address(campaign))
    form.submit(SAVE, {"title": "Summer"})

    page = form.submit(SAVE, {"title": "Autumn"}, status=409)

    assert page.form(SAVE).values["title"] == "Autumn"
    assert page.follow("Open the form again").form(SAVE).values["title"] == "Summer"
    assert stored(campaign).title == "Summer"


def test_a_value_typed_over_a_conflict_settles_it(manager_client):
    campaign = in_conflict()

    page = get_page(manager_client, f"/campaigns/{campaign.uuid}").follow("Another value…")
    page = page.submit(SAVE, {"total_budget": "4900"})

    assert "Keep ours and send to Megaphone" not in page.text
    assert stored(campaign).total_budget_minor == 490000
    assert stored(campaign).sync_state == "waiting"
