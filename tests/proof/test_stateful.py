"""Hypothesis plays the world: it picks who does what, and shrinks what it finds."""

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.proof.invariants import check_all
from tests.proof.schedule import Player, Weather
from tests.proof.stage import Stage
from tests.proof.tidying import drain
from tests.proof.world import World
from tests.support import sizes
from webapp.sandbox.seed import Dice

EXAMPLES = sizes.STATEFUL if sizes.SOAK else sizes.STATEFUL // 5
STEPS = 12

Act = Callable[[Player], None]
OURS: tuple[Act, ...] = (
    Player.edit_ours,
    Player.submit_twice,
    Player.edit_stale,
    Player.book,
    Player.decide,
    Player.archive,
    Player.change_verb,
    Player.put_off,
    Player.undo_any,
    Player.hold_all,
    Player.release_all,
    Player.run_verb,
)
THEIRS: tuple[Act, ...] = (Player.edit_theirs, Player.churn, Player.look_alike)
JOBS: tuple[Act, ...] = (Player.push, Player.push, Player.probe, Player.pull, Player.schedule)


class Machine(RuleBasedStateMachine):
    """One world per example; what is open at the end is finished, then all is judged."""

    stage: ClassVar[Stage]
    judged: ClassVar[int] = 0
    player: Player

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        rng = Dice(seed)
        self.player = Player(World(self.stage, rng), rng, [])
        self.player.weather = Weather(loss=0, interruption=0, lists=0, skew=True, slow=False)

    @rule(act=st.sampled_from(OURS))
    def somebody_here(self, act: Act) -> None:
        act(self.player)

    @rule(act=st.sampled_from(THEIRS))
    def somebody_there(self, act: Act) -> None:
        act(self.player)

    @rule(job=st.sampled_from(JOBS))
    def a_worker(self, job: Act) -> None:
        job(self.player)

    @rule(loss=st.sampled_from((0, 0.2, 0.6)), interruption=st.sampled_from((0, 0.3, 0.6)))
    def the_weather_changes(self, loss: float, interruption: float) -> None:
        self.player.weather.loss, self.player.weather.interruption = loss, interruption

    @rule(seconds=st.sampled_from((1, 5, 31, 61, 121, 400)))
    def time_passes(self, seconds: float) -> None:
        self.player.pause(seconds)

    @rule(more=st.sampled_from((0.01, 1, 4)))
    def something_falls_due(self, more: float) -> None:
        self.player.pause(self.player.world.looks.next_due() + more)

    @rule()
    def our_clock_is_set_back(self) -> None:
        self.player.set_clock_back()

    def teardown(self) -> None:
        if not hasattr(self, "player"):
            return
        world = self.player.world
        world.heal()
        settled = drain(world, self.player.rng, self.player.trace)
        violations = check_all(world.evidence(settled=True))
        Machine.judged += 1
        assert settled, "\n".join([*self.player.trace, "it did not come to rest"])
        assert not violations, "\n".join([*self.player.trace, "", *violations])


@pytest.mark.sized
def test_every_invariant_holds_whatever_is_done(stage: Stage) -> None:
    Machine.stage, Machine.judged = stage, 0

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=not sizes.SOAK,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )

    # Hypothesis may find that there is nothing more to try, but hardly before that.
    assert Machine.judged >= EXAMPLES // 2
