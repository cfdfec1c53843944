"""Needs you: what is listed, what each row leads to, and the number in the rail."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.attention import queries
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import Duplicate

LONG_AGO = timedelta(minutes=16)


def steps(page):
    """Step and thing -> address of every row."""
    return {
        link["aria-label"]: link["href"]
        for row in page.main.all("li")
        for link in row.all("a")
        if link.has("aria-label")
    }


def badge(page):
    nav = page.root.one("nav", **{"aria-label": "Main"})
    link = next(link for link in nav.all("a") if link.text.startswith("Needs you"))
    return link.text.removeprefix("Needs you").strip()


def waiting(title="Spring", **values):
    owner = factories.campaign(title=title, sync_state=values.pop("sync_state", "waiting"))
    return factories.change(owner, **{"created_at": utc_now() - LONG_AGO} | values)


def test_nothing_that_waits_is_said_and_not_counted(viewer_client):
    factories.campaign()
    factories.change(factories.campaign())

    page = get_page(viewer_client, "/needs-you")

    assert "Nothing needs you" in page.text
    assert badge(page) == ""


def test_each_campaign_in_trouble_has_its_one_next_step(viewer_client):
    conflict = factories.campaign(title="Both", sync_state="conflict", sync_detail="budget")
    refused = factories.campaign(title="No", sync_state="refused", sync_detail="Too low.")
    lost = factories.campaign(title="Lost", waiting=True, sync_state="parked")
    gone = factories.campaign(title="Gone", sync_state="parked")

    page = get_page(viewer_client, "/needs-you")

    assert steps(page) == {
        "Decide: Both": f"/campaigns/{conflict.uuid}/conflicts",
        "Edit to mend it: No": f"/campaigns/{refused.uuid}/edit?back=/needs-you",
        "Find out: Lost": f"/changes/parked/{lost.uuid}",
        "Settle it: Gone": f"/changes/parked/{gone.uuid}",
    }
    assert "In budget." in page.text
    assert "Too low." in page.text
    assert badge(page) == "4"


def test_a_row_says_since_when(viewer_client):
    owner = factories.campaign(sync_state="conflict")
    factories.conflict(owner, "budget", seen_at=utc_now() - timedelta(hours=3))
    refused = factories.campaign(sync_state="refused")
    factories.change(refused, state="rejected", finished_at=utc_now() - timedelta(hours=5))

    text = get_page(viewer_client, "/needs-you").text

    assert "3 h ago" in text
    assert "5 h ago" in text


def test_archived_campaigns_and_detached_connections_wait_for_nobody(viewer_client):
    factories.connection()
    factories.campaign(sync_state="refused", archived_at=factories.SOME_DAY)
    detached = factories.connection(state="detached")
    owner = factories.campaign(sync_state="refused", connection_id=detached.id)
    factories.change(owner, state="held")
    factories.duplicate(owner)
    factories.sync_run(state="failed", connection_id=detached.id)

    assert queries.counts().total == 0
    assert "Nothing needs you" in get_page(viewer_client, "/needs-you").text


def test_more_than_fit_are_counted_and_listed_elsewhere(viewer_client):
    factories.campaigns(25, sync_state="refused")

    page = get_page(viewer_client, "/needs-you")

    assert "5 more" in page.text
    assert badge(page) == "25"
    assert len(page.follow("show all 25").rows) == 25


def test_a_braked_run_leads_to_what_is_missing_until_it_is_decided(viewer_client):
    run = factories.sync_run(state="braked", brake=[1], problem="812 of 900 were missing.")

    page = get_page(viewer_client, "/needs-you")

    step = "See the missing: The brake stopped a run of Megaphone"
    assert steps(page) == {step: f"/sync/{run.id}"}
    assert "812 of 900 were missing." in page.text
    run.brake_decision = "keep"
    assert steps(get_page(viewer_client, "/needs-you")) == {}


def test_a_later_run_of_the_whole_list_takes_the_place_of_a_brake(viewer_client):
    factories.sync_run(state="braked", brake=[1])
    factories.sync_run(state="failed")
    assert queries.counts().runs == 2

    factories.sync_run(state="complete")
    assert queries.counts().runs == 0


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_the_last_run_that_did_not_come_through_is_shown_until_one_does(viewer_client, state):
    factories.sync_run(state=state)
    run = factories.sync_run(state=state, problem="Megaphone answered 502.")

    page = get_page(viewer_client, "/needs-you")

    step = "See the run: The last run of Megaphone did not come through"
    assert steps(page) == {step: f"/sync/{run.id}"}
    assert "Megaphone answered 502." in page.text
    factories.sync_run(state="running")
    assert queries.counts().runs == 1
    factories.sync_run(state="incomplete")
    assert queries.counts().runs == 0


def test_a_paused_connection_says_why_and_how_much_waits(viewer_client):
    connection = factories.connection(state="paused", state_reason="The token was refused.")
    factories.sync_run(state="failed")
    waiting()
    waiting("Autumn")

    page = get_page(viewer_client, "/needs-you")

    # Neither its runs nor its changes are told a second time.
    assert steps(page) == {"See what to do: Megaphone is paused": f"/connections/{connection.id}"}
    assert "The token was refused. 2 changes wait." in page.text
    assert badge(page) == "1"


def test_a_connection_whose_sending_is_on_hold_says_who_holds_it(viewer_client):
    connection = factories.connection(
        held_at=utc_now(), held_by="ana@example.com", hold_reason="Month end"
    )
    waiting()

    page = get_page(viewer_client, "/needs-you")

    step = "See what goes out: All sending to Megaphone is paused"
    assert steps(page) == {step: f"/connections/{connection.id}"}
    assert "Paused by ana@example.com: Month end. 1 change waits." in page.text


def test_changes_under_way_for_too_long_are_grouped_by_their_reason(viewer_client):
    waiting("A", error_code="rate_limited")
    waiting("B", error_code="rate_limited")
    waiting("C", state="settling", settle_until=utc_now())
    factories.change(factories.campaign(), error_code="rate_limited")

    page = get_page(viewer_client, "/needs-you")

    assert "2 changes Waiting because Megaphone asked for fewer requests." in page.text
    assert "1 change Being checked, as the answer was lost." in page.text
    assert badge(page) == "2"
    listed = get_page(viewer_client, steps(page)["Look: 2 changes"])
    assert [row[0] for row in listed.rows] == ["A", "B"]


def test_a_change_that_was_put_off_is_late_only_after_its_time(viewer_client):
    change = waiting(not_before=utc_now() + timedelta(hours=1))
    assert queries.counts().late == 0

    change.not_before = utc_now() - LONG_AGO
    db.session.flush()
    assert queries.counts().late == 1


def test_changes_on_hold_are_one_row(viewer_client):
    waiting("A", state="held")
    waiting("B", state="held")

    page = get_page(viewer_client, "/needs-you")

    assert steps(page) == {"See them: 2 changes are on hold": "/changes?state=on-hold"}
    assert badge(page) == "1"


def test_a_second_record_is_looked_at_beside_the_first_and_the_report_closed(manager_client):
    owner = factories.campaign(title="Spring", external_id="IO-7")
    other = factories.campaign(title="Spring once more")
    report = factories.duplicate(owner, remote_id=other.remote_id, marker="fd-bcdfghjkmn")

    page = get_page(manager_client, "/needs-you").follow("Look at both")

    assert "Spring once more" in page.text
    assert other.remote_id in page.text
    page = page.submit("I looked: close this report")
    assert "Nothing was removed" in page.notices
    assert db.session.get_one(Duplicate, report.id).closed_by == "manager@example.com"
    assert badge(page) == ""
    # Pressed twice, or looked at later, it stays as it was.
    again = get_page(manager_client, f"/needs-you/duplicates/{report.id}")
    assert "manager@example.com closed this report" in again.text


def test_a_second_record_that_is_not_listed_here_is_named_by_its_id(viewer_client):
    report = factories.duplicate(factories.campaign(), remote_id="other-1")

    page = get_page(viewer_client, f"/needs-you/duplicates/{report.id}")

    assert "It is not listed here. ID in Megaphone: other-1" in page.text
    get_page(viewer_client, "/needs-you/duplicates/2000000000", status=404)


def test_the_rail_counts_what_the_page_lists(viewer_client):
    for state in ("conflict", "refused", "parked"):
        factories.campaign(sync_state=state)
    factories.duplicate(factories.campaign())
    factories.sync_run(state="failed")
    waiting("late")
    waiting("held", state="held")

    page = get_page(viewer_client, "/needs-you")

    assert badge(page) == str(len(steps(page))) == "7"
    assert "7 things wait for a decision." in page.text


def test_no_step_says_try_again(viewer_client):
    for state in ("conflict", "refused", "parked"):
        factories.campaign(sync_state=state)
    waiting(state="settling", settle_until=utc_now())

    assert not [step for step in steps(get_page(viewer_client, "/needs-you")) if "gain" in step]


def test_the_page_costs_eight_statements_however_much_waits(viewer_client):
    factories.connection(held_at=utc_now(), hold_reason="Month end")
    waiting()
    db.session.commit()
    with count_statements() as few:
        viewer_client.get("/needs-you")
    for state in ("conflict", "refused", "parked"):
        factories.campaigns(30, sync_state=state)
    for number in range(10):
        owner = factories.campaign(sync_state="refused")
        factories.duplicate(owner)
        waiting(f"Late {number}", state="held")
    factories.sync_run(state="braked", brake=[1])
    factories.sync_run(state="failed")
    db.session.commit()

    with count_statements() as many:
        viewer_client.get("/needs-you")

    # A kind of which nothing waits is not asked for.
    assert len(few) <= len(many) <= 8
    assert written(many) == []


def plan_of_counting() -> list[str]:
    words = queries._counting(db.engine.dialect).compile(db.engine)
    times = {name: when.isoformat(" ") for name, when in queries._times().items()}
    asked = db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {words}", tuple(times[name] for name in words.positiontup or ())
    )
    return [row.detail for row in asked]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_number_in_the_rail_does_not_read_all_runs(app):
    """For each run all others were read once: minutes, after a year of them."""
    plan = plan_of_counting()

    assert any("sync_run" in step for step in plan)
    assert [step for step in plan if "SCAN sync_run" in step] == []
    assert [step for step in plan if "ORDER BY" in step] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_number_in_the_rail_does_not_read_all_campaigns(app):
    """Every page asks for it: of a million campaigns each would be read three times."""
    factories.campaigns(2_000, sync_state=lambda n: "refused" if n % 500 == 0 else "confirmed")
    db.session.execute(text("ANALYZE"))
    plan = plan_of_counting()

    indexes = [step for step in plan if " campaign USING" in step and "PRIMARY KEY" not in step]
    assert len(indexes) == 3
    assert all("ix_campaign_unconfirmed" in step for step in indexes)


def test_the_statement_of_the_rail_is_given_nothing_but_the_time(app):
    """What the values of sixty conditions cost on each page is more than to count."""
    words = queries._counting(db.engine.dialect).compile(db.engine)
    assert set(words.params) == {"now", "late_since"}
