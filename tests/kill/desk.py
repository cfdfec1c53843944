"""The desk beside a worker that dies: a process that is started again does all that is left."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import func, select

from tests.kill.plan import Workers, stop, until
from tests.support import desk
from tests.support.desk import LATER, OPEN_RUNS
from webapp.campaigns.models import CLAIMED, IN_FLIGHT, PROBING, READY, SENT, Change
from webapp.core.db import db
from webapp.sync.models import COMPLETE, SyncRun
from webapp.sync.outbox import LEASE

CALLING = select(Change.id).where(Change.state.in_((CLAIMED, SENT, PROBING)))


@dataclass
class Desk(desk.Desk):
    """``workers`` starts the processes; their clock is ahead of ours."""

    workers: Workers | None = None

    @property
    def crew(self) -> Workers:
        assert self.workers is not None
        return self.workers

    def heal(self) -> None:
        """Let workers that nobody kills do all that is left, and read everything twice."""
        for _ in range(2):
            self.crew.move_clock(LATER)
            with self.crew.running() as worker:
                until(
                    partial(self._is_healed, self._complete_runs()),
                    self.left,
                    meanwhile=self._go_on,
                    progress=self.unfinished,
                )
                stop(worker)

    def let_time_pass(self, seconds: float = LATER / 2) -> None:
        """Move the workers' clock, but not in the middle of a run: it would be taken for dead."""
        if self.is_none(OPEN_RUNS):
            self.crew.move_clock(seconds)

    def let_time_pass_at_rest(self) -> None:
        """The same, and not in the middle of a change's call: its lease would end before that.

        A call that begins just now is left half of its lease.
        """
        if self.is_none(CALLING):
            self.let_time_pass(LEASE.total_seconds() / 2)

    def unfinished(self) -> int:
        """How many changes are still to be sent or asked about."""
        query = select(func.count()).where(Change.state.in_((READY, *IN_FLIGHT)))
        return self.ask(lambda: db.session.scalar(query) or 0)

    def left(self) -> str:
        return f"{super().left()}\n{self.crew.said()}"

    def _go_on(self) -> None:
        """A list that was changed by a booking while it was read is asked for again."""
        self.let_time_pass()
        if self.is_done():
            self.ask_for_a_pull()

    def _is_healed(self, earlier: int) -> bool:
        """Whether all is done, and another run, as a worker asks for at its start, is complete."""
        return self._complete_runs() > earlier and self.is_done()

    def _complete_runs(self) -> int:
        query = select(func.count()).where(SyncRun.state == COMPLETE)
        return self.ask(lambda: db.session.scalar(query) or 0)
