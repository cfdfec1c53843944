"""A worker killed at each step of its work, once: afterwards everything has arrived, once."""

import pytest
from sqlalchemy import select

from tests.kill.desk import Desk
from tests.kill.plan import until
from tests.kill.steps import STEPS
from webapp.campaigns.models import GONE, Campaign
from webapp.core.db import db

LOOKS_FOR_A_BOOKING = ("a lost booking's probe is claimed", "a probe is between two pages")


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at(desk: Desk, step: str) -> None:
    first, second, gone = desk.ask(
        lambda: db.session.scalars(select(Campaign).order_by(Campaign.id).limit(3)).all()
    )
    desk.sandbox.control("DELETE", f"campaigns/{gone.remote_id}")
    desk.pull()
    desk.edit(first.id, title="Another title")
    desk.edit(second.id, total_budget_minor=4200, total_budget_currency="EUR")
    booked = desk.book("Booked here")
    if step in LOOKS_FOR_A_BOOKING:
        desk.sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1})

    with desk.workers.running(step) as worker:
        until(
            lambda: worker.exitcode is not None,
            lambda: f"it never came to the step\n{desk.said()}",
            meanwhile=desk.let_time_pass,
        )
        assert worker.exitcode == -9
    desk.heal()

    evidence = desk.check()
    ours = [(write.method, write.remote_id) for write in evidence.writes if write.ours]
    made = evidence.campaigns[booked].remote_id
    assert sorted(ours) == sorted(
        [("PUT", first.remote_id), ("PUT", second.remote_id), ("POST", made)]
    )
    assert evidence.campaigns[gone.id].sync_state == GONE
