"""Doing the worker's work in this process, when no worker leads."""

import importlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp.cli.plain import actor
from webapp.connections import service as connections
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.ratelimit import NoSlot
from webapp.sync import budget, leases, runs
from webapp.sync.jobs import Work

LOOK_SECONDS = 0.2

Job = Callable[[Work], None]

log = structlog.get_logger()


def is_somebody_leading() -> bool:
    """Whether a worker, or somebody else at a command line, does the work now."""
    with reading():
        holder = leases.holder_of(_worker().LEASE_NAME, utc_now())
        db.session.rollback()
    return holder is not None


@contextmanager
def working_here(app: Flask, jobs: Sequence[Job]) -> Iterator["Here | None"]:
    """Do these jobs in the background for as long as the block runs; ``None``: a worker leads."""
    here = Here(app, jobs)
    if not here.take_lead():
        yield None
        return
    with _stopped_by_signals(here.stopping):
        try:
            here.begin()
            yield here
        finally:
            here.end()


class Here:
    """Holds the lead and works, like a worker without a schedule. ``failure`` ends it."""

    def __init__(self, app: Flask, jobs: Sequence[Job]) -> None:
        self.app, self.jobs = app, jobs
        self.stopping = threading.Event()
        self.failure: BaseException | None = None
        self._settings: Settings = app.config["SETTINGS"]
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self._leads_until = 0.0
        self._threads: list[threading.Thread] = []
        self._work = Work(
            settings=self._settings,
            limiter=budget.limiter(self._settings, db.engine, sleep=self._wait_in_line),
            keep_going=self.leads,
            sleep=self.stopping.wait,
        )

    def leads(self) -> bool:
        return not self.stopping.is_set() and time.monotonic() < self._leads_until

    def take_lead(self) -> bool:
        """Take or renew it. It lasts from when we asked: never longer here than in the database."""
        worker, asked = _worker(), time.monotonic()
        with transaction():
            has_it = leases.take_or_renew(
                worker.LEASE_NAME, self._holder, utc_now(), worker.LEASE_LASTS
            )
        if has_it:
            lasts = worker.LEASE_LASTS.total_seconds() - worker.RENEW_SECONDS
            self._leads_until = asked + lasts
        return has_it

    def begin(self) -> None:
        """Whoever begins to lead connects, and closes what a dead worker left open."""
        now = utc_now()
        with transaction():
            connections.connect_from_settings(actor(), self._settings)
            runs.close_lost(now, all_running=True)
            runs.close_detached(now)
        for each in (self.keep_lead, self.work):
            thread = threading.Thread(target=each)
            thread.start()
            self._threads.append(thread)

    def end(self) -> None:
        """Stop at the next step, wait for it, and let the next one lead at once."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()
        with transaction():
            leases.give_up(_worker().LEASE_NAME, self._holder)

    def keep_lead(self) -> None:
        while not self.stopping.wait(_worker().RENEW_SECONDS):
            try:
                with self.app.app_context():
                    self.take_lead()
            except SQLAlchemyError:
                # The lead runs out by itself when this goes on.
                log.exception("lease_failed")

    def work(self) -> None:
        try:
            while self.leads():
                self._round()
                self.stopping.wait(LOOK_SECONDS)
        except Exception as error:
            log.exception("work_failed")
            self.failure = error
            self.stopping.set()

    def _round(self) -> None:
        for job in self.jobs:
            with self.app.app_context():
                job(self._work)

    def _wait_in_line(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise NoSlot(seconds)


def _worker() -> ModuleType:
    # Web processes load the commands too; they have no use for a scheduler.
    return importlib.import_module("webapp.worker")


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
