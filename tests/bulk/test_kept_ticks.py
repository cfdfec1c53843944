"""A session ends over a preview: what was unticked is not lost, and nothing is started unseen."""

import pytest

from tests import factories
from tests.auth.test_kept_form import SHOW, sign_in_on
from tests.bulk.desk import Desk, states
from tests.bulk.pressing import latest_job, press
from tests.support.client import Client
from tests.support.pages import Page, get_page
from webapp.auth.models import Operator
from webapp.bulk.models import DRAFT, LEFT_OUT, PLANNED, QUEUED, BulkJob
from webapp.bulk.operations import Archive, ScaleBudget

KEPT = "Your ticks are kept. Nothing is started yet"
SEND = "Do it, and send it to Megaphone"


@pytest.fixture
def draft(desk: Desk) -> BulkJob:
    return desk.plan(factories.campaigns(3), Archive())


def untick_signed_out(client: Client, job: BulkJob, button: str, **fields: str) -> Page:
    """The page that asks to sign in, after the first campaign was unticked."""
    page = get_page(client, f"/bulk/{job.uuid}")
    ticked = [box.get("value") for box in page.main.all("input", name="tick")]
    client.delete_cookie("flightdeck")
    return press(page, button, 401, tick=ticked[1:], **fields)


@pytest.mark.parametrize("button", ["Keep the ticks", "Do it here"])
def test_what_was_unticked_is_kept_and_nothing_is_started(
    manager_client: Client, manager: Operator, draft: BulkJob, button: str
) -> None:
    page = untick_signed_out(manager_client, draft, button)
    assert states(draft) == [PLANNED] * 3

    page = sign_in_on(page, manager).submit(SHOW)

    assert states(draft) == [LEFT_OUT, PLANNED, PLANNED]
    assert latest_job().state == DRAFT
    assert KEPT in page.notices
    assert page.h1 == "Archive: 2 of 3"
    press(page, "Do it here")
    assert latest_job().state == QUEUED


def test_the_tick_for_large_rises_is_kept_too(
    manager_client: Client, manager: Operator, desk: Desk
) -> None:
    job = desk.plan(factories.campaigns(2, budget=(5000, "USD")), ScaleBudget("60"))

    page = untick_signed_out(manager_client, job, SEND, confirmed="y")
    page = sign_in_on(page, manager).submit(SHOW)

    assert page.form(SEND).values["confirmed"] == "y"
    assert latest_job().state == DRAFT


def test_what_was_started_meanwhile_shows_how_far_it_is(
    manager_client: Client, manager: Operator, desk: Desk, draft: BulkJob
) -> None:
    page = untick_signed_out(manager_client, draft, "Do it here")
    desk.start(draft)

    page = sign_in_on(page, manager).submit(SHOW)

    assert states(draft) == [PLANNED] * 3
    assert "0 of 3 handled" in page.text


def test_somebody_else_s_ticks_stay_as_they_are(manager_client: Client, draft: BulkJob) -> None:
    page = untick_signed_out(manager_client, draft, "Do it here")

    page = sign_in_on(page, factories.operator("manager", email="other@example.com")).submit(SHOW)

    assert "This draft is manager@example.com’s" in page.text
    assert states(draft) == [PLANNED] * 3
