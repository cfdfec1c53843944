"""The three ways an ad server may treat our external ids, and a booking whose answer is lost."""

import pytest
from sqlalchemy import select

from tests.sync.conftest import ANA, Desk
from tests.sync.losing import (
    ARRIVED,
    NEVER_ARRIVED,
    arrive_late,
    book_and_lose,
    let_go,
    lost_and_not_found,
    set_mode,
)
from webapp.adservers.types import CampaignSpec, Priority, RemoteCampaign
from webapp.audit.models import AuditEvent
from webapp.campaigns import service as campaigns
from webapp.campaigns.models import Campaign
from webapp.changes import service as changes
from webapp.connections.models import Connection
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.sync import candidates, jobs, outbox, results
from webapp.sync.payload import prepare
from webapp.sync.remote import RequestCount, open_remote


def mode(desk: Desk) -> str:
    db.session.expire_all()
    found = db.session.get_one(Connection, desk.connection_id).marker_mode
    db.session.rollback()
    return found


def lists_read(desk: Desk) -> int:
    return sum(
        each["method"] == "GET" and "/campaigns?" in each["path"]
        for each in desk.sandbox.requests()
    )


def test_the_marker_is_kept_as_it_was_sent(synced: Desk) -> None:
    campaign = synced.book(title="Named", external_id="IO-1")
    assert synced.campaign(id=campaign.id).marker is None
    synced.push()
    synced.edit(synced.campaign(id=campaign.id), external_id="IO-2")
    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert (campaign.marker, campaign.external_id) == ("IO-1", "IO-2")


def test_an_external_id_that_another_has_is_no_marker(synced: Desk) -> None:
    synced.book(title="First", external_id="IO-1")
    synced.push()
    second = synced.book(title="Second", external_id="IO-1")
    synced.push()
    assert synced.campaign(id=second.id).sync_state == "confirmed"
    assert synced.campaign(id=second.id).marker is None


def test_an_external_id_under_which_another_was_booked_is_no_marker(synced: Desk) -> None:
    first = synced.book(title="First", external_id="IO-1")
    synced.push()
    synced.edit(synced.campaign(id=first.id), external_id="IO-2")
    second = synced.book(title="Second", external_id="IO-1")
    synced.push()
    assert synced.campaign(id=second.id).marker is None


@pytest.mark.parametrize(("kept", "sent"), [("dropped", None), ("folded", "io-1 ")])
def test_a_booking_that_comes_back_without_its_marker_is_bound_and_markers_trusted_no_more(
    synced: Desk, kept: str, sent: str | None
) -> None:
    synced.sandbox.settings(external_id=kept)
    campaign = synced.book(title="Bound by its id", external_id=sent)
    synced.push()

    campaign = synced.campaign(id=campaign.id)
    assert campaign.sync_state == "confirmed"
    assert synced.remote(campaign)["title"] == "Bound by its id"
    assert mode(synced) == "none"
    query = select(AuditEvent).where(AuditEvent.object_type == "connection")
    event = db.session.scalars(query.order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.actor, event.before, event.after) == ("Flightdeck", "kept", "not kept")
    assert "another external ID" in (event.reason or "")


def test_a_booking_that_comes_back_with_its_marker_changes_nothing(synced: Desk) -> None:
    synced.book(title="Good")
    synced.push()
    assert mode(synced) == "stored"


def test_trust_is_never_gained_by_an_echo(synced: Desk) -> None:
    set_mode(synced, "none")
    synced.book(title="Good")
    synced.push()
    assert mode(synced) == "none"


@pytest.mark.parametrize(("trusted", "needed"), [("stored", 2), ("unique", 1)])
def test_how_many_clean_lists_prove_that_a_booking_was_never_made(
    synced: Desk, trusted: str, needed: int
) -> None:
    synced.sandbox.settings(external_id=trusted)
    set_mode(synced, trusted)
    campaign = book_and_lose(synced, NEVER_ARRIVED)
    for looked in range(1, needed + 1):
        assert synced.our_writes("POST") == []
        before = lists_read(synced)
        synced.settle()
        assert lists_read(synced) == before + 1, looked

    assert synced.campaign(id=campaign.id).sync_state == "confirmed"
    assert len(synced.our_writes("POST")) == 1


