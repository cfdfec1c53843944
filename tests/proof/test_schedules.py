"""Random schedules of work and faults: whatever happens, every invariant holds in the end."""

from pathlib import Path

import pytest

from tests.proof.schedule import Outcome, run
from tests.proof.stage import Stage
from tests.support import sizes

AT_ONCE = 100 if sizes.SOAK else 25
ON_POSTGRESQL = sizes.SCHEDULES // 10
FAILED_ONCE = [
    int(line.partition("#")[0])
    for line in Path(__file__).with_name("seeds.txt").read_text().splitlines()
    if line.partition("#")[0].strip()
]


def tell(outcome: Outcome) -> str:
    """All that is needed to understand a failure, and to see it again."""
    test = "tests/proof/test_schedules.py::test_the_schedule_of_the_chosen_seed"
    replay = f"{sizes.SEED_VARIABLE}={outcome.seed} make test ARGS={test}"
    return "\n".join(
        [f"schedule {outcome.seed}", *outcome.trace, "", *outcome.violations, f"replay: {replay}"]
    )


def play(stage: Stage, seeds: list[int]) -> None:
    for seed in seeds:
        outcome = run(stage, seed)
        assert not outcome.violations, tell(outcome)


@pytest.mark.sized
@pytest.mark.parametrize("first", range(0, sizes.SCHEDULES, AT_ONCE))
def test_every_invariant_holds_after_any_schedule(stage: Stage, first: int) -> None:
    begin = sizes.seed() + first
    play(stage, list(range(begin, begin + AT_ONCE)))


@pytest.mark.sized
def test_the_schedule_of_the_chosen_seed(any_stage: Stage) -> None:
    play(any_stage, [sizes.seed()])


@pytest.mark.sized
def test_some_schedules_on_both_databases(any_stage: Stage) -> None:
    begin = sizes.seed() + sizes.SCHEDULES
    play(any_stage, list(range(begin, begin + ON_POSTGRESQL)))


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_what_failed_once_holds_now(any_stage: Stage, seed: int) -> None:
    play(any_stage, [seed])


def test_the_same_seed_is_the_same_schedule(stage: Stage) -> None:
    first, again = run(stage, sizes.seed()), run(stage, sizes.seed())

    assert [line[:40] for line in first.trace] == [line[:40] for line in again.trace]
    assert first.violations == again.violations
