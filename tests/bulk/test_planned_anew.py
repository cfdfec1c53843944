"""A draft that was planned anew since a tab showed it: nothing is done that nobody has seen."""

from tests import factories
from tests.bulk.desk import Desk, items, states
from tests.bulk.pressing import latest_job, press
from tests.support.pages import Page, get_page
from webapp.bulk import planning
from webapp.bulk.models import DRAFT, PLANNED, QUEUED, BulkJob
from webapp.bulk.operations import Archive, Operation, ReplaceInTitle, ScaleBudget
from webapp.core.db import db

DO_IT = "Do it, and send it to Megaphone"
ANEW = "This was planned anew meanwhile"


def draft(desk: Desk, operation: Operation, number: int = 3) -> BulkJob:
    return desk.plan(factories.campaigns(number, budget=(1000, "USD")), operation)


def plan_in_another_tab(desk: Desk, job: BulkJob, operation: Operation) -> None:
    planning.plan(desk.actor, job, operation)
    db.session.commit()


def open_tab(client, job: BulkJob) -> Page:
    return get_page(client, f"/bulk/{job.uuid}")


def test_what_was_planned_in_another_tab_is_shown_before_it_is_done(desk, manager_client) -> None:
    job = draft(desk, ScaleBudget("2"))
    tab = open_tab(manager_client, job)
    plan_in_another_tab(desk, job, ScaleBudget("-50"))

    page = press(tab, DO_IT, 409)

    assert ANEW in page.notices
    assert page.h1 == "Lower the budget by 50 %: 3 of 3"
    assert latest_job().state == DRAFT
    press(page, DO_IT)
    assert latest_job().state == QUEUED


def test_the_same_on_other_values_is_another_plan(desk, manager_client) -> None:
    campaign = factories.campaign(title="Old name")
    operation = ReplaceInTitle("name", "title", match_case=False)
    job = desk.plan([campaign.id], operation)
    tab = open_tab(manager_client, job)
    campaign.title, campaign.version = "New name", 2
    plan_in_another_tab(desk, job, operation)

    page = press(tab, DO_IT, 409)

    assert "Title from New name to New title" in page.text


def test_ticks_of_another_plan_are_not_taken_over(desk, manager_client) -> None:
    job = draft(desk, ScaleBudget("2"))
    tab = open_tab(manager_client, job)
    plan_in_another_tab(desk, job, Archive())

    page = press(tab, "Keep the ticks", tick=None)

    assert ANEW in page.notices
    assert states(job) == [PLANNED] * 3
    press(tab, DO_IT, 409, tick=None)
    assert states(job) == [PLANNED] * 3


def test_a_tick_that_a_script_keeps_leads_to_the_other_plan(desk, manager_client) -> None:
    job = draft(desk, ScaleBudget("2"))
    tab = open_tab(manager_client, job)
    plan_in_another_tab(desk, job, Archive())

    answer = manager_client.post(
        f"/bulk/{job.uuid}/tick",
        data=tab.form("Keep the ticks").values,
        headers={"HX-Request": "true"},
    )

    page = get_page(manager_client, answer.headers["HX-Redirect"])
    assert ANEW in page.notices
    assert page.h1 == "Archive: 3 of 3"


def test_what_was_meant_of_another_plan_has_to_be_meant_again(desk, manager_client) -> None:
    job = draft(desk, ScaleBudget("60"))
    tab = open_tab(manager_client, job)
    plan_in_another_tab(desk, job, ScaleBudget("900"))

    page = press(tab, DO_IT, 409, confirmed="y")

    assert "confirmed" not in page.form(DO_IT).values
    assert "Tick that this is meant" not in page.links
    press(page, DO_IT, 422)
    assert latest_job().state == DRAFT


def test_a_form_without_the_mark_starts_nothing(desk, manager_client) -> None:
    job = draft(desk, ScaleBudget("2"))

    press(open_tab(manager_client, job), DO_IT, 409, plan=None)

    assert latest_job().state == DRAFT


def test_a_second_plan_of_what_failed_is_marked_too(desk, manager_client) -> None:
    job = draft(desk, Archive(), number=1)
    items(job)[0].version = 9
    desk.run(job)

    page = press(open_tab(manager_client, job), "Select the failed ones")

    press(page, "Do it here")
    assert latest_job().state == QUEUED
