"""A whole world in one process: operators, workers, the ad server and its people, faults, time.

Only the network, the clocks and chance are ours; all else is the real code on a real database.
Every begin and commit of a transaction of a job, and every remote call before and after, is a
*step*. At any of them a plan may have the worker die, stand still, or be overtaken.
"""

import contextvars
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import requests
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from tests.proof.clock import START
from tests.proof.editor import RemoteEditor
from tests.proof.evidence import (
    Call,
    Evidence,
    OfStandin,
    Write,
    gather,
    groups_of,
    whole,
)
from tests.proof.looks import Looks
from tests.proof.network import Network, Sent
from tests.proof.operators import ANA, Operators
from tests.proof.stage import ALL_ROWS, Stage
from webapp.advertisers.models import Advertiser
from webapp.audit.models import AuditEvent
from webapp.campaigns.fields import Snapshot
from webapp.campaigns.models import (
    IN_FLIGHT,
    SENT,
    Campaign,
    Change,
)
from webapp.connections import service as connections
from webapp.connections.models import NO_MARKER, STORED_MARKER, UNIQUE_MARKER, Connection
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sandbox.ratelimit import RateLimit
from webapp.sandbox.seed import Dice
from webapp.sync import jobs
from webapp.sync import service as sync_service
from webapp.sync.budget import DatabaseStore
from webapp.sync.models import COMPLETE, SyncRun
from webapp.sync.remote import Outside

T = TypeVar("T")
# What happens at the step of this number, or at such a one of a kind: "answered 2".
Plan = dict[int | str, Callable[[], None]]
WORKERS = 2

JOBS: Mapping[str, Callable[[jobs.Work], object]] = {
    "push": jobs.push_due,
    "probe": jobs.probe_due,
    "pull": jobs.pull_next,
    "start": jobs.ask_for_start_run,
    "schedule": jobs.ask_for_scheduled_run,
}


# What the scheduler would log before it goes on.
FAULTS = (SQLAlchemyError, RuntimeError, LookupError, TypeError, ValueError, AttributeError)


class Crash(BaseException):
    """The process is dead: nothing of the job runs any more, no handler either."""


@dataclass
class Task:
    """A job under way, and what is to happen at which of its steps."""

    name: str
    plan: Plan = field(default_factory=dict)
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    dead: bool = False


