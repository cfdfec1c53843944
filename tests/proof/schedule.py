"""Schedules of work and faults, made from one number: the same number is the same schedule.

A schedule is played on a world, then faults end, what is open is finished and decided, and every
invariant is checked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.proof.invariants import check_all
from tests.proof.network import LATENCY, SETTLE, Fate
from tests.proof.operators import ANA
from tests.proof.stage import Stage
from tests.proof.tidying import drain
from tests.proof.traps import TRAPS
from tests.proof.world import Plan, World
from webapp.campaigns.fields import GROUPS
from webapp.campaigns.models import HELD
from webapp.sandbox.seed import Dice
from webapp.sync import service as runs
from webapp.sync.models import APPLY, KEEP, SyncRun

LEAST_ACTS, MOST_ACTS = 6, 14
# Seconds that pass between two acts: a moment, a lease, a settling, a back-off.
PAUSES = (0.5, 0.5, 1, 5, 11, 31, 61, 121, 125, 400)
STANDSTILLS = (4.9, 6, 30, 61, 70, 130)
STATUSES = (429, 401, 403, 404, 408, 422, 500, 503)
SLOW_PAGE = 18.0
LIST_FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "hide", "share": 0.1, "counted": False},
    {"action": "hide", "share": 0.1, "counted": True},
    {"action": "empty_list"},
    {"action": "empty_page", "page": 2},
    {"action": "total_off", "by": 1},
    {"action": "shift", "by": 1},
    {"action": "duplicate_row"},
    {"action": "link_cycle", "to": 1},
    {"action": "no_link"},
    {"action": "html"},
    {"action": "truncate"},
)


# What the ad server makes of our external ids, mostly what it is known to.
EXTERNAL_IDS = (*["stored"] * 9, "unique", "dropped", "folded")
DELAYS = (30, 200, 1000, 4000, None)
WAITING_VERBS = ("hold", "cancel", "undo")


def _cancel(run: SyncRun) -> object:
    return runs.cancel_run(ANA, run)


def _resume(run: SyncRun) -> object:
    return runs.resume_run(ANA, run)


def _apply(run: SyncRun) -> object:
    return runs.decide_brake(ANA, run, APPLY)


def _keep(run: SyncRun) -> object:
    return runs.decide_brake(ANA, run, KEEP)


RUN_VERBS = (_cancel, _resume, _apply, _keep)


@dataclass
class Weather:
    """How likely each kind of trouble is in one schedule."""

    loss: float
    interruption: float
    lists: float
    skew: bool
    slow: bool
    rate: int = 0
    external_ids: str = "stored"


@dataclass
class Outcome:
    """What a schedule came to. ``trace`` says what was done, in order."""

    seed: int
    trace: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def run(stage: Stage, seed: int, prepare: Callable[[World], None] | None = None) -> Outcome:
    """Play the schedule of this number and judge it. ``prepare`` has its way with the world."""
    rng = Dice(seed)
    world = World(stage, rng)
    if prepare:
        prepare(world)
    outcome = Outcome(seed)
    player = Player(world, rng, outcome.trace)
    player.play()
    world.heal()
    outcome.trace.append("-- faults end --")
    settled = drain(world, rng, outcome.trace)
    outcome.violations = check_all(world.evidence(settled=True))
    if not settled:
        outcome.violations.append("I7: it did not come to rest")
    return outcome


class Player:
    """Draws one act after the other. Whatever it does, it says in the trace."""

    def __init__(self, world: World, rng: Dice, trace: list[str]) -> None:
        self.world, self.rng, self.trace = world, rng, trace
        self.weather = Weather(
            loss=rng.choice((0, 0.1, 0.3, 0.6)),
            interruption=rng.choice((0, 0.2, 0.5)),
            lists=rng.choice((0, 0, 0.3, 0.6)),
            skew=rng.random() < 0.1,
            slow=rng.random() < 0.15,
            rate=rng.choice((0, 0, 0, 0, 0, 12)),
            external_ids=rng.choice(EXTERNAL_IDS),
        )
        # A few campaigns get all the attention: trouble comes from things that meet.
        ids = world.operators.campaign_ids()
        self.favourites = rng.sample(ids, 2)
        world.network.fate = self.fate
        if self.weather.rate:
            world.meter(self.weather.rate)
        if self.weather.external_ids != EXTERNAL_IDS[0]:
            world.treat_external_ids(self.weather.external_ids)
        if self.weather.slow:
            world.is_slow = True
            world.network.latency = lambda url: SLOW_PAGE if "campaigns?" in url else LATENCY
        self.trace.append(f"weather {self.weather}")

    def play(self) -> None:
        for _ in range(self.rng.randint(LEAST_ACTS, MOST_ACTS)):
            (act,) = self.rng.choices(list(ACTS), weights=list(ACTS.values()))
            act(self)
            if self.rng.random() < 0.3:
                # Just when something falls due.
                self.pause(self.world.looks.next_due() + self.rng.choice((0.01, 1, 4)))
            else:
                self.pause(self.rng.choice(PAUSES))
            self.world.looks.look_for_late()

    def say(self, words: str) -> None:
        self.trace.append(f"{self.world.clock.elapsed:8.1f} {words}")

    def pause(self, seconds: float) -> None:
        self.world.clock.move(seconds)

    # What the network does

    def fate(self, request: requests.PreparedRequest) -> Fate | None:
        if self.rng.random() >= self.weather.loss:
            return None
        fate = self._draw_fate(request)
        self.say(f"  {request.method} {request.path_url[-40:]}: {fate}")
        return fate

    def _draw_fate(self, request: requests.PreparedRequest) -> Fate:
        rng = self.rng
        kind = rng.choice(
            (
                "refused",
                "lost",
                "cut",
                "cut",
                "late",
                "late",
                "stale",
                "status",
                "broken",
                "garbage",
            )
        )
        if request.method == "GET" and kind == "late":
            kind = "lost"
        seconds = rng.choice((1, 9, 14)) if kind == "stale" else rng.uniform(1, SETTLE)
        if kind == "late" and rng.random() < 0.3:
            seconds = SETTLE - 0.1
        status = rng.choice(STATUSES) if kind == "status" else rng.choice((500, 502, 504))
        retry_after = rng.choice((None, "1", "30", "soon"))
        return Fate(kind, seconds, status, retry_after)

    # What happens in the middle of a job

    def plan(self, depth: int = 20) -> Plan:
        """At which of the next steps of a job something gets between, and what."""
        planned: Plan = {}
        while self.rng.random() < self.weather.interruption and len(planned) < 3:
            planned[self.rng.randint(1, depth)] = self._interruption()
        return planned

    def _interruption(self) -> Callable[[], None]:
        kind = self.rng.choice(
            ("crash", "crash", "standstill", "overtaken", "theirs", "ours", "churn")
        )
        if kind == "crash":
            return self.world.crash
        return lambda: self._interrupt(kind)

    def _interrupt(self, kind: str) -> None:
        self.say(f"  meanwhile: {kind}")
        if kind == "standstill":
            self.pause(self.rng.choice(STANDSTILLS))
        elif kind == "overtaken":
            if self.rng.random() < 0.5:
                self.edit_ours()
            else:
                self.pause(self.rng.choice(STANDSTILLS))
            for job in ("push", "probe", "push"):
                self.world.work(job, worker=1)
        elif kind == "theirs":
            self.edit_theirs()
        elif kind == "ours":
            self.edit_ours()
        else:
            self.churn()

    # Acts

    def some_groups(self) -> list[str]:
        return self.rng.sample(GROUPS, self.rng.choice((1, 1, 1, 2, 3)))

    def _any_of_ours(self) -> int:
        booked = sorted(self.world.operators.journal.booked)
        return self.rng.choice(self.favourites + booked)

    def _remote_id(self) -> str | None:
        return self.world.looks.remote_id(self._any_of_ours())

    def edit_ours(self) -> None:
        groups, campaign_id = self.some_groups(), self._any_of_ours()
        refusal = self.world.operators.edit(campaign_id, groups)
        self.say(f"we edit {campaign_id} {groups} {refusal or ''}")

    def submit_twice(self) -> None:
        operators, campaign_id = self.world.operators, self._any_of_ours()
        form = operators.open_form(campaign_id)
        values = operators.new_values(self.some_groups(), form)
        operators.submit(form, values)
        if self.rng.random() < 0.5:
            self.world.work("push", plan=self.plan())
        again = operators.submit(form, values)
        self.say(f"we edit {campaign_id} and press twice {again or ''}")

    def edit_stale(self) -> None:
        operators, campaign_id = self.world.operators, self._any_of_ours()
        form = operators.open_form(campaign_id)
        operators.edit(campaign_id, self.some_groups())
        refusal = operators.submit(form, operators.new_values(self.some_groups(), form))
        self.say(f"we edit {campaign_id} from two forms: {refusal}")

    def book(self) -> None:
        external_id = f"IO-{self.rng.randint(1, 3)}" if self.rng.random() < 0.15 else None
        self.say(f"we book {external_id or ''} {self.world.operators.book(external_id) or ''}")

    def decide(self) -> None:
        for campaign_id, conflict_id in self.world.operators.open_conflicts():
            decision = self.rng.choice(("ours", "theirs"))
            refusal = self.world.operators.decide(campaign_id, conflict_id, decision)
            self.say(f"we decide conflict {conflict_id}: {decision} {refusal or ''}")

    def archive(self) -> None:
        campaign_id = self._any_of_ours()
        self.world.operators.archive(campaign_id)
        self.say(f"we archive {campaign_id}")

    def edit_theirs(self) -> None:
        remote_id, groups = self._remote_id(), self.some_groups()
        if remote_id:
            self.world.editor.edit(remote_id, groups)
            self.say(f"they edit {remote_id[:8]} {groups}")

    def churn(self) -> None:
        """They book, and sometimes delete: the pages shift under whoever reads them."""
        if self.rng.random() < 0.3:
            victim = self.rng.choice(self.world.editor.campaigns())["id"]
            self.world.editor.delete(victim)
            self.say(f"they delete {victim[:8]}")
        if self.rng.random() < 0.7:
            self.world.editor.create()
            self.say("they book")

    def look_alike(self) -> None:
        """They book something whose external id is nearly that of a booking of ours."""
        booked = sorted(self.world.operators.journal.booked)
        marker = booked and self.world.operators.open_form(booked[-1]).values.external_id
        # The very same text would be ours by every rule that there is.
        if marker and marker != marker.upper():
            self.world.editor.create(marker.upper())
            self.say(f"they book {marker.upper()}")

    def change_verb(self) -> None:
        waiting = self.world.operators.waiting()
        if waiting:
            change_id, state = self.rng.choice(waiting)
            verb = self.rng.choice(("release", "cancel") if state == HELD else WAITING_VERBS)
            refusal = self.world.operators.on_change(verb, change_id)
            self.say(f"we {verb} change {change_id} {refusal or ''}")

    def put_off(self) -> None:
        waiting = self.world.operators.waiting()
        if waiting:
            change_id, _ = self.rng.choice(waiting)
            seconds = self.rng.choice(DELAYS)
            refusal = self.world.operators.put_off(change_id, seconds)
            self.say(f"we put off change {change_id} for {seconds} s {refusal or ''}")

    def undo_any(self) -> None:
        change_id = self.world.looks.any_change(self.rng)
        if change_id is not None:
            refusal = self.world.operators.on_change("undo", change_id)
            self.say(f"we undo change {change_id} {refusal or ''}")

    def hold_all(self) -> None:
        self.say(f"we hold all sending {self.world.operators.hold_all() or ''}")

    def release_all(self) -> None:
        self.say(f"we release all sending {self.world.operators.release_all() or ''}")

    def run_verb(self) -> None:
        verb = self.rng.choice(RUN_VERBS)
        refusal = self.world.operators.on_run(verb)
        self.say(f"{getattr(verb, '__name__', 'run')} {refusal or ''}")

    def trap(self) -> None:
        self.rng.choice(TRAPS)(self)

    def push(self) -> None:
        self.work("push")

    def probe(self) -> None:
        self.work("probe")

    def pull(self) -> None:
        if self.rng.random() < self.weather.lists:
            fault = self.rng.choice(LIST_FAULTS)
            times = self.rng.randint(1, 12)
            rule = fault | {"method": "GET", "path": "/campaigns", "times": times}
            self.world.standin.faults.add([rule])
            self.say(f"list fault {fault} {times} times")
        self.world.ask_for_pull()
        self.work("pull")

    def schedule(self) -> None:
        worker = self.rng.randrange(2)
        self.world.work("schedule", worker)
        self.world.work("schedule", 1 - worker)
        self.work("pull")

    def work(self, job: str) -> None:
        worker = self.rng.randrange(2)
        self.say(f"worker {worker}: {job}")
        if not self.world.work(job, worker, self.plan()):
            self.say("  it died")

    def set_clock_back(self) -> None:
        if self.weather.skew:
            self.world.clock.skew -= self.rng.choice((30, 600, 7200))
            self.say(f"our clock is off by {self.world.clock.skew:.0f} s")


ACTS: dict[Callable[[Player], None], int] = {
    Player.edit_ours: 10,
    Player.submit_twice: 2,
    Player.edit_stale: 2,
    Player.book: 6,
    Player.decide: 3,
    Player.archive: 1,
    Player.edit_theirs: 6,
    Player.churn: 2,
    Player.look_alike: 1,
    Player.change_verb: 2,
    Player.put_off: 2,
    Player.undo_any: 2,
    Player.hold_all: 1,
    Player.release_all: 2,
    Player.run_verb: 1,
    Player.trap: 12,
    Player.push: 16,
    Player.probe: 7,
    Player.pull: 7,
    Player.schedule: 1,
    Player.set_clock_back: 1,
}
