"""The page of a started job: progress, pausing, stopping, results, and trying the failed again."""

from datetime import timedelta

import pytest

from tests import factories
from tests.bulk.desk import Desk, items, states
from tests.bulk.pressing import latest_job, press
from tests.support.markup import parse
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.bulk import planning, runner, service, views
from webapp.bulk.models import CANCELLED, FINISHED, IMPORT, PAUSED, QUEUED, BulkJob
from webapp.bulk.operations import Archive, ReplaceInTitle, ScaleBudget
from webapp.bulk.service import Planned
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}


def address(job: BulkJob) -> str:
    return f"/bulk/{job.uuid}"


def half_done(desk: Desk) -> BulkJob:
    """Of 150 items, 50 done, 15 seconds after it began."""
    job = desk.start(desk.plan(factories.campaigns(3 * runner.BATCH), Archive()))
    runner.run_batch(job.id, utc_now())
    db.session.refresh(job)
    job.started_at = utc_now() - timedelta(seconds=15)
    db.session.commit()
    return job


def test_a_running_job_says_how_far_it_is_and_how_long_it_takes(
    desk: Desk, manager_client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = half_done(desk)
    # A second later it would be two more that are left.
    looked_at = job.started_at + timedelta(seconds=15)
    monkeypatch.setattr(views, "utc_now", lambda: looked_at)
    page = get_page(manager_client, address(job))
    assert page.h1 == "Archive – 150 campaigns"
    assert "50 of 150 handled: 50 done, 0 without change, 0 not done." in page.text
    assert "About 30 s left here." in page.text
    assert page.main.one("progress")["max"] == "150"


def test_the_region_renews_itself_until_it_is_over(desk: Desk, manager_client) -> None:
    job = half_done(desk)
    live = parse(manager_client.get(address(job), headers=HTMX).text)
    assert {e["id"] for e in live.walk() if e.has("id")} >= {"job", "job-verbs", "job-rows"}
    assert all(e.get("data-live", address(job)).startswith(address(job)) for e in live.walk())
    assert [e["id"] for e in live.walk() if e.has("data-live")] == ["job"]

    desk.finish(job)

    live = parse(manager_client.get(address(job), headers=HTMX).text)
    assert [e for e in live.walk() if e.has("data-live")] == []


def test_what_megaphone_has_heard_is_told_until_it_has_all(desk: Desk, manager_client) -> None:
    job = desk.do(factories.campaigns(2, budget=(500, "USD")), ScaleBudget("10"))
    page = get_page(manager_client, address(job))
    assert "Megaphone has confirmed 0 of 2; the rest takes less than a minute." in page.text
    assert page.main.all("div", id="job")[0].has("data-live")


def test_a_job_is_paused_goes_on_and_is_stopped_with_a_press(desk: Desk, manager_client) -> None:
    job = half_done(desk)
    page = press(get_page(manager_client, address(job)), "Pause")
    assert latest_job().state == PAUSED
    assert "Paused by manager@example.com." in page.text

    page = press(page, "Go on")
    assert latest_job().state == QUEUED
    assert "Paused by" not in page.text

    page = press(page, "Stop")
    assert latest_job().state == CANCELLED
    assert "100 left out" in page.text
    said = db.session.query(AuditEvent.action).filter_by(object_type="bulk").all()
    assert [row.action for row in said] == ["started", "paused", "went on with", "stopped"]
    assert "stopped Archive – 150 campaigns" in get_page(manager_client, "/timeline").text


def test_what_came_too_late_is_said(desk: Desk, manager_client) -> None:
    job = half_done(desk)
    page = get_page(manager_client, address(job))
    desk.finish(job)
    assert "It is finished already." in press(page, "Pause").notices


def test_any_manager_may_stop_it_but_no_viewer(desk: Desk, viewer_client) -> None:
    page = get_page(viewer_client, address(half_done(desk)))
    assert page.main.all("form") == []


def test_the_failed_ones_are_selected_anew_with_the_same_operation(
    desk: Desk, manager_client
) -> None:
    ids = factories.campaigns(3, title="Old")
    job = desk.plan(ids, ReplaceInTitle("Old", "New", match_case=True))
    changed = db.session.get_one(Campaign, ids[1])
    changed.title, changed.version = "Older", 5
    desk.run(job)
    page = get_page(manager_client, address(job)).follow("Not done 1")
    assert [row[0] for row in page.rows] == ["Older"]

    page = press(page, "Select the failed ones")

    assert page.h1 == "Replace “Old” in titles with “New”: 1 of 1"
    assert "Title from Older to Newer" in page.text
    again = latest_job()
    assert again.id != job.id
    desk.run(again)
    assert states(again) == ["done"]


def test_failed_lines_of_a_file_keep_their_line_and_values(desk: Desk) -> None:
    campaign = factories.campaign(title="Old")
    lines = [
        Planned(campaign.id, 1, {"title": "New"}, {"title": "Old"}, line=2),
        Planned(None, None, {"title": "Booked"}, line=3),
        Planned(None, None, line=4, problem="There is no advertiser “Acm”."),
    ]
    job = service.draft(
        desk.actor, IMPORT, lines, selection="A file", operation={"name": "import", "words": "In"}
    )
    campaign.version = 2
    desk.run(job)
    # Without an advertiser nothing is booked.
    assert states(job) == ["failed", "failed", "left out"]
    assert items(job)[1].message == "Pick an advertiser from the list."

    again = items(planning.retry(desk.actor, job))

    assert [(each.line, each.wanted, each.version) for each in again] == [
        (2, {"title": "New"}, 2),
        (3, {"title": "Booked"}, None),
    ]


def test_an_import_changes_books_and_says_where_it_comes_from(desk: Desk, manager_client) -> None:
    campaign = factories.campaign(title="Old", archived_at=None)
    advertiser = factories.advertiser(name="Acme")
    wanted = {"title": "Booked", "advertiser": advertiser.id, "budget": [100, "USD"]}
    lines = [
        Planned(
            campaign.id,
            1,
            {"title": "New", "archived": True},
            {"title": "Old", "archived": False},
            2,
        ),
        Planned(None, None, wanted, line=3),
        Planned(None, None, line=4, problem="There is no advertiser “Acm”."),
    ]
    job = service.draft(
        desk.actor,
        IMPORT,
        lines,
        selection="3 lines of a file",
        operation={"name": "import", "words": "Import of plan.csv"},
        file_name="plan.csv",
    )
    page = get_page(manager_client, address(job))
    assert page.h1 == "Import of plan.csv: 2 of 3"
    assert "Line 3 Booked new" in page.text
    assert "There is no advertiser “Acm”." in page.text
    assert "Choose something else" not in page.text

    press(page, "Do it, and send it to Megaphone")
    desk.finish(latest_job())

    assert states(job) == ["done", "done", "left out"]
    made = db.session.get_one(Campaign, items(job)[1].campaign_id)
    assert (made.title, made.advertiser_key, made.total_budget_minor) == ("Booked", "acme", 100)
    db.session.refresh(campaign)
    assert campaign.title == "New"
    assert campaign.archived_at
    sources = {row.source for row in db.session.query(AuditEvent).filter_by(object_type="campaign")}
    assert sources == {"import"}


def test_the_list_of_jobs_shows_each_with_its_numbers(desk: Desk, manager_client) -> None:
    desk.do(factories.campaigns(2), Archive())
    desk.pick(factories.campaigns(1))

    page = get_page(manager_client, "/bulk")

    assert page.rows[0][:2] == ["A bulk change – 1 campaign", "Draft"]
    assert page.rows[1][:7] == [
        "Archive – 2 campaigns",
        "Finished",
        "2",
        "0",
        "0",
        "0",
        "manager@example.com",
    ]


def test_a_result_costs_the_same_few_statements(desk: Desk, manager_client) -> None:
    job = desk.do(factories.campaigns(120, budget=(500, "USD")), ScaleBudget("10"))
    assert job.state == FINISHED

    with count_statements() as statements:
        get_page(manager_client, address(job))

    assert len(statements) <= 14, "\n".join(statements)


def test_drafts_that_nobody_started_are_not_kept_for_ever(desk: Desk) -> None:
    ids = factories.campaigns(2)
    old, new, thrown, done = (desk.plan(ids, Archive()) for _ in range(4))
    service.cancel(desk.actor, thrown)
    desk.run(done)
    of_file = factories.bulk_job(ids, kind=IMPORT)
    for job in (old, thrown, done, of_file):
        job.created_at = utc_now() - timedelta(days=8)
    kept = {new.id, done.id, of_file.id}

    assert service.delete_old_drafts(utc_now()) == 2

    assert {job.id for job in db.session.query(BulkJob)} == kept
