"""What a run says it changed here: a row for each field group, and for records as a whole."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.support.statements import count_statements
from tests.sync.conftest import Desk
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.sync.models import PulledChange, SyncRun


def of_run(run: SyncRun | None) -> list[tuple[Any, ...]]:
    condition = PulledChange.run_id == run.id if run else PulledChange.run_id.is_(None)
    rows = db.session.scalars(select(PulledChange).where(condition).order_by(PulledChange.id))
    found = [(r.campaign_id, r.kind, r.field_group, r.before, r.after) for r in rows]
    db.session.rollback()
    return found


def test_a_first_import_is_no_change(desk: Desk) -> None:
    assert of_run(desk.pull()) == []


def test_each_group_taken_is_a_row_with_both_values(synced: Desk) -> None:
    campaign = synced.any_campaign()
    title, budget = campaign.title, [campaign.total_budget_minor, "USD"]
    synced.edit_in_megaphone(campaign, title="Renamed", totalBudgetCents=77)

    assert of_run(synced.pull()) == [
        (campaign.id, "changed", "title", title, "Renamed"),
        (campaign.id, "changed", "budget", budget, [77, "USD"]),
    ]
    assert of_run(synced.pull()) == []


def test_a_value_that_is_emptied_there_is_a_row_with_nothing_after(synced: Desk) -> None:
    campaign = synced.any_campaign()
    before = [campaign.total_budget_minor, "USD"]
    synced.edit_in_megaphone(campaign, totalBudgetCents=None)

    assert of_run(synced.pull()) == [(campaign.id, "changed", "budget", before, None)]


def test_a_conflict_is_a_row_with_ours_and_theirs(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.edit(campaign, title="Ours")
    synced.edit_in_megaphone(campaign, title="Theirs")

    assert of_run(synced.pull()) == [(campaign.id, "conflict", "title", "Ours", "Theirs")]


def test_what_is_seen_before_a_write_is_of_no_run(synced: Desk) -> None:
    campaign = synced.any_campaign()
    title = campaign.title
    synced.edit(campaign, total_budget_minor=500_00)
    synced.edit_in_megaphone(campaign, title="Renamed there")

    synced.push()

    assert of_run(None) == [(campaign.id, "changed", "title", title, "Renamed there")]
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


def test_a_record_that_went_and_came_back_is_a_row_each_time(synced: Desk) -> None:
    campaign = synced.any_campaign()
    there = synced.remote(campaign)
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    assert of_run(synced.pull()) == []

    gone = synced.pull()

    assert gone.gone_count == 1
    assert of_run(gone) == [(campaign.id, "gone", None, None, None)]
    synced.list_instead([*synced.sandbox.control("GET", "campaigns")["campaigns"], there])
    assert of_run(synced.pull()) == [(campaign.id, "back", None, None, None)]
    assert synced.campaign(id=campaign.id).sync_state == "confirmed"


@pytest.mark.parametrize("rows", [3, 30])
def test_all_of_a_page_are_one_statement(synced: Desk, rows: int) -> None:
    for campaign in db.session.scalars(select(Campaign).limit(rows)).all():
        synced.edit_in_megaphone(campaign, title=f"Renamed {campaign.id}", totalBudgetCents=None)

    with count_statements() as statements:
        run = synced.pull()

    assert len(of_run(run)) >= rows
    assert sum(s.startswith("INSERT INTO pulled_change") for s in statements) == 1
