"""Pulls against the sandbox, over a real socket, on both databases."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from tests.support.statements import count_statements
from tests.sync.conftest import Desk
from webapp.advertisers.models import Advertiser, Agency
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.core.ratelimit import RateLimiter


def test_the_first_pull_brings_every_campaign_with_advertiser_and_agency(desk: Desk) -> None:
    run = desk.pull()

    assert (run.state, run.read_count, run.created_count) == ("complete", 40, 40)
    assert (run.advertiser_count, run.agency_count) == (8, 3)
    assert run.request_count == 3
    assert db.session.scalar(select(func.count(Campaign.advertiser_id))) == 40
    assert db.session.scalar(select(func.count(Advertiser.agency_id))) > 0
    assert db.session.get_one(Connection, desk.connection_id).last_success_at is not None


def test_a_record_is_mirrored_value_by_value(synced: Desk) -> None:
    campaign = synced.any_campaign()
    remote = synced.remote(campaign)

    assert campaign.title == remote["title"]
    assert campaign.total_budget_minor == remote["totalBudgetCents"]
    assert campaign.total_budget_currency == remote["totalBudgetCurrency"]
    assert campaign.external_id == remote["externalId"]
    assert campaign.copy_needed == remote["copyNeeded"]
    assert campaign.total_revenue_minor == remote["totalRevenueCents"]
    advertiser = db.session.get_one(Advertiser, campaign.advertiser_id)
    assert advertiser.remote_id == remote["advertiserId"]


def test_a_second_pull_of_the_same_changes_nothing(synced: Desk) -> None:
    before = rows()

    run = synced.pull()

    assert (run.state, run.unchanged_count) == ("complete", 40)
    assert (run.created_count, run.updated_count) == (0, 0)
    assert rows() == before


def rows() -> list[Any]:
    found = db.session.execute(select(Campaign.__table__).order_by(Campaign.id)).all()
    db.session.rollback()
    return [tuple(row) for row in found]


def test_unchanged_rows_cost_no_statement(synced: Desk) -> None:
    with count_statements() as statements:
        synced.pull()

    assert not [s for s in statements if s.startswith(("INSERT INTO campaign", "UPDATE campaign"))]


def test_the_number_of_statements_does_not_grow_with_the_rows(desk: Desk) -> None:
    desk.pull()
    desk.sandbox.control("POST", "churn", {"create": 1, "edit": 1})
    with count_statements() as few:
        assert desk.pull().updated_count == 1
    desk.sandbox.control("POST", "churn", {"create": 300, "edit": 35})
    with count_statements() as many:
        assert desk.pull().created_count == 300

    assert len(many) == len(few)


def test_a_page_of_new_rows_is_one_statement_whatever_is_empty_in_them(desk: Desk) -> None:
    with count_statements() as statements:
        desk.pull()

    assert len({c.external_id is None for c in db.session.scalars(select(Campaign))}) == 2
    for table in ("agency", "advertiser", "campaign"):
        assert sum(s.startswith(f"INSERT INTO {table} ") for s in statements) == 1, table


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_learns_of_new_rows_before_it_looks_by_itself(desk: Desk) -> None:
    db.session.execute(text("UPDATE pg_class SET reltuples = -1 WHERE relname = 'campaign'"))
    db.session.commit()

    desk.pull()

    known = text("SELECT reltuples FROM pg_class WHERE relname = 'campaign'")
    assert db.session.scalar(known) == 40


def test_a_change_in_megaphone_arrives_and_the_timeline_says_who(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit_in_megaphone(campaign, title="Renamed there", totalRevenueCents=77)

    run = synced.pull()

    assert (run.updated_count, run.unchanged_count) == (1, 39)
    campaign = synced.campaign(id=campaign.id)
    assert (campaign.title, campaign.total_revenue_minor) == ("Renamed there", 77)
    assert campaign.version == 2
    assert synced.events(campaign) == [("Megaphone", "changed", "title", "Renamed there")]


def test_a_renamed_advertiser_is_found_by_its_new_name(synced: Desk) -> None:
    campaign = synced.any_campaign()
    advertiser = db.session.get_one(Advertiser, campaign.advertiser_id)
    synced.sandbox.control("PUT", f"advertisers/{advertiser.remote_id}", {"name": "Zebra Élan"})

    synced.pull()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.advertiser_key == "zebra elan"
    assert "zebra elan" in campaign.search_text


def test_a_new_campaign_of_a_new_advertiser_is_imported(synced: Desk) -> None:
    made = synced.sandbox.control("POST", "advertisers", {"name": "Brand new"})
    synced.sandbox.control("POST", "campaigns", {"title": "Fresh", "advertiserId": made["id"]})

    run = synced.pull()

    assert run.created_count == 1
    campaign = synced.campaign(title="Fresh")
    assert db.session.get_one(Advertiser, campaign.advertiser_id).name == "Brand new"
    assert synced.events(campaign) == [("Megaphone", "first listed", None, None)]


def test_of_a_first_reading_nothing_is_recorded_as_new(synced: Desk) -> None:
    assert synced.events(synced.any_campaign()) == []


INCOMPLETE_LISTS = {
    "one row less than announced": {"action": "total_off", "by": 1},
    "half of the rows hidden": {"action": "hide", "share": 0.5, "counted": True},
    "an empty page with a next link": {"action": "empty_page"},
}


@pytest.mark.parametrize("fault", INCOMPLETE_LISTS.values(), ids=INCOMPLETE_LISTS)
def test_an_incomplete_listing_means_nothing_for_what_it_lacks(
    synced: Desk, fault: dict[str, Any]
) -> None:
    synced.sandbox.fault({**fault, "path": "campaigns$"})
    for _ in range(3):
        run = synced.pull()
        assert run.state == "incomplete"
        assert run.problem

    synced.sandbox.clear_faults()
    states = db.session.execute(
        select(Campaign.sync_state, Campaign.missed_runs, func.count()).group_by(
            Campaign.sync_state, Campaign.missed_runs
        )
    ).all()
    assert [tuple(row) for row in states] == [("confirmed", 0, 40)]


def test_an_empty_listing_is_stopped_by_the_brake(synced: Desk) -> None:
    synced.sandbox.fault({"action": "empty_list", "path": "campaigns$"})

    for _ in range(3):
        run = synced.pull()
        assert run.state == "braked"
        assert "no campaign at all" in (run.problem or "")

    assert db.session.scalar(select(func.sum(Campaign.missed_runs))) == 0


def test_many_missing_at_once_are_stopped_by_the_brake(synced: Desk) -> None:
    synced.sandbox.fault({"action": "hide", "share": 0.5, "counted": False, "path": "campaigns$"})

    run = synced.pull()

    assert run.state == "braked"
    assert db.session.scalar(select(func.sum(Campaign.missed_runs))) == 0


def test_a_deleted_campaign_is_gone_after_two_complete_misses_and_comes_back(
    synced: Desk,
) -> None:
    campaign = synced.any_campaign()
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")

    assert synced.pull().missing_count == 1
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    synced.pull()

    gone = synced.campaign(id=campaign.id)
    assert gone.sync_state == "gone"
    assert ("Megaphone", "gone", None, None) in synced.events(gone)
    assert synced.pull().state == "complete"


def test_what_is_only_missing_from_the_list_is_not_gone(synced: Desk) -> None:
    rows = synced.sandbox.control("GET", "campaigns")["campaigns"]
    synced.sandbox.fault({"action": "answer", "path": "campaigns$", **listed(rows[1:])})

    assert synced.pull().missing_count == 1
    synced.pull()
    synced.pull()

    assert db.session.scalar(select(func.count()).where(Campaign.sync_state == "gone")) == 0
    synced.sandbox.clear_faults()
    synced.pull()
    assert db.session.scalar(select(func.sum(Campaign.missed_runs))) == 0


def test_a_row_that_cannot_be_read_is_set_aside_and_the_rest_arrives(desk: Desk) -> None:
    rows = [
        {"id": "9a22ee30-1a9f-11f0-b531-1b59096fa63d", "title": "Good", "totalRevenueCents": 0},
        {"id": "9a22ee31-1a9f-11f0-b531-1b59096fa63d", "title": "", "totalRevenueCents": 0},
        {"id": "9a22ee32-1a9f-11f0-b531-1b59096fa63d", "title": None},
    ]
    desk.sandbox.fault({"action": "answer", "path": "campaigns$", **listed(rows)})

    run = desk.pull()

    assert run.state == "incomplete"
    assert (run.read_count, run.created_count, run.set_aside_count) == (3, 1, 2)
    assert {row["id"] for row in run.set_aside} == {rows[1]["id"], rows[2]["id"]}
    assert all(row["reason"] for row in run.set_aside)


def listed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "X-Total": str(len(rows))}
    return {"status": 200, "headers": headers, "body": json.dumps(rows)}


BAD_ANSWERS = {
    "401": {"action": "status", "status": 401},
    "403": {"action": "status", "status": 403},
    "404": {"action": "retired", "as": "404"},
    "410": {"action": "retired", "as": "410"},
    "422 as text": {"action": "status", "status": 422, "shape": "error"},
    "422 by field": {"action": "status", "status": 422, "shape": "fields"},
    "422 as a list": {"action": "status", "status": 422, "shape": "list"},
    "422 unreadable": {"action": "status", "status": 422, "shape": "html"},
    "429 for an hour": {"action": "status", "status": 429, "retry_after": "3600"},
    "500": {"action": "status", "status": 500},
    "a page of HTML": {"action": "html"},
    "half of the JSON": {"action": "truncate"},
    "an empty answer": {"action": "empty_body"},
    "nothing": {"action": "cut_before_apply"},
}


@pytest.mark.parametrize("fault", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_a_plain_sentence_and_the_next_run_works(
    synced: Desk, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.sync.reading.RETRY_SECONDS", 0.001)
    before = rows()
    synced.sandbox.fault({**fault, "path": "campaigns$"})

    run = synced.pull()

    assert run.state == "failed"
    problem = run.problem or ""
    assert problem.endswith(".")
    assert "Traceback" not in problem
    assert synced.sandbox.token not in problem
    assert "http" not in problem
    assert rows() == before

    synced.sandbox.clear_faults()
    fresh_limiter(synced)
    assert synced.pull().state == "complete"
    assert db.session.get_one(Connection, synced.connection_id).state == "active"


def fresh_limiter(desk: Desk) -> None:
    """As after the wait that a 429 asks for."""
    desk.work = replace(desk.work, limiter=RateLimiter(0))


def test_a_page_that_fails_in_passing_is_read_again_within_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.sync.reading.RETRY_SECONDS", 0.001)
    desk.sandbox.fault({"action": "status", "status": 503, "path": "campaigns$", "times": 2})

    run = desk.pull()

    assert (run.state, run.created_count) == ("complete", 40)
    assert (run.request_count, run.retry_count) == (5, 2)


def test_agencies_that_may_not_be_listed_do_not_stop_a_pull(desk: Desk) -> None:
    desk.sandbox.fault({"action": "status", "status": 403, "path": "agencies$"})

    run = desk.pull()

    assert (run.state, run.created_count) == ("complete", 40)
    assert "Agencies could not be listed" in (run.problem or "")
    assert db.session.scalar(select(func.count(Agency.id))) == 0


def test_a_refused_token_pauses_the_connection_and_a_good_answer_resumes_it(
    synced: Desk,
) -> None:
    synced.sandbox.fault({"action": "status", "status": 401})
    synced.pull()
    connection = db.session.get_one(Connection, synced.connection_id)
    assert connection.state == "paused"
    assert connection.state_reason
    db.session.rollback()

    synced.sandbox.clear_faults()
    synced.pull()

    db.session.expire_all()
    assert db.session.get_one(Connection, synced.connection_id).state == "active"


def test_counts_that_do_not_balance_are_refused_by_the_database(synced: Desk) -> None:
    with pytest.raises(Exception, match="ck_sync_run_balance"):
        db.session.execute(text("UPDATE sync_run SET read_count = read_count + 1"))
    db.session.rollback()
