"""An operator's desk beside a worker that dies: saves, bookings, and what became of them."""

from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, text

from tests.kill.plan import Workers, stop, until
from tests.proof.evidence import Evidence, OfControl, Saved, gather
from tests.proof.invariants import check_all
from tests.support.sandbox import Sandbox
from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns import service as campaigns
from webapp.campaigns.fields import GROUPS, CampaignValues, snapshot
from webapp.campaigns.models import GONE, IN_FLIGHT, READY, Campaign, Change
from webapp.connections.models import Connection
from webapp.core.db import db, reading, transaction
from webapp.sync import jobs
from webapp.sync import service as sync
from webapp.sync.models import COMPLETE, OPEN_STATES, SyncRun

ANA = Actor("ana@example.com", "web")
# Longer than any lease, and than a request that was sent can stay open.
LATER = 130.0
OPEN_RUNS = select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES))


@dataclass
class Desk:
    """Both sides in reach. ``saved`` and ``booked`` are what the operator was told is kept."""

    sandbox: Sandbox
    work: jobs.Work
    workers: Workers
    connection_id: int
    initial: dict[str, Any] = field(default_factory=dict)
    saved: list[Saved] = field(default_factory=list)
    booked: set[int] = field(default_factory=set)

    def pull(self) -> None:
        """Read everything, in this process: nobody is killed in it."""
        self._ask_for_a_pull()
        jobs.pull_next(self.work)

    def _ask_for_a_pull(self) -> None:
        with transaction():
            sync.request_run(ANA, db.session.get_one(Connection, self.connection_id))

    def book(self, title: str, **values: Any) -> int:
        with transaction():
            advertiser_id = db.session.scalar(
                select(Campaign.advertiser_id).where(Campaign.advertiser_id.is_not(None)).limit(1)
            )
            wanted = CampaignValues(**{"title": title, "advertiser_id": advertiser_id, **values})
            connection = db.session.get_one(Connection, self.connection_id)
            campaign = campaigns.create_campaign(ANA, connection, wanted, uuid4())
            number = campaign.id
            self._note(campaign, list(GROUPS))
        self.booked.add(number)
        return number

    def edit(self, campaign_id: int, **values: Any) -> None:
        with transaction():
            campaign = db.session.get_one(Campaign, campaign_id, populate_existing=True)
            before = snapshot(campaign)
            wanted = replace(values_of(campaign), **values)
            campaigns.edit_campaign(ANA, campaign, wanted, campaign.version, uuid4())
            after = snapshot(campaign)
            self._note(campaign, [group for group in GROUPS if after[group] != before[group]])

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

    def _note(self, campaign: Campaign, groups: list[str]) -> None:
        last = db.session.scalar(select(func.max(AuditEvent.id))) or 0
        values = snapshot(campaign)
        self.saved += [Saved(campaign.id, group, values[group], last) for group in groups]

    def ask(self, query: Any) -> Any:
        """Look into the database without its write lock."""
        with reading():
            found = query()
            db.session.rollback()
        return found

    def is_done(self) -> bool:
        """Whether nothing is left to send or find out, and no run is open."""
        changes = select(Change.id).where(Change.state.in_((READY, *IN_FLIGHT)))
        return self._is_none(changes) and self._is_none(OPEN_RUNS)

    def let_time_pass(self) -> None:
        """Move the workers' clock, but not in the middle of a run: it would be taken for dead."""
        if self._is_none(OPEN_RUNS):
            self.workers.move_clock(LATER / 2)

    def _is_none(self, query: Any) -> bool:
        return self.ask(lambda: db.session.scalar(query.limit(1))) is None

    def said(self) -> str:
        """What is left, for a failure's message."""
        changes = self.ask(
            lambda: db.session.execute(select(Change.id, Change.state, Change.last_error)).all()
        )
        return f"{[row for row in changes if row.state != 'applied']}\n{self.workers.said()}"

    def heal(self) -> None:
        """Let workers that nobody kills do all that is left, and read everything twice."""
        for _ in range(2):
            self.workers.move_clock(LATER)
            with self.workers.running() as worker:
                until(
                    partial(self._is_healed, self._complete_runs()),
                    self.said,
                    meanwhile=self._go_on,
                )
                stop(worker)

    def _go_on(self) -> None:
        """A list that was changed by a booking while it was read is asked for again."""
        self.let_time_pass()
        if self.is_done():
            self._ask_for_a_pull()

    def _is_healed(self, earlier: int) -> bool:
        """Whether all is done, and another run, as a worker asks for at its start, is complete."""
        return self._complete_runs() > earlier and self.is_done()

    def _complete_runs(self) -> int:
        query = select(func.count()).where(SyncRun.state == COMPLETE)
        return self.ask(lambda: db.session.scalar(query) or 0)

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
            assert self.ask(lambda: db.session.scalars(text("PRAGMA integrity_check")).all()) == [
                "ok"
            ]
        return evidence


def values_of(campaign: Campaign) -> CampaignValues:
    return CampaignValues(
        title=campaign.title,
        advertiser_id=campaign.advertiser_id,
        external_id=campaign.external_id,
        total_budget_minor=campaign.total_budget_minor,
        total_budget_currency=campaign.total_budget_currency,
        copy_needed=campaign.copy_needed,
    )
