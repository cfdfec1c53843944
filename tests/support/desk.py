"""An operator's desk at one connection: saves and bookings, the worker's jobs by hand, and proof.

What was saved is remembered, and judged in the end by the invariants of ``tests.proof``.
"""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, text

from tests.factories import values_of
from tests.proof.evidence import Evidence, OfControl, Saved, gather
from tests.proof.invariants import check_all
from tests.support.sandbox import Sandbox
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import GROUPS, CampaignValues, snapshot
from webapp.campaigns.models import GONE, IN_FLIGHT, READY, Campaign, Change
from webapp.connections import service as connections
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.http import Limits, http_session
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs
from webapp.sync import service as sync
from webapp.sync.models import COMPLETE, OPEN_STATES, SyncRun
from webapp.sync.remote import Outside

ANA = Actor("ana@example.com", "web")
# Longer than any lease, and than a request that was sent can stay open.
LATER = 130.0
MOST_ROUNDS = 12
OPEN_RUNS = select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES))


class MovingClock:
    """Real time, plus what the test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead.total_seconds()

    def move(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Desk:
    """Both sides in reach. ``saved`` and ``booked`` are what the operator was told is kept."""

    sandbox: Sandbox
    work: jobs.Work
    clock: MovingClock
    connection_id: int
    initial: dict[str, Any] = field(default_factory=dict)
    saved: list[Saved] = field(default_factory=list)
    booked: set[int] = field(default_factory=set)

    # What an operator does.

    def book(self, title: str, **values: Any) -> int:
        with transaction():
            advertiser_id = db.session.scalar(
                select(Campaign.advertiser_id).where(Campaign.advertiser_id.is_not(None)).limit(1)
            )
            wanted = CampaignValues(**{"title": title, "advertiser_id": advertiser_id, **values})
            connection = db.session.get_one(Connection, self.connection_id)
            campaign = campaigns.create_campaign(ANA, connection, wanted, uuid4())
            number = campaign.id
            noted = self._noted(campaign, list(GROUPS))
        self.saved += noted
        self.booked.add(number)
        return number

    def edit(self, campaign_id: int, **values: Any) -> None:
        with transaction():
            campaign = db.session.get_one(Campaign, campaign_id, populate_existing=True)
            before = snapshot(campaign)
            wanted = replace(values_of(campaign), **values)
            campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
            after = snapshot(campaign)
            noted = self._noted(campaign, [g for g in GROUPS if after[g] != before[g]])
        self.saved += noted

    def edit_any(self, chance: Random, number: int) -> None:
        """A booking now and then, else another title or budget for one of the campaigns."""
        if chance.random() < 0.25:
            self.book(f"Booked {number}")
            return
        query = select(Campaign.id).where(Campaign.sync_state != GONE).order_by(Campaign.id)
        chosen = chance.choice(self.ask(lambda: db.session.scalars(query).all()))
        if chance.random() < 0.5:
            self.edit(chosen, title=f"Title {number}")
        else:
            self.edit(chosen, total_budget_minor=1000 + number, total_budget_currency="USD")

    def _noted(self, campaign: Campaign, groups: list[str]) -> list[Saved]:
        last = db.session.scalar(select(func.max(AuditEvent.id))) or 0
        values = snapshot(campaign)
        return [Saved(campaign.id, group, values[group], last) for group in groups]

    # What the worker does.

    def ask_for_a_pull(self) -> int:
        with transaction():
            run = sync.request_run(ANA, db.session.get_one(Connection, self.connection_id))
            return run.id

    def pull(self) -> str:
        """Read everything, in this process. Returns how the run ended."""
        run_id = self.ask_for_a_pull()
        jobs.pull_next(self.work)
        return str(self.ask(lambda: db.session.get_one(SyncRun, run_id).state))

    def push(self) -> None:
        """What the worker does about the outbox in one look."""
        jobs.push_due(self.work)
        jobs.probe_due(self.work)

    def heal(self) -> None:
        """Let time pass and the worker's jobs run until nothing is left; then read twice."""
        for number in range(1, MOST_ROUNDS):
            self.clock.move(number * LATER)
            self.push()
            if self.is_done():
                break
        assert self.is_done(), self.left()
        self.clock.move(LATER)
        assert [self.pull(), self.pull()] == [COMPLETE, COMPLETE], self.left()
        self.push()

    # What came of it.

    def ask(self, query: Any) -> Any:
        """Look into the database without its write lock."""
        with reading():
            db.session.expire_all()
            found = query()
            db.session.rollback()
        return found

    def some(self, number: int) -> list[tuple[int, str]]:
        """So many campaigns that both sides have: their ids here and there."""
        query = select(Campaign.id, Campaign.remote_id).where(Campaign.remote_id.is_not(None))
        rows = self.ask(lambda: db.session.execute(query.order_by(Campaign.id).limit(number)).all())
        return [(row.id, row.remote_id) for row in rows]

    def change_of(self, campaign_id: int) -> Any:
        """The campaign's newest change, as a row."""
        table = Change.__table__
        query = select(table).where(table.c.campaign_id == campaign_id).order_by(table.c.id.desc())
        return self.ask(lambda: db.session.execute(query.limit(1)).one())

    def state_of(self, campaign_id: int) -> tuple[str, str]:
        """What its newest change is, and what its page says."""
        shown = self.ask(lambda: db.session.get_one(Campaign, campaign_id).sync_state)
        return self.change_of(campaign_id).state, shown

    def connection_state(self) -> str:
        return str(self.ask(lambda: db.session.get_one(Connection, self.connection_id).state))

    def is_done(self) -> bool:
        """Whether nothing is left to send or find out, and no run is open."""
        changes = select(Change.id).where(Change.state.in_((READY, *IN_FLIGHT)))
        return self.is_none(changes) and self.is_none(OPEN_RUNS)

    def is_none(self, query: Any) -> bool:
        return self.ask(lambda: db.session.scalar(query.limit(1))) is None

    def left(self) -> str:
        """What is not done, for a failure's message."""
        changes = select(Change.id, Change.state, Change.last_error)
        runs = select(SyncRun.id, SyncRun.state, SyncRun.problem)
        rows = self.ask(lambda: [db.session.execute(query).all() for query in (changes, runs)])
        return str(
            [row for found in rows for row in found if row.state not in ("applied", COMPLETE)]
        )

    def evidence(self) -> Evidence:
        with reading():
            evidence = gather(
                db.session,
                OfControl(self.sandbox.control),
                initial=self.initial,
                saved=self.saved,
                booked=self.booked,
                settled=True,
            )
        makers = {evidence.ours[each]["external_id"]: each for each in self.booked}
        writes = [replace(each, campaign_id=makers.get(each.marker)) for each in evidence.writes]
        return replace(evidence, writes=writes)

    def check(self) -> Evidence:
        """Judge by every invariant, and look whether the file itself is whole."""
        evidence = self.evidence()
        broken = check_all(evidence)
        assert not broken, "\n".join(broken)
        if db.engine.dialect.name == "sqlite":
            found = self.ask(lambda: db.session.scalars(text("PRAGMA integrity_check")).all())
            assert found == ["ok"]
        return evidence

    def our_writes(self) -> list[tuple[str, str]]:
        """Method and remote id of each write of ours that took effect, in a fixed order."""
        writes = self.sandbox.applied_writes()
        return sorted((w["method"], w["remote_id"]) for w in writes if w["sender"] == "api")


