"""A simulation that cannot fail proves nothing: without any one rule of the protocol it does."""

import itertools

import pytest

from tests.proof.mutants import MUTANTS, Mutant
from tests.proof.schedule import run
from tests.proof.stage import Stage
from tests.support import sizes

# The known seed kills at once; the others are for the day when schedules have changed.
MOST_TRIES = 2_000 if sizes.SOAK else 60


@pytest.mark.sized
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_without_this_rule_the_simulation_fails(stage: Stage, mutant: Mutant) -> None:
    others = range(sizes.seed(), sizes.seed() + MOST_TRIES)
    seeds = itertools.chain([mutant.seed], others)
    killer = next((seed for seed in seeds if mutant.is_killed(stage, seed)), None)

    assert killer is not None, f"{mutant.name}: survived {MOST_TRIES} schedules"
    assert run(stage, killer).violations == []
