"""Ending by hand: linking a booking in doubt, booking anew what is gone, keeping it here only."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from tests.factories import values_of
from tests.sync.conftest import ANA, Desk
from webapp.audit import service as audit
from webapp.audit.service import FieldChange, Subject
from webapp.campaigns import queries
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.core.errors import NotFound, TooLate
from webapp.sync import candidates
from webapp.sync.models import Duplicate, PulledChange
from webapp.sync.page import MEGAPHONE

BOOKED = {
    "title": "Spring Sale",
    "total_budget_minor": 500_00,
    "total_budget_currency": "USD",
}


@pytest.fixture
def unkept(synced: Desk) -> Desk:
    """Connected to an ad server that keeps no external ids."""
    synced.sandbox.settings(external_id="dropped")
    with transaction():
        query = update(Connection).where(Connection.id == synced.connection_id)
        db.session.execute(query.values(marker_mode="none"))
    return synced


def lose(desk: Desk, action: str = "cut_after_apply", **values: Any) -> Campaign:
    """Book, lose the answer, and read what Megaphone has since."""
    desk.sandbox.fault({"action": action, "method": "POST", "times": 1})
    campaign = desk.book(**BOOKED | values)
    desk.push()
    desk.settle()
    desk.pull()
    parked = desk.campaign(id=campaign.id)
    assert parked.sync_state == "parked"
    return parked


def book_in_megaphone(desk: Desk, **values: Any) -> None:
    advertiser = desk.remote(desk.any_campaign())["advertiserId"]
    record = {"advertiserId": advertiser, "title": "Spring Sale", "totalBudgetCents": 500_00}
    record |= {"totalBudgetCurrency": "USD", **values}
    desk.sandbox.control("POST", "campaigns", record)


def link(campaign: Campaign, candidate: Campaign) -> None:
    with transaction():
        candidates.link(ANA, campaign, candidate.uuid)


def test_a_booking_that_is_there_after_all_is_linked_and_not_made_twice(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    remote_id, entries = found.remote_id, len(db.session.scalars(select(Campaign.id)).all())

    link(campaign, found)
    unkept.push()

    campaign = unkept.campaign(id=campaign.id)
    assert (campaign.remote_id, campaign.sync_state) == (remote_id, "confirmed")
    assert len(db.session.scalars(select(Campaign.id)).all()) == entries - 1
    assert len(unkept.our_writes("POST")) == 1
    assert unkept.pull().unchanged_count == 41
    assert [e[:2] for e in unkept.events(campaign)].count((ANA.label, "linked")) == 1
    assert db.session.scalars(select(Change.state).order_by(Change.id)).first() == "applied"


def test_what_was_edited_while_in_doubt_is_sent_to_the_linked_record(unkept: Desk) -> None:
    campaign = lose(unkept)
    unkept.edit(campaign, title="Summer Sale")
    unkept.push()
    assert unkept.campaign(id=campaign.id).sync_state == "parked"
    (found,) = candidates.candidates_of(unkept.campaign(id=campaign.id))

    link(campaign, found)
    unkept.push()

    campaign = unkept.campaign(id=campaign.id)
    assert unkept.remote(campaign)["title"] == "Summer Sale"
    assert campaign.sync_state == "confirmed"
    assert len(unkept.our_writes("POST")) == 1


def test_a_record_that_differs_from_what_was_sent_waits_for_a_decision(unkept: Desk) -> None:
    campaign = lose(unkept, copy_needed=True)
    (found,) = candidates.candidates_of(campaign)
    unkept.edit_in_megaphone(found, copyNeeded=False)
    unkept.pull()

    link(campaign, unkept.campaign(id=found.id))
    unkept.push()

    linked = unkept.campaign(id=campaign.id)
    assert (linked.sync_state, linked.copy_needed) == ("conflict", True)
    assert unkept.remote(linked)["copyNeeded"] is False
    (conflict,) = queries.open_conflicts(linked)
    assert (conflict.field_group, conflict.theirs) == ("copy_needed", False)


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Autumn Sale"},
        {"totalBudgetCents": 499_00},
        {"totalBudgetCurrency": "EUR"},
        {"totalBudgetCents": None},
    ],
)
def test_what_differs_from_the_booking_is_no_candidate(
    unkept: Desk, other: dict[str, object]
) -> None:
    book_in_megaphone(unkept, **other)
    campaign = lose(unkept, "cut_before_apply")
    assert list(candidates.candidates_of(campaign)) == []


def test_letter_case_of_the_title_does_not_matter(unkept: Desk) -> None:
    book_in_megaphone(unkept, title="SPRING sale")
    campaign = lose(unkept, "cut_before_apply")
    assert [c.title for c in candidates.candidates_of(campaign)] == ["SPRING sale"]


def test_what_was_there_long_before_is_no_candidate(unkept: Desk) -> None:
    book_in_megaphone(unkept)
    unkept.clock.move(minutes=6)
    with transaction():
        # The booking's time is the web's clock, which is not moved here.
        campaign = unkept.book(**BOOKED)
        due = update(Change).where(Change.campaign_id == campaign.id)
        db.session.execute(due.values(next_attempt_at=unkept.clock()))
    unkept.sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    unkept.push()
    unkept.settle()
    unkept.pull()
    parked = unkept.campaign(id=campaign.id)
    assert parked.sync_state == "parked"
    assert list(candidates.candidates_of(parked)) == []


def test_what_was_booked_from_here_is_no_candidate(unkept: Desk) -> None:
    unkept.book(**BOOKED)
    unkept.push()
    campaign = lose(unkept, "cut_before_apply")
    assert list(candidates.candidates_of(campaign)) == []


def test_two_records_with_our_marker_are_candidates_whatever_they_say(synced: Desk) -> None:
    synced.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})
    campaign = synced.book(**BOOKED)
    synced.push()
    marker = synced.campaign(id=campaign.id).marker
    book_in_megaphone(synced, title="Copied by hand", externalId=marker)
    synced.settle()
    assert synced.campaign(id=campaign.id).sync_state == "parked"
    synced.pull()

    found = candidates.candidates_of(synced.campaign(id=campaign.id))

    assert {c.title for c in found} == {"Spring Sale", "Copied by hand"}
    right = next(c for c in found if c.title == "Spring Sale")
    link(synced.campaign(id=campaign.id), right)
    synced.push()
    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"


def test_a_report_of_a_second_record_is_closed_by_linking_it(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    with transaction():
        report = Duplicate(
            connection_id=unkept.connection_id,
            campaign_id=campaign.id,
            remote_id=found.remote_id or "",
            marker=campaign.marker or "",
            seen_at=unkept.clock(),
        )
        db.session.add(report)

    link(campaign, found)

    assert db.session.scalars(select(Duplicate.closed_by)).all() == [ANA.label]


def test_what_someone_worked_on_is_not_taken_over(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    unkept.edit(found, copy_needed=not found.copy_needed)

    with pytest.raises(TooLate, match="worked on the other"):
        link(unkept.campaign(id=campaign.id), found)
    assert unkept.campaign(id=campaign.id).sync_state == "parked"


def test_what_was_archived_is_not_taken_over(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    with transaction():
        campaigns.archive_campaign(ANA, found)
    with pytest.raises(TooLate, match="worked on the other"):
        link(unkept.campaign(id=campaign.id), found)


def test_the_history_of_what_was_pulled_goes_over(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    with transaction():
        changed = PulledChange(campaign_id=found.id, at=unkept.clock(), kind="changed")
        db.session.add(changed)
        about_it = Subject("campaign", found.id, found.title)
        audit.record(MEGAPHONE, "changed", about_it, [FieldChange("budget", "1", "2")])

    link(campaign, found)

    assert db.session.scalars(select(PulledChange.campaign_id)).all() == [campaign.id]
    assert ("Megaphone", "changed", "budget", "2") in unkept.events(campaign)


def test_the_next_campaign_does_not_inherit_what_happened_to_one_that_was_linked(
    unkept: Desk,
) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    unkept.edit_in_megaphone(found, copyNeeded=True)
    unkept.pull()
    link(campaign, unkept.campaign(id=found.id))

    booked = unkept.book(title="Next")

    assert [e[:2] for e in unkept.events(booked) if e[1] != "booked"] == []


def test_a_booking_that_is_settled_is_linked_to_nothing(unkept: Desk) -> None:
    campaign = lose(unkept)
    (found,) = candidates.candidates_of(campaign)
    candidate = found.uuid
    with transaction():
        campaigns.book_again(ANA, campaign)
    with pytest.raises(TooLate, match="no longer in doubt"), transaction():
        candidates.link(ANA, unkept.campaign(id=campaign.id), candidate)
    assert list(candidates.candidates_of(unkept.campaign(id=campaign.id))) == []


def test_only_a_candidate_is_linked(unkept: Desk) -> None:
    campaign = lose(unkept)
    other = unkept.any_campaign()
    for wrong in (other.uuid, uuid4()):
        with pytest.raises(NotFound), transaction():
            candidates.link(ANA, unkept.campaign(id=campaign.id), wrong)


@pytest.fixture
def gone(synced: Desk) -> tuple[Desk, Campaign]:
    """A campaign booked from here, deleted in Megaphone, and edited since."""
    campaign = synced.book(**BOOKED)
    synced.push()
    campaign = synced.campaign(id=campaign.id)
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.edit(campaign, title="Too late")
    synced.push()
    parked = synced.campaign(id=campaign.id)
    assert parked.sync_state == "parked"
    return synced, parked


def test_what_is_gone_is_booked_anew_under_another_marker(gone: tuple[Desk, Campaign]) -> None:
    desk, campaign = gone
    old_id, old_marker = campaign.remote_id, campaign.external_id

    with transaction():
        candidates.recreate(ANA, campaign)
    assert desk.campaign(id=campaign.id).sync_state == "waiting"
    desk.push()

    anew = desk.campaign(id=campaign.id)
    assert anew.sync_state == "confirmed"
    assert anew.remote_id not in (None, old_id)
    assert (desk.remote(anew)["title"], desk.remote(anew)["externalId"]) == (
        "Too late",
        anew.external_id,
    )
    assert anew.external_id != old_marker
    assert anew.marker == anew.external_id
    assert len(desk.our_writes("POST")) == 2
    assert (ANA.label, "booked anew", None, None) in desk.events(anew)
    assert desk.pull().created_count == 0


def test_an_operators_own_external_id_is_kept_when_it_is_booked_anew(synced: Desk) -> None:
    campaign = synced.book(**BOOKED, external_id="IO-7")
    synced.push()
    campaign = synced.campaign(id=campaign.id)
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.edit(campaign, title="Too late")
    synced.push()
    with transaction():
        candidates.recreate(ANA, synced.campaign(id=campaign.id))
    synced.push()
    assert synced.remote(synced.campaign(id=campaign.id))["externalId"] == "IO-7"


def test_what_two_lists_and_a_look_did_not_find_is_booked_anew(synced: Desk) -> None:
    campaign = synced.any_campaign()
    synced.sandbox.control("DELETE", f"campaigns/{campaign.remote_id}")
    synced.pull()
    synced.pull()
    assert synced.campaign(id=campaign.id).sync_state == "gone"
    with transaction():
        candidates.recreate(ANA, synced.campaign(id=campaign.id))
    synced.push()
    anew = synced.campaign(id=campaign.id)
    assert (anew.sync_state, synced.remote(anew)["title"]) == ("confirmed", anew.title)


def test_pressed_twice_it_is_booked_anew_once(gone: tuple[Desk, Campaign]) -> None:
    desk, campaign = gone
    with transaction():
        candidates.recreate(ANA, campaign)
    with pytest.raises(TooLate), transaction():
        candidates.recreate(ANA, desk.campaign(id=campaign.id))
    desk.push()
    assert len(desk.our_writes("POST")) == 2


def test_what_is_kept_here_only_is_archived_and_not_sent(gone: tuple[Desk, Campaign]) -> None:
    desk, campaign = gone
    with transaction():
        candidates.detach(ANA, campaign)
    desk.push()

    kept = desk.campaign(id=campaign.id)
    assert kept.archived_at is not None
    assert (kept.sync_state, kept.title) == ("gone", "Too late")
    assert desk.change_of(kept).state == "cancelled"
    assert len(desk.our_writes("POST")) == 1


@pytest.mark.parametrize("verb", [candidates.recreate, candidates.detach])
def test_what_megaphone_has_is_neither_booked_anew_nor_let_go(synced: Desk, verb: Any) -> None:
    campaign = synced.any_campaign()
    with pytest.raises(TooLate, match="as far as we know"), transaction():
        verb(ANA, campaign)

    synced.edit(campaign, title="On its way")
    with transaction():
        query = update(Change).where(Change.campaign_id == campaign.id)
        db.session.execute(query.values(state="sent"))
    with pytest.raises(TooLate, match="being sent"), transaction():
        verb(ANA, synced.campaign(id=campaign.id))


def test_a_refused_change_is_no_reason_to_book_anew(synced: Desk) -> None:
    synced.sandbox.fault({"action": "status", "status": 422, "method": "PUT", "times": 1})
    campaign = synced.any_campaign()
    wanted = replace(values_of(campaign), title="No good")
    with transaction():
        campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
    synced.push()
    assert not candidates.is_gone_there(synced.campaign(id=campaign.id))
