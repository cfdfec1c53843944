"""A job carried out: by the verbs of a single edit, item by item, with rights and versions."""

from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.bulk.desk import Desk, changes, events, item, said, states
from webapp.audit import service as audit
from webapp.auth.models import Operator
from webapp.bulk import planning, queries, runner, service
from webapp.bulk.models import CANCELLED, FINISHED, PAUSED, RUNNING, BulkItem
from webapp.bulk.operations import (
    AddToBudget,
    Archive,
    ReplaceInTitle,
    ScaleBudget,
    SetAdvertiser,
    SetBudget,
    SetOwner,
    Unarchive,
)
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import CONFIRMED, HELD, READY, SUPERSEDED, WAITING, Campaign
from webapp.campaigns.record import subject
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate
from webapp.sync.page import MEGAPHONE


def get(campaign_id: int) -> Campaign:
    return db.session.get_one(Campaign, campaign_id, populate_existing=True)


def test_each_campaign_is_archived_recorded_and_no_ad_server_told(desk: Desk) -> None:
    ids = factories.campaigns(3)

    job = desk.do(ids, Archive())

    assert job.state == FINISHED
    assert states(job) == ["done"] * 3
    assert all(get(id_).archived_at for id_ in ids)
    assert events(ids[0]) == [("archived", None, "bulk")]
    assert changes() == []


def test_archived_ones_come_back(desk: Desk) -> None:
    campaign = factories.campaign(archived_at=utc_now())
    desk.do([campaign.id], Unarchive())
    assert get(campaign.id).archived_at is None
    assert events(campaign.id) == [("unarchived", None, "bulk")]


def test_an_owner_is_set_here_only(desk: Desk) -> None:
    ids = factories.campaigns(2)

    desk.do(ids, SetOwner(desk.operator.id, desk.operator.email))

    assert [get(id_).owner_id for id_ in ids] == [desk.operator.id] * 2
    assert get(ids[0]).owner_key == desk.operator.email
    assert get(ids[0]).version == 2
    assert get(ids[0]).sync_state == CONFIRMED
    assert events(ids[0]) == [("edited", "owner", "bulk")]
    assert changes() == []


def test_an_edit_is_sent_in_the_jobs_own_lane(desk: Desk) -> None:
    campaign = factories.campaign(title="Old", budget=(5000, "USD"))

    job = desk.do([campaign.id], SetBudget(9000, "EUR"))

    (change,) = changes()
    assert change.fields == ["budget"]
    assert change.before == {"budget": [5000, "USD"]}
    assert change.after == {"budget": [9000, "EUR"]}
    assert change.lane == f"batch:{job.uuid}"
    assert change.operator_id == desk.operator.id
    assert change.intent_key == item(job).key
    assert get(campaign.id).sync_state == WAITING
    assert get(campaign.id).budget_key.startswith("EUR")


def test_an_advertiser_is_set_with_what_lists_sort_by(desk: Desk) -> None:
    campaign = factories.campaign()
    other = factories.advertiser(name="Zebra")

    desk.do([campaign.id], SetAdvertiser(other.id, other.name, other.connection_id))

    assert get(campaign.id).advertiser_id == other.id
    assert get(campaign.id).advertiser_key == "zebra"


def test_titles_are_searched_and_replaced(desk: Desk) -> None:
    campaign = factories.campaign(title="Spring a.c SPRING")
    desk.do([campaign.id], ReplaceInTitle("spring", r"\1", match_case=False))
    assert get(campaign.id).title == r"\1 a.c \1"


def test_what_waits_is_carried_along_and_replaced(desk: Desk) -> None:
    campaign = factories.campaign(title="Old", budget=(5000, "USD"))
    desk.do([campaign.id], ReplaceInTitle("Old", "New", match_case=True))

    desk.do([campaign.id], AddToBudget(-1000, "USD"))

    first, second = changes()
    assert first.state == SUPERSEDED
    assert first.finished_at
    assert (second.state, second.fields) == (READY, ["title", "budget"])
    assert second.after == {"budget": [4000, "USD"]}


