"""Schedules on SQLite and on PostgreSQL: a few new ones, and all that have failed once."""

from pathlib import Path

import pytest

from tests.proof.playing import play
from tests.proof.stage import Stage
from tests.support import sizes

SOME = sizes.SCHEDULES // 20
FAILED_ONCE = [
    int(line.partition("#")[0])
    for line in Path(__file__).with_name("seeds.txt").read_text().splitlines()
    if line.partition("#")[0].strip()
]


@pytest.mark.sized
def test_some_schedules_on_both_databases(any_stage: Stage) -> None:
    begin = sizes.seed() + sizes.SCHEDULES

    failure = play(any_stage, range(begin, begin + SOME))

    assert failure is None, failure


@pytest.mark.sized
def test_the_chosen_schedule_on_both_databases(any_stage: Stage) -> None:
    failure = play(any_stage, [sizes.seed()])

    assert failure is None, failure


@pytest.mark.parametrize("seed", FAILED_ONCE)
def test_what_failed_once_holds_now(any_stage: Stage, seed: int) -> None:
    failure = play(any_stage, [seed])

    assert failure is None, failure
