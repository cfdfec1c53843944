"""A sandbox, an application connected to it, and a worker's jobs run by hand, on a moving clock."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import values_of
from tests.support.sandbox import Sandbox
from webapp.audit import queries as audit
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import CampaignValues
from webapp.campaigns.models import Campaign, Change
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.http import Limits, http_session
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs
from webapp.sync import service as sync_service
from webapp.sync.models import SyncRun
from webapp.sync.remote import Outside

ANA = Actor("ana@example.com", "web", request_id="request-of-ana")
# The sandbox always answers or hangs up; when, is up to the machine.
PATIENT = Limits(connect=60, read=60, total=120)


class MovingClock:
    """Real time, plus what the test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def monotonic(self) -> float:
        """What is moved, and nothing else: no limit of time strikes because a machine is slow."""
        return self.ahead.total_seconds()

    def move(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


@dataclass
class Desk:
    """An operator's desk: both sides of one connection in reach."""

    sandbox: Sandbox
    work: jobs.Work
    clock: MovingClock
    connection_id: int

    def pull(self) -> SyncRun:
        """One whole pull, as the worker runs it when an operator asks. Returns its run."""
        with transaction():
            run = sync_service.request_run(ANA, db.session.get_one(Connection, self.connection_id))
            run_id = run.id
        jobs.pull_next(self.work)
        db.session.expire_all()
        found = db.session.get_one(SyncRun, run_id)
        db.session.rollback()
        return found

    def push(self) -> None:
        """What the worker does about the outbox in one look."""
        jobs.push_due(self.work)
        jobs.probe_due(self.work)
        # What a probe gave back goes out at the next look, a second later.
        jobs.push_due(self.work)
        db.session.expire_all()

    def settle(self) -> None:
        """Time enough for a lost request to have been applied, then the next look."""
        self.clock.move(seconds=121)
        self.push()

    def campaign(self, **conditions: Any) -> Campaign:
        db.session.expire_all()
        return db.session.scalars(select(Campaign).filter_by(**conditions)).one()

    def any_campaign(self) -> Campaign:
        """One with a budget in dollars."""
        query = select(Campaign).where(
            Campaign.total_budget_currency == "USD", Campaign.total_budget_minor > 1000
        )
        return db.session.scalars(query.order_by(Campaign.id).limit(1)).one()

    def edit(self, campaign: Campaign, **values: Any) -> None:
        """Save other values, as the edit form does."""
        with transaction():
            wanted = replace(values_of(campaign), **values)
            campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())

    def book(self, **values: Any) -> Campaign:
        advertiser_id = self.any_campaign().advertiser_id
        wanted = CampaignValues(
            **{"title": "Booked here", "advertiser_id": advertiser_id, **values}
        )
        with transaction():
            connection = db.session.get_one(Connection, self.connection_id)
            return campaigns.create_campaign(ANA, connection, wanted, uuid4())

    def change_of(self, campaign: Campaign) -> Change:
        """The campaign's newest change."""
        db.session.expire_all()
        query = select(Change).where(Change.campaign_id == campaign.id)
        return db.session.scalars(query.order_by(Change.id.desc()).limit(1)).one()

    def remote(self, campaign: Campaign) -> dict[str, Any]:
        found = self.sandbox.control("GET", f"campaigns/{campaign.remote_id}")
        assert isinstance(found, dict)
        return found

    def edit_in_megaphone(self, campaign: Campaign, **values: Any) -> None:
        self.sandbox.control("PUT", f"campaigns/{campaign.remote_id}", values)

    def list_instead(self, rows: list[dict[str, Any]]) -> None:
        """Have Megaphone list just these campaigns."""
        headers = {"Content-Type": "application/json", "X-Total": str(len(rows))}
        answer = {"status": 200, "headers": headers, "body": json.dumps(rows)}
        self.sandbox.fault({"action": "answer", "path": "campaigns$", **answer})

    def our_writes(self, method: str) -> list[dict[str, Any]]:
        """Writes of ours that took effect, by the sandbox's own log."""
        writes = self.sandbox.applied_writes()
        return [w for w in writes if w["method"] == method and w["sender"] != "vendor"]

    def events(self, campaign: Campaign) -> list[tuple[str, str, str | None, str | None]]:
        found = audit.events_after("campaign", campaign.id, 0)
        return [(e.actor, e.action, e.field, e.after) for e in found]


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return settings.model_copy(
        update={
            "megaphone_base_url": sandbox.base_url,
            "megaphone_api_token": Settings(
                megaphone_api_token=sandbox.token, megaphone_org_id=sandbox.organization
            ).megaphone_api_token,
            "megaphone_org_id": sandbox.organization,
            "megaphone_requests_per_minute": 0,
        }
    )


@pytest.fixture
def desk(app: Flask, settings: Settings, sandbox: Sandbox) -> Desk:
    """Connected, with nothing read yet."""
    clock = MovingClock()
    outside = Outside(
        http=lambda user_agent: http_session(user_agent, monotonic=clock.monotonic),
        monotonic=clock.monotonic,
        limits=PATIENT,
    )
    work = jobs.Work(
        settings,
        RateLimiter(
            0, monotonic=clock.monotonic, sleep=lambda seconds: clock.move(seconds=seconds)
        ),
        keep_going=lambda: True,
        clock=clock,
        # Else what has just failed is now and then sent again within the same look.
        uniform=lambda _least, most: most,
        outside=outside,
    )
    with transaction():
        connection = connections.connect_from_settings(ANA, settings)
        assert connection is not None
        connection_id = connection.id
    return Desk(sandbox, work, clock, connection_id)


@pytest.fixture
def synced(desk: Desk) -> Desk:
    """Connected, and everything read once."""
    assert desk.pull().state == "complete"
    return desk
