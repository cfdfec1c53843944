"""The tabs of a preview: how many are in each, and ticks that no way out of the page loses."""

import pytest

from tests import factories
from tests.bulk.desk import Desk, states
from tests.bulk.pressing import press
from tests.support.pages import Page, get_page
from webapp.bulk.models import LEFT_OUT, PLANNED, BulkJob
from webapp.bulk.operations import Archive, SetOwner
from webapp.core.clock import utc_now


def tabs(page: Page, tag: str = "button") -> list[str]:
    (strip,) = page.main.all("nav", id="draft-parts")
    return [each.text for each in strip.all(tag)]


def ticked(page: Page) -> list[str]:
    return [box["value"] for box in page.main.all("input", name="tick") if box.has("checked")]


@pytest.fixture
def job(desk: Desk) -> BulkJob:
    ids = factories.campaigns(4, budget=(500, "USD"))
    ids += [
        factories.campaign(archived_at=utc_now()).id,
        factories.campaign(owner=desk.operator).id,
    ]
    return desk.plan(ids, SetOwner(desk.operator.id, desk.operator.email))


def test_each_says_how_many_are_in_it(manager_client, job: BulkJob) -> None:
    page = get_page(manager_client, f"/bulk/{job.uuid}")
    expected = ["All 6", "With a warning 1", "To be changed 5", "No change 1", "Left out 0"]

    assert tabs(page) == expected
    page = press(page, "Keep the ticks", tick=ticked(page)[2:])
    assert tabs(page) == [*expected[:2], "To be changed 3", "No change 1", "Left out 2"]


def test_another_tab_keeps_what_was_unticked(manager_client, job: BulkJob) -> None:
    page = get_page(manager_client, f"/bulk/{job.uuid}")

    page = press(page, "To be changed 5", tick=ticked(page)[2:])

    assert "show=planned" in page.url
    assert page.main.one("button", **{"aria-current": "page"}).text == "To be changed 3"
    assert len(ticked(page)) == 3
    assert states(job).count(LEFT_OUT) == 2
    page = press(page, "All 6")
    assert "show=" not in page.url
    assert len(ticked(page)) == 3


def test_who_cannot_start_it_gets_links_and_pages(viewer_client, desk: Desk) -> None:
    job = desk.plan(factories.campaigns(101), Archive())

    page = get_page(viewer_client, f"/bulk/{job.uuid}?show=planned")

    assert tabs(page) == []
    assert tabs(page, "a")[2] == "To be changed 101"
    page = page.follow("Next")
    assert "101–101 of 101" in page.text
    assert states(job) == [PLANNED] * 101


def test_a_campaign_leads_back_to_its_row(desk: Desk, manager_client) -> None:
    ids = factories.campaigns(2, title="Spring")
    job = desk.plan(ids, Archive())
    draft = get_page(manager_client, f"/bulk/{job.uuid}?show=planned")

    page = draft.follow("Spring")

    back = page.links["Bulk change"]
    assert back.startswith(f"/bulk/{job.uuid}?show=planned")
    assert draft.main.one("tr", id=back.partition("#")[2])
    desk.run(job)
    page = get_page(manager_client, f"/bulk/{job.uuid}").follow("Spring")
    assert page.links["Bulk change"].startswith(f"/bulk/{job.uuid}?page=1#")