def test_what_is_on_hold_stays_on_hold(desk: Desk) -> None:
    campaign = factories.campaign(budget=(5000, "USD"))
    factories.change(campaign, state=HELD, held_by="ana@example.com")

    desk.do([campaign.id], ScaleBudget("10"))

    last = changes()[-1]
    assert (last.state, last.held_by) == (HELD, "ana@example.com")
    assert last.fields == ["title", "budget"]


def test_a_group_in_conflict_is_not_settled_unseen(desk: Desk) -> None:
    campaign = factories.campaign(budget=(5000, "USD"))
    job = desk.plan([campaign.id], ScaleBudget("10"))
    conflict = factories.conflict(campaign, "budget", theirs=[1, "USD"])

    desk.run(job)

    assert states(job) == ["failed"]
    assert said(job) == ["In conflict with Megaphone in budget. Decide that first."]
    assert conflict.decided_at is None


def test_a_campaign_that_was_changed_since_is_left_as_it_is(desk: Desk) -> None:
    campaign, other = factories.campaign(title="One"), factories.campaign(title="Two")
    job = desk.plan([campaign.id, other.id], ReplaceInTitle("o", "0", match_case=False))
    ana = factories.operator(email="ana@example.com")
    actor = desk.actor.__class__("ana@example.com", "web", operator_id=ana.id)
    changed = factories.values_of(campaign).__class__("Hers", campaign.advertiser_id)
    campaigns.edit_campaign(actor, campaign, changed, 1, uuid4())

    desk.run(job)

    assert states(job) == ["failed", "done"]
    assert said(job)[0].startswith("It was changed since this was planned: ana@example.com, ")
    assert said(job)[0].endswith("(title).")
    assert get(campaign.id).title == "Hers"


def test_who_changed_it_is_said_and_not_who_confirmed_that(desk: Desk) -> None:
    campaign = factories.campaign(title="One")
    ana, bob = (factories.operator(email=f"{name}@example.com") for name in ("ana", "bob"))
    _retitle(ana, campaign, "Ana's")
    job = desk.plan([campaign.id], ReplaceInTitle("a", "o", match_case=False))
    audit.record(MEGAPHONE, "confirmed", subject(campaign), reason="title")
    _retitle(bob, campaign, "Bob's")
    audit.record(MEGAPHONE, "confirmed", subject(campaign), reason="title")

    desk.run(job)

    assert said(job)[0].startswith("It was changed since this was planned: bob@example.com, ")
    assert said(job)[0].endswith("(title).")


def test_who_changed_it_before_it_was_planned_is_not_named(desk: Desk) -> None:
    campaign = factories.campaign(title="One")
    ana, bob = (factories.operator(email=f"{name}@example.com") for name in ("ana", "bob"))
    job = desk.pick([campaign.id])
    _retitle(ana, campaign, "Ana's")
    planning.plan(desk.actor, job, ReplaceInTitle("a", "o", match_case=False))
    _retitle(bob, campaign, "Bob's")

    desk.run(job)

    assert said(job)[0].startswith("It was changed since this was planned: bob@example.com, ")


@pytest.mark.parametrize("action", queries.WHOLE)
def test_what_changes_no_field_of_it_is_said_too(desk: Desk, action: str) -> None:
    campaign = factories.campaign(title="One")
    job = desk.plan([campaign.id], Archive())
    campaign.version += 1
    audit.record(MEGAPHONE, action, subject(campaign))

    desk.run(job)

    assert said(job)[0].startswith(f"It was changed since this was planned: {MEGAPHONE.label}, ")


def _retitle(who: Operator, campaign: Campaign, title: str) -> None:
    values = values_of(editable(campaign) | {"title": title})
    campaigns.edit_campaign(Desk(who).actor, campaign, values, campaign.version, uuid4())


def test_archiving_asks_for_the_version_as_well(desk: Desk) -> None:
    campaign = factories.campaign()
    job = desk.plan([campaign.id], Archive())
    campaign.version += 1

    desk.run(job)

    assert states(job) == ["failed"]
    assert get(campaign.id).archived_at is None


def test_what_is_so_by_then_is_no_change(desk: Desk) -> None:
    campaign = factories.campaign()
    job = desk.plan([campaign.id], Archive())
    campaign.archived_at = utc_now()

    desk.run(job)

    assert states(job) == ["unchanged"]
    assert events(campaign.id) == []


