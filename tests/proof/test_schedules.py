"""Random schedules of work and faults: whatever happens, every invariant holds in the end."""

import re

import pytest

from tests.proof.playing import play
from tests.proof.schedule import run
from tests.proof.stage import Stage
from tests.support import sizes

NEW_EACH_TIME = re.compile(r"\b[0-9a-f-]{8,}\b|\bfd-\w+", re.IGNORECASE)
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

    assert [without_ids(line) for line in first.trace] == [
        without_ids(line) for line in again.trace
    ]
    assert first.violations == again.violations


def without_ids(line: str) -> str:
    """Ids and generated markers are new each time."""
    return NEW_EACH_TIME.sub("", line)
