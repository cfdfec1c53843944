"""A worker killed at each step of its work, once: afterwards everything has arrived, once."""

import signal

import pytest

from tests.kill.desk import Desk
from tests.kill.plan import until
from tests.kill.steps import STEPS
from webapp.campaigns.models import GONE

LOOKS_FOR_A_BOOKING = ("a lost booking's probe is claimed", "a probe is between two pages")


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at(desk: Desk, step: str) -> None:
    (first, first_there), (second, second_there), (gone, gone_there) = desk.some(3)
    desk.sandbox.control("DELETE", f"campaigns/{gone_there}")
    desk.pull()
    desk.edit(first, title="Another title")
    desk.edit(second, total_budget_minor=4200, total_budget_currency="EUR")
    booked = desk.book("Booked here")
    if step in LOOKS_FOR_A_BOOKING:
        desk.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})

    with desk.crew.running(step) as worker:
        until(
            lambda: worker.exitcode is not None,
            lambda: f"it never came to the step\n{desk.left()}",
            meanwhile=desk.let_time_pass_at_rest,
        )
        assert worker.exitcode == -signal.SIGKILL
    desk.heal()

    evidence = desk.check()
    made = evidence.campaigns[booked].remote_id
    assert desk.our_writes() == sorted(
        [("PUT", first_there), ("PUT", second_there), ("POST", made)]
    )
    assert evidence.campaigns[gone].sync_state == GONE