@pytest.mark.parametrize("taken", ["role", "active"])
def test_nothing_is_done_for_someone_whose_rights_were_taken_away(desk: Desk, taken: str) -> None:
    ids = factories.campaigns(runner.BATCH + 5)
    job = desk.start(desk.plan(ids, Archive()))
    runner.run_batch(job.id, utc_now())
    if taken == "role":
        desk.operator.role = "viewer"
    else:
        desk.operator.active = False
    db.session.commit()

    desk.finish(job)

    assert job.state == FINISHED
    assert (job.done_count, job.failed_count) == (runner.BATCH, 5)
    assert (
        said(job)[-1] == "manager@example.com may no longer edit campaigns, so this was not done."
    )
    assert get(ids[-1]).archived_at is None


def test_one_that_breaks_a_rule_stops_no_other(desk: Desk) -> None:
    """The rule is broken only after planning: the owner's account is closed meanwhile."""
    owner = factories.operator()
    ids = factories.campaigns(2, owner_id=lambda number: owner.id if number else None)
    job = desk.pick(ids)
    planning.plan(desk.actor, job, SetOwner(owner.id, owner.email))
    owner.active = False

    desk.run(job)

    assert states(job) == ["failed", "unchanged"]
    assert said(job)[0] == "Pick an owner from the list."


def test_the_database_refusing_one_leaves_the_others_of_its_batch(desk: Desk) -> None:
    ids = factories.campaigns(3, budget=(5000, "USD"))
    job = desk.plan(ids, ScaleBudget("10"))
    second = db.session.scalars(select(BulkItem).order_by(BulkItem.id)).all()[1]
    # Against a rule of the database that no form lets through.
    second.wanted = {"budget": [-1, "USD"]}

    desk.run(job)

    assert states(job) == ["done", "failed", "done"]
    assert [get(id_).total_budget_minor for id_ in ids] == [5500, 5000, 5500]


def test_a_paused_job_waits_and_goes_on_where_it_was(desk: Desk) -> None:
    ids = factories.campaigns(runner.BATCH + 35)
    job = desk.start(desk.plan(ids, Archive()))
    runner.run_batch(job.id, utc_now())
    db.session.refresh(job)
    assert (job.state, job.done_count) == (RUNNING, runner.BATCH)

    service.pause(desk.actor, job)
    db.session.commit()
    runner.run_batch(job.id, utc_now())

    db.session.refresh(job)
    assert (job.state, job.done_count) == (PAUSED, runner.BATCH)
    service.resume(desk.actor, job)
    desk.finish(job)
    assert (job.state, job.done_count) == (FINISHED, runner.BATCH + 35)


def test_a_stopped_job_keeps_what_was_done(desk: Desk) -> None:
    ids = factories.campaigns(runner.BATCH + 35)
    job = desk.start(desk.plan(ids, Archive()))
    runner.run_batch(job.id, utc_now())
    db.session.refresh(job)

    service.cancel(desk.actor, job)
    db.session.commit()
    runner.run_batch(job.id, utc_now())

    db.session.refresh(job)
    assert (job.state, job.done_count, job.left_out_count) == (CANCELLED, runner.BATCH, 35)
    assert sum(get(id_).archived_at is not None for id_ in ids) == runner.BATCH
    with pytest.raises(TooLate):
        service.resume(desk.actor, job)


def test_pressed_twice_it_is_started_once(desk: Desk) -> None:
    job = desk.start(desk.plan(factories.campaigns(1), Archive()))
    desk.start(job)
    desk.finish(job)
    assert job.done_count == 1
    with pytest.raises(TooLate):
        service.start(desk.actor, job)


def test_jobs_take_turns(app: Flask, desk: Desk) -> None:
    long, short = factories.campaigns(60), factories.campaigns(1, title="Short")
    first, second = desk.plan(long, Archive()), desk.plan(short[-1:], SetOwner(None, "nobody"))
    desk.start(first)
    planning.plan(desk.actor, second, SetOwner(desk.operator.id, "me"))
    desk.start(second)
    now = utc_now()

    turns = []
    for step in range(3):
        job_id = queries.next_job()
        assert job_id
        turns.append(job_id)
        runner.run_batch(job_id, now + timedelta(seconds=step))

    assert turns == [first.id, second.id, first.id]
