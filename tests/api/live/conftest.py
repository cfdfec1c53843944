"""An ad server to talk to, and a worker that does its jobs while a script waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.desk import Desk, connected, with_credential
from tests.support.sandbox import Sandbox
from webapp.advertisers.models import Advertiser
from webapp.bulk import jobs as bulk
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs

LOOK_SECONDS = 0.02


class Worker:
    """The worker's jobs in a thread, as long as it is asked to work."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @contextmanager
    def working(self) -> Iterator[None]:
        stop = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(self._run, stop)
            try:
                yield
            finally:
                stop.set()
            done.result(120)

    def _run(self, stop: threading.Event) -> None:
        settings = self._app.config["SETTINGS"]
        work = jobs.Work(settings, RateLimiter(0), keep_going=lambda: not stop.is_set())
        with self._app.app_context():
            while not stop.wait(LOOK_SECONDS):
                for job in (jobs.push_due, jobs.probe_due, jobs.pull_next, bulk.run_next):
                    job(work)
            db.session.remove()


@pytest.fixture
def desk(app: Flask, settings: Settings, sandbox: Sandbox) -> Desk:
    """Connected to the sandbox, with everything read once."""
    app.config["SETTINGS"] = with_credential(settings, sandbox)
    return connected(app.config["SETTINGS"], sandbox)


@pytest.fixture
def advertiser(desk: Desk) -> Advertiser:
    """One that both sides have."""
    return db.session.scalars(select(Advertiser).order_by(Advertiser.id).limit(1)).one()


@pytest.fixture
def worker(app: Flask, desk: Desk) -> Worker:
    """Ready to work beside the script."""
    return Worker(app)