def test_where_no_marker_is_kept_a_lost_booking_waits_for_a_person_and_nothing_is_listed(
    synced: Desk,
) -> None:
    synced.sandbox.settings(external_id="dropped")
    set_mode(synced, "none")
    campaign = book_and_lose(synced, ARRIVED)
    assert campaign.sync_state == "checking"
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "checking"
    before = lists_read(synced)

    synced.settle()

    parked = synced.campaign(id=campaign.id)
    assert parked.sync_state == "parked"
    assert "does not keep our external IDs" in (parked.sync_detail or "")
    assert lists_read(synced) == before
    for _ in range(3):
        synced.settle()
    assert len(synced.our_writes("POST")) == 1


@pytest.fixture
def late(synced: Desk) -> tuple[Desk, Campaign]:
    """A lost booking that was looked for and not found, and is there a moment later."""
    synced.sandbox.settings(external_id="unique", validation_shape="fields")
    set_mode(synced, "unique")
    campaign = book_and_lose(synced, NEVER_ARRIVED)
    synced.clock.move(seconds=121)
    jobs.probe_due(synced.work)
    assert synced.change_of(campaign).state == "ready"
    campaign = synced.campaign(id=campaign.id)
    advertiser = synced.remote(synced.any_campaign())["advertiserId"]
    arrived = {"title": "Lost", "advertiserId": advertiser, "externalId": campaign.marker}
    synced.sandbox.control("POST", "campaigns", arrived)
    return synced, campaign


def test_an_external_id_that_is_taken_after_a_lost_booking_is_looked_for_again(
    late: tuple[Desk, Campaign],
) -> None:
    desk, campaign = late
    jobs.push_due(desk.work)
    assert desk.campaign(id=campaign.id).sync_state == "checking"

    desk.settle()

    found = desk.campaign(id=campaign.id)
    assert found.sync_state == "confirmed"
    assert desk.remote(found)["externalId"] == campaign.marker
    assert desk.our_writes("POST") == []


def test_an_external_id_that_is_refused_again_is_refused(late: tuple[Desk, Campaign]) -> None:
    desk, campaign = late
    jobs.push_due(desk.work)
    (arrived,) = (w["remote_id"] for w in desk.sandbox.applied_writes())
    desk.sandbox.fault({"action": "hide", "only": arrived, "counted": False})
    desk.clock.move(seconds=121)
    jobs.probe_due(desk.work)
    desk.sandbox.clear_faults()
    assert desk.change_of(campaign).state == "ready"

    jobs.push_due(desk.work)

    assert desk.campaign(id=campaign.id).sync_state == "refused"
    assert desk.campaign(id=campaign.id).remote_id != arrived


def test_a_first_booking_whose_external_id_is_taken_is_refused(synced: Desk) -> None:
    synced.sandbox.settings(external_id="unique", validation_shape="fields")
    set_mode(synced, "unique")
    advertiser = synced.remote(synced.any_campaign())["advertiserId"]
    theirs = {"title": "Theirs", "advertiserId": advertiser, "externalId": "IO-1"}
    synced.sandbox.control("POST", "campaigns", theirs)
    campaign = synced.book(title="Ours", external_id="IO-1")
    synced.push()
    assert synced.campaign(id=campaign.id).sync_state == "refused"


def test_a_lost_booking_is_never_bound_to_what_is_another_campaign_here(synced: Desk) -> None:
    campaign = book_and_lose(synced, NEVER_ARRIVED)
    other = synced.any_campaign()
    synced.edit_in_megaphone(other, externalId=campaign.marker)

    synced.settle()

    parked = synced.campaign(id=campaign.id)
    assert (parked.sync_state, parked.remote_id) == ("parked", None)
    assert "belongs to another one here" in (parked.sync_detail or "")
    with pytest.raises(TooLate, match="it would run twice"), transaction():
        campaigns.book_again(ANA, parked)
    assert synced.our_writes("POST") == []


@pytest.fixture
def overtaken(synced: Desk) -> tuple[Desk, outbox.Claim, RemoteCampaign]:
    """A booking whose record a pull has imported before its answer was written down."""
    synced.sandbox.settings(external_id="dropped")
    synced.book(title="Overtaken")
    with transaction():
        claim = outbox.claim_due(synced.clock())
        assert claim is not None
        outgoing = prepare(claim, None, synced.clock())
        assert outgoing is not None
        assert isinstance(outgoing.request, CampaignSpec)
        outbox.mark_sent(claim, outgoing.groups, synced.clock())
    with open_remote(
        "megaphone", synced.work.settings, synced.work.limiter, Priority.PUSH, RequestCount()
    ) as remote:
        answer = remote.create_campaign(outgoing.request, outgoing.marker)
    assert synced.pull().created_count == 1
    return synced, claim, answer


