"""The lead: whoever has it, a worker or somebody at a command line, does the work alone.

It is a lease in the database. Whoever loses it, or cannot renew it in time, stops at the next step;
nothing is lost by that, and nothing is done twice.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from webapp.audit.service import Actor
from webapp.connections import service as connections
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.core.ratelimit import NoSlot
from webapp.sync import budget, leases
from webapp.sync.jobs import Work

NAME = "scheduler"
LASTS = timedelta(seconds=20)
RENEW_SECONDS = 5.0
LOOK_SECONDS = 1.0

log = structlog.get_logger()


def is_somebody_leading() -> bool:
    """Whether a worker, or somebody at a command line, does the work now."""
    with reading():
        holder = leases.holder_of(NAME, utc_now())
        db.session.rollback()
    return holder is not None


class Lead:
    """One process's lead, from taking it to giving it up, and the ``work`` that it does with it.

    ``begin`` is what it does first whenever it comes to lead: no job runs before that is over.
    ``turned`` is called in each turn of :meth:`keep`, leading or not.
    ``stopping`` ends everything at the next step.
    """

    def __init__(
        self,
        app: Flask,
        actor: Actor,
        begin: Callable[[Work], None],
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}"
        self.stopping = threading.Event()
        self._app, self._actor, self._begin, self._turned = app, actor, begin, turned
        self._held_until = 0.0
        settings: Settings = app.config["SETTINGS"]
        with app.app_context():
            engine = db.engine
        self.work = Work(
            settings=settings,
            limiter=budget.limiter(settings, engine, sleep=self._wait_in_line),
            keep_going=self.is_held,
            sleep=self.stopping.wait,
        )

    def is_held(self) -> bool:
        """Whether this process may act now. Measured on our own clock, with time to spare."""
        return not self.stopping.is_set() and time.monotonic() < self._held_until

    def take(self) -> bool:
        """Take or renew it; whether it is ours. Raises what the database raises."""
        asked = time.monotonic()
        with self._app.app_context():
            with transaction():
                is_ours = leases.take_or_renew(NAME, self.holder, utc_now(), LASTS)
            # One renewal that failed is no loss of the lead: our own run goes on meanwhile.
            if is_ours and not self.is_held():
                self._begin_to_lead()
        if is_ours:
            # From when we asked: the lease never lasts longer here than in the database.
            self._held_until = asked + LASTS.total_seconds() - RENEW_SECONDS
        return is_ours

    def keep(self) -> None:
        """Take it when it is free, and renew it, until told to stop."""
        while not self.stopping.is_set():
            self._turned()
            try:
                is_ours = self.take()
            except SQLAlchemyError:
                # It runs out by itself when this goes on.
                log.exception("lease_failed")
                is_ours = False
            self.stopping.wait(RENEW_SECONDS if is_ours else LOOK_SECONDS)

    def give_up(self) -> None:
        """Let the next one have it at once."""
        try:
            with self._app.app_context(), transaction():
                leases.give_up(NAME, self.holder)
        except SQLAlchemyError:
            log.exception("lease_not_given_up")

    def _begin_to_lead(self) -> None:
        with transaction():
            connections.connect_from_settings(self._actor, self.work.settings)
        self._begin(self.work)
        log.info("worker_leads", holder=self.holder)

    def _wait_in_line(self, seconds: float) -> None:
        """Wait for a turn to call, as long as anybody wants the call."""
        if self.stopping.wait(seconds):
            raise NoSlot(seconds)
