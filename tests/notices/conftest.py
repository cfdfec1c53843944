"""What the tests of notices share: a worker's look, at a moment of one's choosing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.notices.servers import HookServer, MailServer, hook_server, mail_server
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratelimit import RateLimiter
from webapp.notices import jobs
from webapp.sync.jobs import Work

Look = Callable[..., None]
# Before the hour of the digest.
NOW = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)


class Clock:
    """The time of day, which stands until it is moved."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def __call__(self) -> datetime:
        return utc_now()

    def later(self, **span: float) -> datetime:
        self._traveller.shift(timedelta(**span))
        return utc_now()


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def work(app: Flask, settings: Settings, clock: Clock) -> Work:
    return Work(settings, RateLimiter(0), keep_going=lambda: True)


@pytest.fixture
def look(work: Work, clock: Clock) -> Look:
    """One look of the worker, with other settings perhaps; then a minute goes by."""

    def once(**changed: object) -> None:
        db.session.commit()
        jobs.look(replace(work, settings=work.settings.model_copy(update=changed)))
        db.session.rollback()
        clock.later(minutes=1)

    return once


@pytest.fixture
def connection(app: Flask, clock: Clock) -> Connection:
    """One that was read a moment ago, and whose sync is never late."""
    return factories.connection(last_success_at=clock() + timedelta(days=30))


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server