class World:
    """``noted`` are violations seen as they happened; the rest is in the evidence at the end."""

    def __init__(self, stage: Stage, rng: Dice) -> None:
        self.rng = rng
        self.stage = stage
        self.clock, self.standin, is_read = stage.fresh()
        self.network = Network(stage.sandbox, self.clock)
        self.network.watcher.before = self._before_call
        self.network.watcher.leaving = self._leaving
        self.network.watcher.applied = self._applied
        self.network.watcher.answered = self._answered
        self.editor = RemoteEditor(self.standin.state)
        self.operators = Operators(self.act, self.clock.monotonic)
        self.noted: list[tuple[str, str]] = []
        self.looks = Looks(self.act, self.clock.now, self.noted)
        self.is_slow = False
        self.rate = 0
        self.keeps_external_ids = True
        self._tasks: list[Task | None] = []
        self._workers = [self._new_worker() for _ in range(WORKERS)]
        stage.on_step = self._step
        if not is_read:
            self._connect()
            stage.keep()
            # As a world begins that finds all of it read already.
            self.clock.elapsed = 0.0
        self._first = gather_inside(self)
        self.network.sent.clear()

    def _connect(self) -> None:
        def connect() -> None:
            with transaction():
                connections.connect_from_settings(ANA, self.stage.settings)

        self.act(connect)
        if self.pull() != COMPLETE:
            raise AssertionError("the first pull was not complete")

    def _new_worker(self) -> jobs.Work:
        return jobs.Work(
            self.stage.settings,
            self._limiter(),
            keep_going=lambda: True,
            clock=self.clock.now,
            sleep=self.clock.move,
            uniform=self.rng.uniform,
            outside=Outside(self.network.session, self.clock.now, self.clock.monotonic),
        )

    def _limiter(self) -> RateLimiter:
        shared = DatabaseStore(db.engine, "budget", lambda _: self.clock.elapsed)
        return RateLimiter(
            self.rate,
            monotonic=self.clock.monotonic,
            sleep=self.clock.move,
            store=shared if self.rate else None,
        )

    def meter(self, rate: int) -> None:
        """So many calls a minute are allowed from now on; the ad server counts them too."""
        self.rate = rate
        self.standin.limit = RateLimit(self.clock.monotonic)
        self.standin.change_settings({"requests_per_minute": rate})
        self._workers = [self._new_worker() for _ in range(WORKERS)]

    def treat_external_ids(self, how: str) -> None:
        """As the ad server does from now on; the connection knows of it."""
        self.keeps_external_ids = how in (STORED_MARKER, UNIQUE_MARKER)
        self.standin.change_settings({"external_id": how})
        mode = how if self.keeps_external_ids else NO_MARKER

        def note() -> None:
            with transaction():
                db.session.execute(update(Connection).values(marker_mode=mode))

        self.act(note)

    # Doing things

    def inside(self, act: Callable[[], T]) -> T:
        """Run it as a process of its own would: its own context, its own database session."""

        def run() -> T:
            with self.stage.app.app_context():
                return act()

        return contextvars.Context().run(run)

    def act(self, act: Callable[[], T]) -> T:
        """The same for something between whose steps nothing happens."""
        self._tasks.append(None)
        try:
            return self.inside(act)
        finally:
            self._tasks.pop()

    def work(self, job: str, worker: int = 0, plan: Plan | None = None) -> bool:
        """Have a worker do one job. Returns false when it died on the way."""
        task = Task(job, dict(plan or {}))
        self._tasks.append(task)
        try:
            self.inside(lambda: JOBS[job](self._workers[worker]))
            if task.dead:
                self.noted.append(("I23", f"{job} went on after its process had died"))
        except Crash:
            self._workers[worker] = self._new_worker()
        except FAULTS as error:
            name = "I14" if "inside a transaction" in str(error) else "I23"
            self.noted.append((name, f"{job} failed: {error!r}"))
        finally:
            self._tasks.pop()
        return not task.dead

    def ask_for_pull(self) -> None:
        def ask() -> None:
            with transaction():
                connection = db.session.scalars(select(Connection)).one()
                sync_service.request_run(ANA, connection)

        self.act(ask)

    def pull(self) -> str:
        """Ask for a pull and have it made; returns the state of the last run."""
        self.ask_for_pull()
        self.work("pull")
        query = select(SyncRun.state).order_by(SyncRun.id.desc()).limit(1)
        return self.act(lambda: db.session.scalar(query)) or ""

    # What can happen at a step

    def crash(self) -> None:
        """The process that is at work dies here."""
        task = self._tasks[-1]
        if task is not None:
            task.dead = True
            raise Crash

    def overtake(self, job: str) -> Callable[[], None]:
        """Another worker does this job meanwhile."""
        return lambda: void(self.work(job, worker=1))

    def _step(self, kind: str) -> None:
        task = self._tasks[-1] if self._tasks else None
        if task is None:
            return
        if task.dead:
            raise Crash
        task.steps += 1
        task.kinds[kind] += 1
        of_kind = f"{kind} {task.kinds[kind]}"
        happens = task.plan.pop(task.steps, None) or task.plan.pop(of_kind, None)
        if happens is None:
            return
        if kind == "commit" and happens != self.crash:
            # Something is locked now: it happens at the next step.
            task.plan.setdefault(task.steps + 1, happens)
            return
        happens()

    # Watching the calls

    def _before_call(self, _: requests.PreparedRequest) -> None:
        if db.session().in_transaction():
            self.noted.append(("I14", "a transaction was open as a remote call began"))
            self.crash()
        self._step("call")

    def _answered(self, _: Sent) -> None:
        task = self._tasks[-1]
        self._step("answered")
        # The jobs of a worker run side by side: while one waits for a page, others look around.
        if self.is_slow and task is not None and task.name == "probe":
            self.work("push")

    def _leaving(self, sent: Sent) -> None:
        if sent.writes:
            self.act(lambda: self._look_at_marks(sent))

    def _applied(self, sent: Sent) -> None:
        if sent.writes:
            sent.applied_event = self.act(lambda: db.session.scalar(LAST_EVENT)) or 0

    def _look_at_marks(self, sent: Sent) -> None:
        """What another process sees in the database at this moment: only what is committed."""
        rows = db.session.execute(FLYING).all()
        flying = [row.campaign_id for row in rows]
        self.noted += [
            ("I10", f"campaign {each} has several changes in flight")
            for each in sorted({each for each in flying if flying.count(each) > 1})
        ]
        values = self._groups(sent)
        marked = [row for row in rows if row.state == SENT and self._is_of(row, sent, values)]
        if marked:
            sent.change_id, sent.campaign_id = marked[0].id, marked[0].campaign_id
            sent.marked = marked[0].sent_payload
            if marked[0].not_before and marked[0].not_before > self.clock.now():
                self.noted.append(("I24", f"change {sent.change_id} was sent before its time"))
        sent.last_event = db.session.scalar(LAST_EVENT) or 0

    def _groups(self, sent: Sent) -> Snapshot:
        ids = {row.remote_id: row.id for row in db.session.execute(ADVERTISERS)}
        return (whole if sent.method == "POST" else groups_of)(sent.body or {}, ids)

    @staticmethod
    def _is_of(row: Any, sent: Sent, values: Snapshot) -> bool:
        if sent.method == "POST":
            return (
                row.remote_id is None and (row.sent_payload or {}).get("title") == values["title"]
            )
        return row.remote_id is not None and sent.path.endswith(row.remote_id)

    # The end

    def heal(self) -> None:
        """No more faults; what is still under way arrives."""
        if not self.is_slow:
            # Quicker to read. Where lists are slow, they stay longer than a lease.
            self.stage.set_rows_a_page(ALL_ROWS)
        self.network.fate = lambda _: None
        self.standin.faults.clear()

    def evidence(self, *, settled: bool = False) -> Evidence:
        journal = self.operators.journal
        found = gather_inside(self)
        return replace(
            found,
            writes=[self._known(write) for write in found.writes],
            initial=self._first.remote,
            saved=list(journal.saved),
            booked=set(journal.booked),
            known_ids=set(self._first.campaigns) | journal.booked,
            archived=set(journal.archived),
            calls=[Call(s.at, s.method, s.status, s.change_id) for s in self.network.sent],
            noted=list(dict.fromkeys(self.noted)),
            settled=settled,
            rate=self.rate or None,
            told_gone=self.network.told_gone(),
            keeps_external_ids=self.keeps_external_ids,
        )

    def _known(self, write: Write) -> Write:
        number = int(write.request_id.removeprefix("call-")) if write.ours else 0
        sent = next((s for s in self.network.sent if s.number == number), None)
        if sent is None:
            return write
        return replace(
            write,
            sent_at=START.timestamp() + sent.at,
            campaign_id=sent.campaign_id,
            change_id=sent.change_id,
            marked=sent.marked,
            last_event=sent.last_event,
            too_late=sent.too_late,
            applied_event=sent.applied_event,
        )


# Built once: a world asks them of each request that writes.
ADVERTISERS = select(Advertiser.remote_id, Advertiser.id)
LAST_EVENT = select(func.max(AuditEvent.id))
FLYING = (
    select(
        Change.id,
        Change.campaign_id,
        Change.state,
        Change.sent_payload,
        Change.not_before,
        Campaign.remote_id,
    )
    .join(Campaign, Change.campaign_id == Campaign.id)
    .where(Change.state.in_(IN_FLIGHT))
)


def void(_: object) -> None:
    """For what is done for its effect."""


def gather_inside(world: World) -> Evidence:
    return world.act(lambda: gather(db.session, OfStandin(world.standin.state)))
