"""Undoing a job: what was not sent is taken back, what was is sent anew, the rest says why not."""

import pytest
from sqlalchemy import update

from tests import factories
from tests.bulk.desk import Desk, changes, events, item, items, said, states
from tests.bulk.pressing import press
from tests.support.pages import Page, get_page
from webapp.bulk import service, shown, undoing, words
from webapp.bulk.models import IMPORT, UNDO, BulkJob
from webapp.bulk.operations import Archive, ReplaceInTitle, ScaleBudget, SetOwner
from webapp.bulk.service import Planned
from webapp.campaigns.fields import snapshot
from webapp.campaigns.models import APPLIED, CANCELLED, CONFIRMED, READY, Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate


def undo(desk: Desk, job: BulkJob) -> BulkJob:
    """The draft that undoes a job."""
    draft = undoing.draft_undo(desk.actor, job)
    db.session.commit()
    return draft


def arrive(job: BulkJob) -> None:
    """Have everything that the job has to send confirmed by the ad server."""
    lane = f"batch:{job.uuid}"
    for change in changes(Change.lane == lane):
        campaign = db.session.get_one(Campaign, change.campaign_id)
        campaign.base, campaign.sync_state = snapshot(campaign), CONFIRMED
    db.session.execute(
        update(Change).where(Change.lane == lane).values(state=APPLIED, finished_at=utc_now())
    )
    db.session.commit()


def get(campaign_id: int) -> Campaign:
    return db.session.get_one(Campaign, campaign_id, populate_existing=True)


def test_what_was_not_sent_is_taken_back_and_nothing_is_sent(desk: Desk) -> None:
    campaign = factories.campaign(budget=(5000, "USD"))
    job = desk.do([campaign.id], ScaleBudget("10"))

    draft = undo(desk, job)

    assert (draft.kind, draft.undoes_id) == (UNDO, job.id)
    assert item(draft).warnings == [undoing.TAKEN_BACK]
    desk.run(draft)
    assert said(draft) == [undoing.TAKEN_BACK]
    assert get(campaign.id).total_budget_minor == 5000
    assert get(campaign.id).sync_state == CONFIRMED
    assert [change.state for change in changes()] == [CANCELLED]
    assert events(campaign.id)[-1] == ("undid", "budget", "bulk")


def test_what_arrived_goes_out_as_a_new_change_in_a_lane_of_its_own(desk: Desk) -> None:
    campaign = factories.campaign(budget=(5000, "USD"))
    job = desk.do([campaign.id], ScaleBudget("10"))
    arrive(job)

    draft = undo(desk, job)

    assert item(draft).warnings == [undoing.SENT_ANEW]
    desk.run(draft)
    assert said(draft) == [undoing.SENT_ANEW]
    last = changes()[-1]
    assert (last.state, last.after, last.lane) == (
        READY,
        {"budget": [5000, "USD"]},
        f"batch:{draft.uuid}",
    )
    assert last.undoes_id == changes()[0].id


def test_what_is_local_is_undone_here(desk: Desk) -> None:
    campaign = factories.campaign()
    archived = desk.do([campaign.id], Archive())
    owned = desk.do([campaign.id], SetOwner(desk.operator.id, desk.operator.email))

    for job in (owned, archived):
        draft = undo(desk, job)
        assert item(draft).warnings == [undoing.LOCAL]
        desk.run(draft)
        assert said(draft) == [undoing.LOCAL]

    assert get(campaign.id).archived_at is None
    assert get(campaign.id).owner_id is None
    assert changes() == []


def test_what_was_changed_since_is_left_out_with_the_reason(desk: Desk) -> None:
    ids = factories.campaigns(2, budget=(5000, "USD"))
    job = desk.do(ids, ScaleBudget("10"))
    desk.do(ids[:1], ScaleBudget("20"))

    draft = undo(desk, job)

    assert states(draft) == ["left out", "planned"]
    assert said(draft)[0] == (
        "Changed since in budget: undo it on its own page, with both values in view."
    )
    desk.run(draft)
    assert [get(id_).total_budget_minor for id_ in ids] == [6600, 5000]


def test_what_is_as_before_or_in_conflict_is_left_out(desk: Desk) -> None:
    ids = factories.campaigns(2, budget=(5000, "USD"))
    job = desk.do(ids, ScaleBudget("10"))
    db.session.get_one(Campaign, ids[0]).total_budget_minor = 5000
    factories.conflict(db.session.get_one(Campaign, ids[1]), "budget", theirs=[1, "USD"])

    draft = undo(desk, job)

    assert said(draft) == [
        undoing.RESTORED,
        "In conflict with Megaphone in budget. Decide that first.",
    ]


def test_what_changes_between_the_preview_and_the_undo_is_left_as_it_is(desk: Desk) -> None:
    campaign = factories.campaign(title="Old")
    draft = undo(desk, desk.do([campaign.id], ReplaceInTitle("Old", "New", match_case=True)))
    desk.do([campaign.id], ReplaceInTitle("New", "Newer", match_case=True))

    desk.run(draft)

    assert states(draft) == ["failed"]
    assert get(campaign.id).title == "Newer"


def test_only_what_was_done_is_undone(desk: Desk) -> None:
    ids = factories.campaigns(2)
    job = desk.plan(ids, Archive())
    first = items(job)[0]
    service.tick(desk.actor, job, [first.id], [], job.plan_number)
    desk.run(job)

    draft = undo(desk, job)

    assert [each.campaign_id for each in items(draft)] == ids[1:]