def with_credential(settings: Settings, sandbox: Sandbox, base_url: str | None = None) -> Settings:
    """Settings by which this sandbox is reached, directly or at another address."""
    given = Settings(megaphone_api_token=sandbox.token, megaphone_org_id=sandbox.organization)
    return settings.model_copy(
        update={
            "megaphone_base_url": base_url or sandbox.base_url,
            "megaphone_api_token": given.megaphone_api_token,
            "megaphone_org_id": given.megaphone_org_id,
            "megaphone_requests_per_minute": 0,
        }
    )


def connected(settings: Settings, sandbox: Sandbox, limits: Limits | None = None) -> Desk:
    """A desk whose connection was just made, with everything read once."""
    with transaction():
        connection = connections.connect_from_settings(ANA, settings)
        assert connection is not None
        connection_id = connection.id
    clock = MovingClock()
    work = jobs.Work(
        settings,
        RateLimiter(0, monotonic=clock.monotonic, sleep=clock.move),
        keep_going=lambda: True,
        clock=clock,
        sleep=clock.move,
        outside=Outside(
            http=lambda user_agent: http_session(user_agent, monotonic=clock.monotonic),
            clock=clock,
            monotonic=clock.monotonic,
            limits=limits,
        ),
    )
    desk = Desk(sandbox, work, clock, connection_id)
    assert desk.pull() == COMPLETE
    with reading():
        desk.initial = gather(db.session, OfControl(sandbox.control)).remote
    return desk
