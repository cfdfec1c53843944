"""A budget that rises by much, or cannot be compared, is asked about wherever it is decided."""

import pytest

from tests import factories
from tests.campaigns.form_work import (
    SAVE,
    SETTLE,
    conflicts_address,
    edit_address,
    edit_elsewhere,
    in_conflict,
    stored,
)
from tests.campaigns.test_edit_clashes import clash
from tests.support.pages import get_page
from webapp.campaigns import queries

ASKED = "Tick the box if a rise by more than 50 % is meant"


@pytest.fixture
def campaign(db_session):
    return factories.campaign(title="Spring", budget=(450000, "USD"))


def ticked(page):
    """What a browser sends for the box, when it is ticked."""
    return {"budget_tick": page.root.one("input", id="budget_tick")["value"]}


def test_another_value_on_the_page_of_a_clash_is_asked_about(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)
    answer = {"choice-budget": "typed", "total_budget": "50000"}

    page = page.submit(SAVE, answer, status=422)

    assert f"Budget: {ASKED}: USD 50,000.00 – now USD 4,800.00 (+942 %)" in page.notices
    assert stored(campaign).total_budget_minor == 480000
    page = page.submit(SAVE, ticked(page))
    assert stored(campaign).total_budget_minor == 5_000_000


def test_one_s_own_value_on_it_is_asked_about_when_the_other_lowered_it(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)
    hidden = {"mine-total_budget": "9000"}

    page = page.submit(SAVE, hidden, status=422)

    assert ASKED in page.notices
    page.submit(SAVE, ticked(page))
    assert stored(campaign).total_budget_minor == 900_000


def test_what_was_ticked_in_the_form_is_not_asked_again(manager_client, campaign):
    form = get_page(manager_client, edit_address(campaign))
    form = form.submit(SAVE, {"total_budget": "9000", "title": "Mine"}, status=422)
    edit_elsewhere(campaign, title="Theirs")
    page = form.submit(SAVE, ticked(form), status=409)

    page.submit(SAVE)

    after = stored(campaign)
    assert (after.total_budget_minor, after.title) == (900_000, "Mine")


def test_a_tick_for_other_figures_does_not_count(manager_client, campaign):
    page = clash(manager_client, campaign, {"total_budget": "5000"}, total_budget_minor=480000)
    answer = {"choice-budget": "typed", "total_budget": "50000"}
    page = page.submit(SAVE, answer, status=422)

    page = page.submit(SAVE, ticked(page) | {"total_budget": "60000"}, status=422)

    assert "USD 60,000.00" in page.notices
    assert stored(campaign).total_budget_minor == 480000


@pytest.mark.parametrize(
    ("theirs", "answer", "budget"),
    [
        (480000, {"choice-budget": "typed", "total_budget": "9000"}, 900_000),
        (200000, {"choice-budget": "ours"}, 500_000),
    ],
)
def test_in_a_conflict_the_rise_is_that_over_what_megaphone_has(
    manager_client, db_session, theirs, answer, budget
):
    campaign = in_conflict(title="Ours")
    queries.open_conflicts(campaign)[0].theirs = [theirs, "USD"]
    db_session.commit()

    page = get_page(manager_client, conflicts_address(campaign)).submit(SETTLE, answer, status=422)

    assert ASKED in page.notices
    assert len(queries.open_conflicts(stored(campaign))) == 1
    page.submit(SETTLE, ticked(page))
    assert stored(campaign).total_budget_minor == budget
    assert not queries.open_conflicts(stored(campaign))


def test_another_currency_is_asked_about_on_the_page_of_a_clash(manager_client, campaign):
    other = {"total_budget_minor": 480000, "total_budget_currency": "EUR"}
    page = clash(manager_client, campaign, {"total_budget": "4600"}, **other)

    page = page.submit(SAVE, {"choice-budget": "ours"}, status=422)

    assert "Tick the box if another currency is meant: USD 4,600.00" in page.notices
    page.submit(SAVE, ticked(page))
    assert stored(campaign).total_budget_currency == "USD"


def test_a_budget_where_megaphone_has_0_is_asked_about(manager_client, db_session):
    campaign = in_conflict(title="Ours")
    queries.open_conflicts(campaign)[0].theirs = [0, "USD"]
    db_session.commit()
    page = get_page(manager_client, conflicts_address(campaign))

    page = page.submit(SETTLE, {"choice-budget": "ours"}, status=422)

    assert "Tick the box if a rise from 0 is meant: USD 5,000.00 – now USD 0.00" in page.notices
    page.submit(SETTLE, ticked(page))
    assert not queries.open_conflicts(stored(campaign))


@pytest.mark.parametrize("choice", ["theirs", "ours"])
def test_what_does_not_rise_by_much_is_not_asked_about(manager_client, db_session, choice):
    campaign = in_conflict(title="Ours")
    if choice == "theirs":
        queries.open_conflicts(campaign)[0].theirs = [9_000_000, "USD"]
        db_session.commit()

    page = get_page(manager_client, conflicts_address(campaign))
    page.submit(SETTLE, {"choice-budget": choice})

    assert not queries.open_conflicts(stored(campaign))
