"""The worker: the one process whose scheduler runs jobs. Start as many as you like: one leads.

Who leads is settled in ``webapp.sync.lead``; here is which job runs when.
"""

import logging
import signal
from collections.abc import Callable
from functools import partial
from types import FrameType

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from flask import Flask
from flask_apscheduler import APScheduler

from webapp.api import keeping as api
from webapp.audit import seals
from webapp.audit.service import Actor
from webapp.auth import jobs as auth
from webapp.bulk import jobs as bulk
from webapp.campaigns import tally
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.exchange import keeping
from webapp.notices import jobs as notices
from webapp.ops import heartbeat, logs, planner, sentry, signs
from webapp.sync import jobs, request_log
from webapp.sync.lead import LOOK_SECONDS, Lead
from webapp.sync.models import COMPLETE

# What somebody saves is on its way within a second.
PUSH_LOOK_SECONDS = 0.5
SCHEDULE_SECONDS = 15
ANALYZE_SECONDS = 60
TALLY_SECONDS = 60
SEAL_SECONDS = 60
CLEAN_MINUTE = 17

log = structlog.get_logger()


class Worker:
    """Holds the lead, if it can get it, and runs the jobs while it does."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings: Settings = app.config["SETTINGS"]
        sign = partial(signs.give, self.settings)
        self.lead = Lead(app, Actor("Flightdeck", "cli"), jobs.ask_for_start_run, sign)

    def run(self) -> None:
        """Work until told to stop."""
        scheduler = self._scheduler()
        scheduler.start()
        log.info("worker_started", holder=self.lead.holder)
        try:
            self.lead.keep()
        finally:
            self.lead.stopping.set()
            scheduler.shutdown(wait=True)
            self.lead.give_up()
            log.info("worker_stopped")

    def _scheduler(self) -> APScheduler:
        scheduler = APScheduler()
        scheduler.init_app(self.app)
        scheduler.add_listener(_log_failure, EVENT_JOB_ERROR)
        for name, job, seconds in (
            ("push", jobs.push_due, PUSH_LOOK_SECONDS),
            ("probe", jobs.probe_due, LOOK_SECONDS),
            ("pull", _pull, LOOK_SECONDS),
            ("schedule", jobs.ask_for_scheduled_run, SCHEDULE_SECONDS),
            ("bulk", bulk.run_next, PUSH_LOOK_SECONDS),
            # Soon after a first pull: until then the planner knows of an empty database.
            ("analyze", _analyze, ANALYZE_SECONDS),
            ("tally", _put_tally_together, TALLY_SECONDS),
            ("notices", notices.look, notices.EVERY_SECONDS),
            ("seal", _seal, SEAL_SECONDS),
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

    def _run_job(self, job: Callable[[jobs.Work], object]) -> None:
        if not self.lead.is_held():
            return
        with self.app.app_context():
            job(self.lead.work)


def _pull(work: jobs.Work) -> None:
    if jobs.pull_next(work) == COMPLETE:
        heartbeat.tell(
            "pull", work.settings.heartbeat_pull_url, private=work.settings.outgoing_private
        )


def _clean(work: jobs.Work) -> None:
    """Delete what is kept for a while only."""
    deleted = request_log.delete_old(work.clock())
    if deleted:
        log.info("old_requests_deleted", count=deleted)
    bulk.forget_drafts(work)
    keeping.forget_contents(work)
    api.forget_old(work)
    notices.forget_old(work)
    auth.forget_old(work.clock())
    heartbeat.tell(
        "clean", work.settings.heartbeat_clean_url, private=work.settings.outgoing_private
    )


def _analyze(_work: jobs.Work) -> None:
    if planner.analyze_when_due():
        log.info("tables_analyzed")


def _put_tally_together(_work: jobs.Work) -> None:
    tally.put_together()


def _seal(work: jobs.Work) -> None:
    seals.keep_up(work.clock, work.keep_going)


def _log_failure(event: JobExecutionEvent) -> None:
    log.error("job_failed", job=event.job_id, exc_info=event.exception)


def main(app: Flask) -> int:
    """Run a worker until SIGTERM or SIGINT. Returns the exit code."""
    settings: Settings = app.config["SETTINGS"]
    logs.configure(settings, process="worker")
    sentry.init(settings, "worker")
    # A job that looks every second is still busy at times: that it was skipped is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    app.config.update(SCHEDULER_API_ENABLED=False, SCHEDULER_TIMEZONE="UTC")
    worker = Worker(app)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.lead.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    with app.app_context():
        db.engine.dispose()
    return 0
