"""The worker: the one process whose scheduler runs jobs. Start as many as you like: one leads.

Leadership is a lease in the database. Whoever loses it, or cannot renew it in time, stops at the
next step; nothing is lost by that, and nothing is done twice.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import FrameType

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from flask import Flask
from flask_apscheduler import APScheduler
from sqlalchemy.exc import SQLAlchemyError

from webapp.audit.service import Actor
from webapp.connections import service as connections
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.ratelimit import NoSlot
from webapp.ops import logs
from webapp.sync import budget, jobs, leases, request_log

LEASE_NAME = "scheduler"
LEASE_LASTS = timedelta(seconds=20)
RENEW_SECONDS = 5
LOOK_SECONDS = 1
# What somebody saves is on its way within a second.
PUSH_LOOK_SECONDS = 0.5
SCHEDULE_SECONDS = 15
CLEAN_MINUTE = 17

log = structlog.get_logger()


class Worker:
    """Holds the lead, if it can get it, and runs the jobs while it does."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self.stopping = threading.Event()
        self._leads_until = 0.0
        with app.app_context():
            engine = db.engine
        self._work = jobs.Work(
            settings=settings,
            limiter=budget.limiter(settings, engine, sleep=self._wait_in_line),
            keep_going=self.leads,
            sleep=self.stopping.wait,
        )

    def _wait_in_line(self, seconds: float) -> None:
        """Wait for a turn to call, as long as anybody wants the call."""
        if self.stopping.wait(seconds):
            raise NoSlot(seconds)

    def leads(self) -> bool:
        """Whether this worker may act now. Measured on our own clock, with time to spare."""
        return not self.stopping.is_set() and time.monotonic() < self._leads_until

    def run(self) -> None:
        """Work until told to stop."""
        scheduler = self._scheduler()
        scheduler.start()
        log.info("worker_started", holder=self.holder)
        try:
            self._lead()
        finally:
            self.stopping.set()
            scheduler.shutdown(wait=True)
            self._give_up()
            log.info("worker_stopped")

    def _scheduler(self) -> APScheduler:
        scheduler = APScheduler()
        scheduler.init_app(self.app)
        scheduler.add_listener(_log_failure, EVENT_JOB_ERROR)
        for name, job, seconds in (
            ("push", jobs.push_due, PUSH_LOOK_SECONDS),
            ("probe", jobs.probe_due, LOOK_SECONDS),
            ("pull", jobs.pull_next, LOOK_SECONDS),
            ("schedule", jobs.ask_for_scheduled_run, SCHEDULE_SECONDS),
        ):
            scheduler.add_job(
                id=name,
                func=partial(self._run_job, job),
                trigger="interval",
                seconds=seconds,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=60,
            )
        # Files change with the first line of a day; one that gets no line is changed here.
        scheduler.add_job(
            id="logs", func=logs.change_files, trigger="cron", hour=0, minute=1, max_instances=1
        )
        # Each hour, so that a worker that runs by day only gets to it as well.
        scheduler.add_job(
            id="clean",
            func=partial(self._run_job, _clean),
            trigger="cron",
            minute=CLEAN_MINUTE,
            max_instances=1,
        )
        return scheduler

    def _run_job(self, job: Callable[[jobs.Work], None]) -> None:
        if not self.leads():
            return
        with self.app.app_context():
            job(self._work)

    def _lead(self) -> None:
        """Take the lead when it is free, and renew it until told to stop."""
        while not self.stopping.is_set():
            asked = time.monotonic()
            has_lease = self._take_or_renew()
            # One renewal that failed is no loss of the lead: our own run goes on meanwhile.
            if has_lease and not self.leads():
                with self.app.app_context():
                    self._begin_to_lead()
            if has_lease:
                # From when we asked: the lease never lasts longer here than in the database.
                self._leads_until = asked + LEASE_LASTS.total_seconds() - RENEW_SECONDS
            self.stopping.wait(RENEW_SECONDS if has_lease else LOOK_SECONDS)

    def _take_or_renew(self) -> bool:
        try:
            with self.app.app_context(), transaction():
                return leases.take_or_renew(LEASE_NAME, self.holder, utc_now(), LEASE_LASTS)
        except SQLAlchemyError:
            log.exception("lease_failed")
            return False

    def _begin_to_lead(self) -> None:
        with transaction():
            connections.connect_from_settings(Actor("Flightdeck", "cli"), self.settings)
        jobs.ask_for_start_run(self._work)
        log.info("worker_leads")

    def _give_up(self) -> None:
        try:
            with self.app.app_context(), transaction():
                leases.give_up(LEASE_NAME, self.holder)
        except SQLAlchemyError:
            log.exception("lease_not_given_up")


def _clean(work: jobs.Work) -> None:
    """Delete what is kept for a while only."""
    deleted = request_log.delete_old(work.clock())
    if deleted:
        log.info("old_requests_deleted", count=deleted)


def _log_failure(event: JobExecutionEvent) -> None:
    log.error("job_failed", job=event.job_id, exc_info=event.exception)


def main(app: Flask) -> int:
    """Run a worker until SIGTERM or SIGINT. Returns the exit code."""
    settings: Settings = app.config["SETTINGS"]
    logs.configure(settings, process="worker")
    # A job that looks every second is still busy at times: that it was skipped is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    app.config.update(SCHEDULER_API_ENABLED=False, SCHEDULER_TIMEZONE="UTC")
    worker = Worker(app, settings)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    with app.app_context():
        db.engine.dispose()
    return 0
