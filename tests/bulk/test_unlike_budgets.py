"""Budgets that change by much, or into what they cannot be compared with, have to be meant."""

from typing import Any

import pytest

from tests import factories
from tests.bulk.desk import Desk, item
from tests.bulk.pressing import latest_job, press
from tests.support.pages import get_page
from webapp.bulk.models import DRAFT, QUEUED
from webapp.bulk.operations import AddToBudget, ScaleBudget, SetBudget
from webapp.bulk.warnings import CURRENCY, FALLS, FROM_ZERO, RISES, budget_change

DO_IT = "Do it, and send it to Megaphone"
USD, JPY = "USD", "JPY"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ((1000, USD), (1500, USD), None),
        ((1000, USD), (1501, USD), RISES),
        ((1000, USD), (500, USD), None),
        ((1000, USD), (499, USD), FALLS),
        ((1000, USD), (0, USD), FALLS),
        ((1000, USD), None, FALLS),
        ((1000, JPY), (0, USD), FALLS),
        ((1000, JPY), (1000, USD), CURRENCY),
        ((0, JPY), (1000, USD), CURRENCY),
        ((0, USD), (1, USD), FROM_ZERO),
        ((0, USD), None, None),
        (None, (9_000_000_000, USD), None),
    ],
)
def test_what_has_to_be_meant(before: Any, after: Any, change: str | None) -> None:
    assert budget_change(before, after) == change


@pytest.mark.parametrize(
    ("before", "operation", "words"),
    [
        ((1000, USD), ScaleBudget("-100"), "The falls by more than half (1) are meant"),
        ((1000, USD), AddToBudget(-900, USD), "The falls by more than half (1) are meant"),
        ((1000, JPY), SetBudget(9_000_000_000, USD), "The changes of currency (1) are meant"),
        ((0, USD), SetBudget(9_000_000_000, USD), "The rises from 0 (1) are meant"),
    ],
)
def test_it_is_started_once_that_was_said(
    desk: Desk, manager_client, before: Any, operation: Any, words: str
) -> None:
    job = desk.plan([factories.campaign(budget=before).id], operation)
    page = get_page(manager_client, f"/bulk/{job.uuid}")
    assert words in page.text

    page = press(page, DO_IT, 422)

    assert "Tick that this is meant, or leave them out." in page.notices
    assert all(way in page.notices for way in ("fall by more", "rise from 0", "their currency"))
    assert latest_job().state == DRAFT
    press(page, DO_IT, confirmed="y")
    assert latest_job().state == QUEUED


def test_the_tick_names_each_kind_with_its_number(desk: Desk, manager_client) -> None:
    budgets = [(1, USD), (2, USD), (900_000, USD), (1000, JPY), (1000, JPY), (1000, JPY)]
    ids = [factories.campaign(budget=budget).id for budget in budgets]
    job = desk.plan(ids, SetBudget(1000, USD))

    page = get_page(manager_client, f"/bulk/{job.uuid}")

    said = (
        "The rises of more than 50 % (2), falls by more than half (1) and changes of currency (3)"
    )
    assert f"{said} are meant" in page.text


def test_a_first_budget_is_started_without_a_word(desk: Desk, manager_client) -> None:
    job = desk.plan([factories.campaign().id], SetBudget(9_000_000_000, USD))

    press(get_page(manager_client, f"/bulk/{job.uuid}"), DO_IT)

    assert latest_job().state == QUEUED
    assert item(job).warnings is None