def test_a_booking_that_a_pull_saw_first_is_one_campaign(
    overtaken: tuple[Desk, outbox.Claim, RemoteCampaign],
) -> None:
    desk, claim, answer = overtaken
    with transaction():
        results.applied(claim, answer, desk.clock())

    campaign = desk.campaign(remote_id=answer.id)
    assert campaign.id == claim.campaign_id
    assert campaign.sync_state == "confirmed"
    assert desk.campaign(title="Overtaken").id == campaign.id
    assert desk.pull().created_count == 0


def test_a_booking_that_a_pull_saw_first_and_someone_edited_waits_for_a_person(
    overtaken: tuple[Desk, outbox.Claim, RemoteCampaign],
) -> None:
    desk, claim, answer = overtaken
    desk.edit(desk.campaign(remote_id=answer.id), title="Edited meanwhile")
    with transaction():
        results.applied(claim, answer, desk.clock())

    parked = desk.campaign(id=claim.campaign_id)
    assert (parked.sync_state, parked.remote_id) == ("parked", None)
    assert "Edited meanwhile" in (parked.sync_detail or "")
    with pytest.raises(TooLate, match="it would run twice"), transaction():
        campaigns.book_again(ANA, parked)
    desk.push()
    for _ in range(3):
        desk.settle()
    assert len(desk.our_writes("POST")) == 1


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_lost_booking_that_a_pull_finds_before_it_is_sent_again_is_not_made_twice(
    synced: Desk, is_edited: bool
) -> None:
    campaign = lost_and_not_found(synced)
    arrive_late(synced, campaign)
    synced.pull()
    if is_edited:
        synced.edit(synced.campaign(id=campaign.id), external_id="Another")

    let_go(synced)

    doubtful = synced.campaign(id=campaign.id)
    assert synced.our_writes("POST") == []
    assert doubtful.sync_state == "parked"
    (found,) = candidates.candidates_of(doubtful)
    with transaction():
        candidates.link(ANA, doubtful, found.uuid)
    synced.push()
    assert len(synced.our_writes("POST")) == 0
    assert synced.campaign(id=campaign.id).remote_id == found.remote_id


def test_a_lost_booking_that_was_edited_since_is_found_when_its_external_id_is_taken(
    synced: Desk,
) -> None:
    synced.sandbox.settings(external_id="unique")
    set_mode(synced, "unique")
    campaign = lost_and_not_found(synced)
    synced.edit(campaign, title="Renamed")
    arrive_late(synced, campaign)

    let_go(synced)
    synced.settle()

    bound = synced.campaign(id=campaign.id)
    assert bound.remote_id is not None
    assert synced.our_writes("POST") == []


def test_a_new_external_id_that_is_refused_leaves_the_lost_booking_booked(
    synced: Desk,
) -> None:
    synced.sandbox.settings(external_id="unique")
    set_mode(synced, "unique")
    campaign = lost_and_not_found(synced)
    advertiser = synced.remote(synced.any_campaign())["advertiserId"]
    theirs = {"advertiserId": advertiser, "title": "Another's", "externalId": "IO-9"}
    synced.sandbox.control("POST", "campaigns", theirs)
    synced.edit(campaign, external_id="IO-9")

    let_go(synced)
    synced.settle()

    refused = synced.campaign(id=campaign.id)
    assert synced.remote(refused)["externalId"] == campaign.marker
    assert (refused.external_id, refused.sync_state) == ("IO-9", "refused")


def test_a_lost_booking_that_was_given_up_and_found_since_is_not_made_by_sending_it_again(
    synced: Desk,
) -> None:
    campaign = lost_and_not_found(synced)
    arrive_late(synced, campaign)
    synced.pull()
    with transaction():
        synced.change_of(campaign).state = "parked"
    with transaction():
        changes.send_again(ANA, synced.campaign(id=campaign.id))

    let_go(synced)

    assert synced.our_writes("POST") == []
    doubtful = synced.campaign(id=campaign.id)
    assert doubtful.sync_state == "parked"
    with transaction():
        campaigns.book_again(ANA, doubtful)
    synced.push()
    assert len(synced.our_writes("POST")) == 1
