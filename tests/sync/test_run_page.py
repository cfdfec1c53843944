"""The page of a sync run: how far it is, what it found, and what can be done about it."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import RUN_STATES, Duplicate, PulledChange, RequestLog, SyncRun
from webapp.sync.runs import ADVERTISERS, AGENCIES, CAMPAIGNS, MISSING
from webapp.sync.words import STAGES

HTMX = {"HX-Request": "true"}


def saved(record):
    db.session.add(record)
    db.session.flush()
    return record


def pulled(run, campaign, kind="changed", **values):
    defaults = {"run_id": run.id, "campaign_id": campaign.id, "at": utc_now(), "kind": kind}
    return saved(PulledChange(**defaults | values))


def braked_run(*campaigns, **values):
    ids = [campaign.id for campaign in campaigns]
    return factories.sync_run(state="braked", problem="Stopped by the brake.", brake=ids, **values)


def cells(page, caption):
    """The rows of the table with this caption."""
    table = next(t for t in page.main.all("table") if t.one("caption").text == caption)
    return [
        [cell.text for cell in row.children if cell.tag in ("td", "th")]
        for row in table.one("tbody").all("tr")
    ]


@pytest.mark.parametrize("state", RUN_STATES)
def test_every_state_of_a_run_has_a_page_with_words(viewer_client, state):
    run = factories.sync_run(state=state, problem=None)

    page = get_page(viewer_client, f"/sync/{run.id}")

    region = page.root.one(id="run")
    assert len(region.all("p")[0].text.split()) > 3
    assert region.has("data-live") is (state in ("requested", "running"))


@pytest.mark.parametrize("number", ["999", "9" * 30, "x"])
def test_a_run_that_is_not_there_is_a_404(viewer_client, number):
    assert get_page(viewer_client, f"/sync/{number}", status=404)


def test_a_running_run_says_how_far_it_is_and_how_long_the_rest_takes(viewer_client):
    run = factories.sync_run(
        state="running",
        started_at=utc_now() - timedelta(minutes=2),
        stage="campaigns",
        remote_total=1000,
        read_count=400,
        unchanged_count=400,
        request_count=3,
    )

    fragment = viewer_client.get(f"/sync/{run.id}", headers=HTMX).text

    assert "Reading campaigns: 400 of 1,000 campaigns, 3 requests, about 3 min" in fragment
    assert '<progress max="1000" value="400"' in fragment
    assert 'id="facts" data-beside' in fragment
    assert "What changed here" not in fragment


@pytest.mark.parametrize("stage", [AGENCIES, ADVERTISERS, CAMPAIGNS, MISSING])
def test_every_stage_of_a_run_has_words(viewer_client, stage):
    run = factories.sync_run(state="running", stage=stage)
    assert STAGES[stage].capitalize() in get_page(viewer_client, f"/sync/{run.id}").text


def test_a_run_that_goes_on_with_another_makes_no_guess(viewer_client):
    first = factories.sync_run(state="cancelled")
    run = factories.sync_run(
        state="running",
        started_at=utc_now() - timedelta(minutes=2),
        remote_total=1000,
        read_count=400,
        unchanged_count=400,
        resumes_id=first.id,
    )

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert "400 campaigns" in page.text
    assert "left" not in page.root.one(id="run").text
    assert page.follow(f"run {first.id}").url == f"/sync/{first.id}"


def test_when_it_ends_the_page_is_given_all_it_found(viewer_client):
    run = factories.sync_run()
    pulled(run, factories.campaign(title="Spring"), field_group="title", before="A", after="B")

    fragment = viewer_client.get(f"/sync/{run.id}", headers=HTMX).text

    assert 'id="findings" data-beside' in fragment
    assert "Spring" in fragment
    assert "<html" not in fragment


def test_counts_balance_and_what_was_set_aside_has_its_reason(viewer_client):
    run = factories.sync_run(
        read_count=4,
        created_count=1,
        unchanged_count=2,
        set_aside_count=1,
        set_aside=[{"id": "abc-1", "reason": "Its title is empty."}],
    )

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert page.rows == [["4", "1", "0", "2", "1"]]
    assert cells(page, "Records set aside") == [["abc-1", "Its title is empty."]]


def test_requests_are_counted_by_how_they_went(viewer_client):
    run = factories.sync_run(request_count=3, retry_count=1)
    for outcome in ("ok", "ok", "unavailable"):
        saved(
            RequestLog(
                connection_id=run.connection_id,
                at=utc_now(),
                method="GET",
                path="/campaigns",
                priority="pull",
                outcome=outcome,
                received_bytes=10,
                duration_ms=20,
                run_id=run.id,
            )
        )

    text = get_page(viewer_client, f"/sync/{run.id}").text

    assert "3, 1 of them again: 2 answered, 1 unavailable" in text


def test_what_changed_is_listed_field_by_field_in_words(viewer_client):
    advertiser = factories.advertiser(name="Aster Bank")
    campaign = factories.campaign(title="Spring", advertiser_id=advertiser.id)
    run = factories.sync_run()
    pulled(run, campaign, field_group="budget", before=[450000, "USD"], after=[480000, "USD"])
    pulled(run, campaign, field_group="advertiser", before=None, after=advertiser.id)
    pulled(run, campaign, "conflict", field_group="title", before="Spring", after="Lent")
    pulled(run, campaign, "gone")
    pulled(factories.sync_run(), campaign, "back")

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert [row[:3] for row in cells(page, "Changes taken from Megaphone")] == [
        ["Spring", "Changed budget", "from USD 4,500.00 to USD 4,800.00"],
        ["Spring", "Changed advertiser", "from nothing to Aster Bank"],
        ["Spring", "Conflict title", "from Spring to Lent put beside ours"],
        ["Spring", "Gone", "–"],
    ]
    only = page.follow("Conflict")
    assert len(cells(only, "Changes taken from Megaphone")) == 1
    assert "None of this kind" in page.follow("Back").text


def test_many_changes_are_listed_page_by_page(viewer_client):
    campaign, run = factories.campaign(), factories.sync_run()
    for number in range(60):
        pulled(run, campaign, field_group="title", before=str(number), after="x")

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert "1–50 of 60 changes" in page.text
    assert len(cells(page.follow("Next"), "Changes taken from Megaphone")) == 10


def test_a_run_that_changed_nothing_says_so(viewer_client):
    run = factories.sync_run()
    assert "Nothing that was here before." in get_page(viewer_client, f"/sync/{run.id}").text


def test_updates_of_what_cannot_be_edited_are_explained(viewer_client):
    run = factories.sync_run(read_count=2, updated_count=2)
    text = get_page(viewer_client, f"/sync/{run.id}").text
    assert "No field that can be edited here." in text
    assert "Nothing that was here before." not in text


def test_a_run_that_has_not_begun_is_cancelled_at_once(manager_client):
    run = factories.sync_run(state="requested")

    page = get_page(manager_client, f"/sync/{run.id}").submit("Cancel this run")

    assert "Cancelled before it began." in page.notices
    assert "Cancelled by" in page.text
    assert db.session.get_one(SyncRun, run.id).state == "cancelled"


def test_a_running_run_is_asked_to_stop_and_says_so_until_it_does(manager_client):
    run = factories.sync_run(state="running")

    page = get_page(manager_client, f"/sync/{run.id}").submit("Cancel this run")

    assert "manager@example.com has cancelled it; it stops before the next page." in page.text
    assert "Cancel this run" not in page.text
    assert db.session.get_one(SyncRun, run.id).state == "running"


def test_cancelling_what_has_ended_says_that_it_is_too_late(manager_client):
    run = factories.sync_run(state="running")
    page = get_page(manager_client, f"/sync/{run.id}")
    run.state = "complete"
    db.session.commit()

    assert "has ended already" in page.submit("Cancel this run").notices


def test_a_run_that_was_left_is_gone_on_with_by_a_new_one(manager_client):
    run = factories.sync_run(state="cancelled", stage="campaigns", cursor="page-7")

    page = get_page(manager_client, f"/sync/{run.id}").submit("Go on where it was left")

    resumed = db.session.query(SyncRun).filter_by(resumes_id=run.id).one()
    assert page.url == f"/sync/{resumed.id}"
    assert (resumed.cursor, resumed.requested_by) == ("page-7", "manager@example.com")
    assert "Go on" not in get_page(manager_client, f"/sync/{run.id}").text


def test_a_complete_run_offers_nothing_to_go_on_with(manager_client):
    run = factories.sync_run(cursor="page-7")
    assert "Go on" not in get_page(manager_client, f"/sync/{run.id}").text


def test_the_brake_lists_what_was_missing_and_waits_for_an_answer(manager_client):
    missing = [factories.campaign(title=f"Missing {n}") for n in range(3)]
    run = braked_run(*missing)

    page = get_page(manager_client, f"/sync/{run.id}")

    assert "3 campaigns were not in Megaphone’s list" in page.text
    assert "Missing from the list 3" in page.text
    listed = cells(page, "Campaigns that were not in the list")
    assert [row[:2] for row in listed] == [[m.title, m.remote_id] for m in missing]
    assert page.follow("Missing 1").h1 == "Missing 1"


def test_a_run_names_what_was_missing_and_how_each_is_by_now(manager_client):
    missing = [
        factories.campaign(title=f"Missing {number}", **values)
        for number, values in enumerate(({"missed_runs": 1}, {"sync_state": "gone"}, {}))
    ]
    run = factories.sync_run(missing_count=3, gone_count=1, missing=[m.id for m in missing])

    page = get_page(manager_client, f"/sync/{run.id}")

    assert "3 campaigns were not in Megaphone’s list" in page.text
    listed = cells(page, "Campaigns that were not in the list")
    assert [row[:3] for row in listed] == [
        ["Missing 0", missing[0].remote_id, "missing once"],
        ["Missing 1", missing[1].remote_id, "gone"],
        ["Missing 2", missing[2].remote_id, "seen since"],
    ]
    assert page.follow("See all that are gone").rows


def test_a_run_that_missed_more_than_it_names_says_how_many_more(manager_client):
    run = factories.sync_run(missing_count=201, missing=[factories.campaign().id])

    page = get_page(manager_client, f"/sync/{run.id}")

    assert "201 campaigns were not in Megaphone’s list" in page.text
    assert "And 200 more, which are not listed here." in page.text


def test_keeping_changes_nothing_and_says_who_decided(manager_client):
    campaign = factories.campaign()
    run = braked_run(campaign)

    page = get_page(manager_client, f"/sync/{run.id}").submit("Keep all of them")

    assert "Kept." in page.notices
    assert "manager@example.com decided to keep them all" in page.text
    assert "Apply once" not in [button for form in page.forms for button in form.buttons]
    assert db.session.get_one(Campaign, campaign.id).missed_runs == 0
    assert db.session.query(SyncRun).count() == 1
    assert db.session.query(AuditEvent).one().action == "kept the missing"


def test_applying_counts_them_as_missed_and_asks_for_one_run_that_may(manager_client):
    campaign = factories.campaign()
    run = braked_run(campaign)
    page = get_page(manager_client, f"/sync/{run.id}")

    assert "Accepted, once." in page.submit("Apply once").notices
    page.submit("Apply once")

    assert db.session.get_one(Campaign, campaign.id).missed_runs == 1
    asked = db.session.query(SyncRun).filter_by(state="requested").one()
    assert asked.approved == [campaign.id]


def test_a_brake_of_an_older_run_cannot_be_answered(manager_client):
    run = braked_run(factories.campaign())
    page = get_page(manager_client, f"/sync/{run.id}")
    factories.sync_run()

    answered = page.submit("Keep all of them")

    assert "A later run has read the list since." in answered.notices
    assert "A later run has judged anew." in answered.text
    assert "Keep all of them" not in answered.text


def test_a_brake_of_very_many_lists_some_and_says_how_many_more(manager_client):
    run = braked_run(factories.campaign(title="One"))
    run.brake = [*run.brake, *range(10_000, 10_300)]
    db.session.flush()

    page = get_page(manager_client, f"/sync/{run.id}")

    assert "301 campaigns were not in" in page.text
    assert "And 300 more" in page.text


def test_a_second_record_is_reported_until_somebody_closes_it(manager_client):
    campaign, run = factories.campaign(title="Booked here"), factories.sync_run()
    saved(
        Duplicate(
            connection_id=run.connection_id,
            campaign_id=campaign.id,
            remote_id="second-1",
            marker="fd-abc",
            run_id=run.id,
            seen_at=utc_now(),
        )
    )

    page = get_page(manager_client, f"/sync/{run.id}")
    assert cells(page, "Second records of campaigns booked from here")[0][:3] == [
        "Booked here",
        "fd-abc",
        "second-1",
    ]

    page = page.follow("Look at both").submit("I looked: close this report")
    assert page.url == f"/sync/{run.id}"
    assert "Nothing was removed" in page.notices
    assert "closed by manager@example.com" in page.text


@pytest.mark.parametrize(
    ("state", "values", "action"),
    [
        ("running", {}, "cancel"),
        ("cancelled", {"cursor": "x"}, "resume"),
        ("braked", {"brake": []}, "brake"),
    ],
)
def test_a_viewer_sees_the_run_and_may_do_nothing(viewer_client, state, values, action):
    viewer_client.application.config["WTF_CSRF_ENABLED"] = False
    run = factories.sync_run(state=state, **values)

    page = get_page(viewer_client, f"/sync/{run.id}")

    assert page.main.all("form") == []
    assert viewer_client.post(f"/sync/{run.id}/{action}").status_code == 403


def test_the_page_costs_as_many_statements_with_little_as_with_much(viewer_client):
    campaigns = [factories.campaign() for _ in range(5)]
    run = braked_run(campaigns[0], set_aside=[])
    pulled(run, campaigns[0], field_group="advertiser", before=None, after=1)

    def statements():
        db.session.commit()
        with count_statements() as found:
            viewer_client.get(f"/sync/{run.id}")
        return found

    few = statements()
    run.brake = [campaign.id for campaign in campaigns]
    for campaign in campaigns:
        pulled(run, campaign, field_group="advertiser", before=None, after=1)

    assert len(statements()) == len(few) <= 14
    assert written(few) == []
