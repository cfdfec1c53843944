"""Doing the worker's work in this process, when no worker leads."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog
from flask import Flask

from webapp.cli.plain import actor
from webapp.sync.jobs import Work, close_left_open
from webapp.sync.lead import Lead

LOOK_SECONDS = 0.2

Job = Callable[[Work], object]

log = structlog.get_logger()


@contextmanager
def working_here(app: Flask, jobs: Sequence[Job]) -> Iterator["Here | None"]:
    """Do these jobs in the background for as long as the block runs; ``None``: a worker leads."""
    here = Here(app, jobs)
    if not here.lead.take():
        yield None
        return
    with _stopped_by_signals(here.lead.stopping):
        try:
            here.begin()
            yield here
        finally:
            here.end()


class Here:
    """Holds the lead and works, like a worker without a schedule. ``failure`` ends it."""

    def __init__(self, app: Flask, jobs: Sequence[Job]) -> None:
        self.app, self.jobs = app, jobs
        self.lead = Lead(app, actor(), close_left_open)
        self.failure: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        for each in (self.lead.keep, self._work):
            thread = threading.Thread(target=each)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Stop at the next step, wait for it, and let the next one lead at once."""
        self.lead.stopping.set()
        for thread in self._threads:
            thread.join()
        self.lead.give_up()

    def _work(self) -> None:
        try:
            while not self.lead.stopping.is_set():
                if self.lead.is_held():
                    self._round()
                self.lead.stopping.wait(LOOK_SECONDS)
        except Exception as error:
            log.exception("work_failed")
            self.failure = error
            self.lead.stopping.set()

    def _round(self) -> None:
        for job in self.jobs:
            with self.app.app_context():
                job(self.lead.work)


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the work at its next step instead of in the middle of one."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