def test_a_booking_that_waits_is_taken_back_and_one_that_was_sent_is_not(desk: Desk) -> None:
    advertiser = factories.advertiser()
    wanted = {"title": "Booked", "advertiser": advertiser.id}
    planned = [Planned(None, None, wanted | {"title": title}) for title in ("One", "Two")]
    job = service.draft(
        desk.actor, IMPORT, planned, selection="A file", operation={"words": "Import"}
    )
    desk.run(job)
    assert states(job) == ["done", "done"]
    sent = items(job)[1].campaign_id
    assert sent
    db.session.execute(update(Change).where(Change.campaign_id == sent).values(state=APPLIED))
    get(sent).remote_id = "r-1"

    draft = undo(desk, job)
    assert shown.start_words(draft) == (
        words.TAKE_BACK,
        f"{words.SENT_BY_THEN} {words.BOOKED_BY_THEN}",
    )
    desk.run(draft)

    assert states(draft) == ["done", "left out"]
    assert said(draft)[1].startswith("A booking that was sent cannot be undone here.")
    assert get(items(job)[0].campaign_id or 0).archived_at
    assert get(sent).archived_at is None


@pytest.mark.parametrize("state", ["draft", "queued", "undo"])
def test_there_is_not_always_something_to_undo(desk: Desk, state: str) -> None:
    job = desk.plan(factories.campaigns(1), Archive())
    if state != "draft":
        desk.start(job)
    if state == "undo":
        job = desk.run(undo(desk, desk.finish(job)))
    with pytest.raises(TooLate):
        undoing.draft_undo(desk.actor, job)


def test_the_page_names_the_three_groups_and_the_job_says_it_was_undone(
    desk: Desk, manager_client
) -> None:
    ids = factories.campaigns(3, budget=(5000, "USD"))
    job = desk.do(ids, ScaleBudget("10"))
    first, _, third = changes()
    first.state, first.finished_at = APPLIED, utc_now()
    campaign = db.session.get_one(Campaign, first.campaign_id)
    campaign.base, campaign.sync_state = snapshot(campaign), CONFIRMED
    desk.do([third.campaign_id], ScaleBudget("10"))
    page = get_page(manager_client, f"/bulk/{job.uuid}")

    page = press(page, "Undo what was done")

    assert page.h1 == "Undo “Raise the budget by 10 %”: 2 of 3"
    assert "1 Not sent: it is taken back" in page.text
    assert "1 Sent, or on its way: it goes to Megaphone as a new change." in page.text
    assert "1 Left out: Changed since in budget" in page.text
    draft = db.session.query(BulkJob).filter_by(undoes_id=job.id).one()
    assert "It was undone" not in get_page(manager_client, f"/bulk/{job.uuid}").text
    press(page, words.TAKE_BACK_AND_SEND)
    desk.finish(db.session.get_one(BulkJob, draft.id, populate_existing=True))
    assert "It was undone" in get_page(manager_client, f"/bulk/{job.uuid}").text
    assert [get(id_).total_budget_minor for id_ in ids] == [5000, 5000, 6050]


@pytest.fixture
def both(desk: Desk) -> BulkJob:
    """A job of two campaigns: what it did to the first was sent, the other waits."""
    job = desk.do(factories.campaigns(2, budget=(5000, "USD")), ScaleBudget("10"))
    sent = changes()[0]
    sent.state, sent.finished_at = APPLIED, utc_now()
    campaign = get(sent.campaign_id)
    campaign.base, campaign.sync_state = snapshot(campaign), CONFIRMED
    db.session.commit()
    return job


def preview(client, draft: BulkJob) -> Page:
    return get_page(client, f"/bulk/{draft.uuid}")


def test_the_button_says_that_megaphone_hears_nothing_of_what_is_only_here(
    desk: Desk, manager_client
) -> None:
    job = desk.do(factories.campaigns(1), Archive())
    page = preview(manager_client, undo(desk, job))

    assert words.SENT_BY_THEN not in page.text
    press(page, words.DO_HERE)


def test_the_button_says_that_what_was_sent_is_sent_anew(desk: Desk, manager_client) -> None:
    job = desk.do(factories.campaigns(1, budget=(5000, "USD")), ScaleBudget("10"))
    arrive(job)
    page = preview(manager_client, undo(desk, job))

    assert words.SENT_BY_THEN not in page.text
    press(page, words.SEND)


def test_the_button_takes_back_what_was_not_sent_and_says_what_else_may_come(
    desk: Desk, manager_client
) -> None:
    job = desk.do(factories.campaigns(1, budget=(5000, "USD")), ScaleBudget("10"))
    draft = undo(desk, job)
    page = preview(manager_client, draft)
    assert words.SENT_BY_THEN in page.text
    arrive(job)

    press(page, words.TAKE_BACK)

    # It was sent between the page and the press: the page has said what happens then.
    desk.finish(draft)
    assert said(draft) == [undoing.SENT_ANEW]


def test_the_button_says_both_whatever_is_ticked(desk: Desk, manager_client, both) -> None:
    draft = undo(desk, both)
    sent, waits = items(draft)
    assert (sent.warnings, waits.warnings) == ([undoing.SENT_ANEW], [undoing.TAKEN_BACK])

    for left in (sent, waits):
        service.tick(desk.actor, draft, [each.id for each in (sent, waits)], [left.id], 0)
        db.session.commit()
        page = preview(manager_client, draft)
        assert words.SENT_BY_THEN in page.text
        assert words.TAKE_BACK_AND_SEND in page.form("Keep the ticks").buttons
