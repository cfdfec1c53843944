"""Workers killed at random moments while an operator goes on saving: nothing is lost or doubled.

Each worker ends itself after so many statements, commits and uses of the network, or is killed from
outside when it has nothing left to do.
"""

from random import Random

import pytest

from tests.kill.desk import Desk
from tests.kill.plan import kill, until
from tests.support import sizes
from tests.support.desk import LATER

DATABASES = 2
MOST_MOMENTS = 1500.0
MOST_SAVES = 4


@pytest.mark.sized
def test_whatever_was_saved_arrives_once_however_often_workers_die(desk: Desk) -> None:
    chance = Random(sizes.seed())
    died_by_themselves = 0
    for number in range(sizes.KILLS // DATABASES):
        # Early moments more often: much happens in few of them.
        moments = round(MOST_MOMENTS ** chance.random())
        died_by_themselves += one_life(desk, chance, number, moments)
    desk.heal()
    desk.check()
    assert died_by_themselves > desk.crew.started / 3


def one_life(desk: Desk, chance: Random, number: int, moments: int) -> bool:
    """One worker, killed in the middle of saves; whether it was by its own hand."""
    saves = [MOST_SAVES * number + each for each in range(chance.randint(1, MOST_SAVES))]
    desk.edit_any(chance, saves.pop())
    desk.crew.move_clock(LATER)
    with desk.crew.running(moments=moments) as worker:

        def is_over() -> bool:
            if saves and worker.exitcode is None:
                desk.edit_any(chance, saves.pop())
            return worker.exitcode is not None or (not saves and desk.is_done())

        until(is_over, desk.left, meanwhile=desk.let_time_pass, progress=desk.unfinished)
        by_itself = worker.exitcode is not None
        kill(worker)
    return by_itself
