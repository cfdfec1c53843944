"""Random schedules of work and faults: whatever happens, every invariant holds in the end."""

import pytest

from tests.proof.playing import play
from tests.proof.schedule import run
from tests.proof.stage import Stage
from tests.support import sizes

AT_ONCE = 100 if sizes.SOAK else 25


@pytest.mark.sized
@pytest.mark.parametrize("first", range(0, sizes.SCHEDULES, AT_ONCE))
def test_every_invariant_holds_after_any_schedule(stage: Stage, first: int) -> None:
    begin = sizes.seed() + first

    failure = play(stage, range(begin, begin + AT_ONCE))

    assert failure is None, failure


@pytest.mark.sized
def test_the_schedule_of_the_chosen_seed(stage: Stage) -> None:
    failure = play(stage, [sizes.seed()])

    assert failure is None, failure


def test_the_same_seed_is_the_same_schedule(stage: Stage) -> None:
    first, again = run(stage, sizes.seed()), run(stage, sizes.seed())

    # Ids and generated markers are new each time; they stand at the ends of lines.
    assert [line[:30] for line in first.trace] == [line[:30] for line in again.trace]
    assert first.violations == again.violations
