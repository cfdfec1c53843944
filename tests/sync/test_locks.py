"""One order of locks: what would have ended in a deadlock of PostgreSQL does not.

Two real connections, each stopped inside its transaction until the other holds what it wants.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.meeting import AFTER, BEFORE, Meeting, meetings
from tests.support.threads import in_threads
from tests.sync.conftest import Desk
from webapp.adservers.types import Priority, RemoteAdvertiser, RemoteCampaign
from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.connections.models import NO_MARKER, Connection
from webapp.core.db import db, transaction
from webapp.sync import directory, outbox, results
from webapp.sync.campaign_pages import PageContext, merge_page
from webapp.sync.directory import load_directory
from webapp.sync.observations import begin_observation, next_observation
from webapp.sync.outbox import Claim
from webapp.sync.payload import prepare
from webapp.sync.remote import RequestCount, open_remote

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    with meetings() as meeting:
        yield meeting


def sent(desk: Desk) -> Claim:
    """The change whose turn it is, sent and not answered yet."""
    with transaction():
        claim = outbox.claim_due(desk.clock())
    assert claim
    with transaction():
        outgoing = prepare(claim, None, desk.clock())
        assert outgoing
        outbox.mark_sent(claim, outgoing.groups, desk.clock())
    return claim


def record_of(desk: Desk, campaign: Campaign) -> RemoteCampaign:
    remote_id = campaign.remote_id or ""
    db.session.rollback()
    with open_remote(
        "megaphone", desk.work.settings, desk.work.limiter, Priority.PUSH, RequestCount()
    ) as remote:
        return remote.get_campaign(remote_id)


def named(remote: RemoteCampaign, advertiser_id: str) -> RemoteCampaign:
    """The same record, of an advertiser that no list has."""
    raw = {"id": advertiser_id}
    advertiser = RemoteAdvertiser(advertiser_id, "Unlisted", None, None, None, None, None, raw)
    return replace(remote, advertiser_id=advertiser_id, advertiser=advertiser)


def listed(remote: RemoteCampaign) -> RemoteCampaign:
    """A record that is new to us."""
    new_id = str(uuid4())
    return replace(remote, id=new_id, external_id=None, raw={**remote.raw, "id": new_id})


def merge_a_page(desk: Desk, rows: list[RemoteCampaign]) -> None:
    """As a pull does it: a page, and the number of the next one's observation."""
    observation = begin_observation(desk.connection_id)
    with transaction():
        known = load_directory(desk.connection_id)
        context = PageContext(desk.connection_id, observation, known, desk.clock())
        assert merge_page(rows, context).created == len(rows)
        next_observation(desk.connection_id)


@on_postgresql
def test_a_lease_is_not_taken_back_under_the_answer_that_comes_late(
    app: Flask, synced: Desk, meeting: Meeting
) -> None:
    campaign = synced.any_campaign()
    answer = replace(record_of(synced, campaign), title="Late")
    synced.edit(campaign, title="Late")
    claim = sent(synced)
    later = synced.clock() + timedelta(minutes=2)

    def answered() -> int:
        def both_hold_one() -> None:
            meeting.come_to("the answer holds the campaign")
            meeting.wait_for("the next worker has looked")

        with (
            app.app_context(),
            meeting.at_statement(AFTER, "FROM campaign", "FOR", do=both_hold_one),
            transaction(),
        ):
            results.applied(claim, answer, later)
        return 0

    def taken_back() -> int:
        meeting.wait_for("the answer holds the campaign")
        looked = meeting.at_statement(
            AFTER, "FROM change", "FOR", do=lambda: meeting.come_to("the next worker has looked")
        )
        with app.app_context(), looked, transaction():
            return outbox.recover_expired(later)

    assert in_threads([answered, taken_back]) == [0, 0]
    assert synced.change_of(campaign).state == "applied"


@on_postgresql
def test_an_unlisted_advertiser_is_added_by_a_page_and_an_answer_at_once(
    app: Flask, synced: Desk, meeting: Meeting
) -> None:
    campaign = synced.any_campaign()
    answer = named(record_of(synced, campaign), "nowhere")
    synced.edit(campaign, title="Of an unlisted one")
    claim = sent(synced)

    def page() -> None:
        def both_add_it() -> None:
            meeting.come_to("the page has added it")
            meeting.wait_for("the answer is about to")

        with app.app_context(), meeting.at_statement(AFTER, "INTO advertiser", do=both_add_it):
            merge_a_page(synced, [listed(answer)])

    def answered() -> None:
        meeting.wait_for("the page has added it")
        about_to = meeting.at_statement(
            BEFORE, "INTO advertiser", do=lambda: meeting.come_to("the answer is about to")
        )
        with app.app_context(), about_to, transaction():
            results.applied(claim, answer, synced.clock())

    in_threads([page, answered])

    of_it = select(Advertiser.id).where(Advertiser.remote_id == "nowhere")
    its_campaigns = select(Campaign).where(Campaign.advertiser_id == of_it.scalar_subquery())
    assert len(db.session.scalars(its_campaigns).all()) == 2


@on_postgresql
def test_trust_in_markers_is_lost_while_a_page_of_new_campaigns_is_merged(
    app: Flask, synced: Desk, meeting: Meeting
) -> None:
    """A new campaign keeps its connection's row from going, not from being changed."""
    known = record_of(synced, synced.any_campaign())
    booked = synced.book(title="Comes back without its external ID")
    claim = sent(synced)

    def page() -> None:
        def both_want_the_connection() -> None:
            meeting.come_to("the page has new campaigns")
            meeting.wait_for("the answer is about to lock the connection")

        with (
            app.app_context(),
            meeting.at_statement(AFTER, "INTO campaign", do=both_want_the_connection),
        ):
            merge_a_page(synced, [listed(known)])

    def answered() -> None:
        meeting.wait_for("the page has new campaigns")
        about_to = meeting.at_statement(
            BEFORE,
            "FROM connection",
            "FOR",
            do=lambda: meeting.come_to("the answer is about to lock the connection"),
        )
        with app.app_context(), about_to, transaction():
            results.applied(claim, listed(known), synced.clock())

    in_threads([page, answered])

    assert synced.change_of(booked).state == "applied"
    assert db.session.get_one(Connection, synced.connection_id).marker_mode == NO_MARKER


def test_advertisers_are_added_in_the_order_of_their_ids(synced: Desk) -> None:
    """So that two who add the same ones never wait for each other."""
    rows = [
        {"connection_id": synced.connection_id, "remote_id": remote_id, "name": remote_id}
        | {"name_key": "", "fingerprint": "", "synced_at": synced.clock()}
        for remote_id in ("z3", "z1", "z2")
    ]
    with transaction():
        directory.add(Advertiser, rows)

    added = select(Advertiser.remote_id).where(Advertiser.name.in_(["z1", "z2", "z3"]))
    assert db.session.scalars(added.order_by(Advertiser.id)).all() == ["z1", "z2", "z3"]
