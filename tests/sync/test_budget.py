"""The budget in the database: threads and processes keep to it together, and the dead block nobody.

Time runs fast for the processes, so that minutes of their calls take seconds.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from tests.core.crowd import most_in_a_minute
from tests.sync import budget_user
from tests.sync.budget_user import KEY
from webapp.core.config import Settings
from webapp.core.db import db, engine_options, reading
from webapp.core.ratelimit import NoSlot, Priority, RateLimiter
from webapp.sync import budget
from webapp.sync.budget import DatabaseStore
from webapp.sync.models import RateBudget

PUSH, PROBE, PULL = Priority
REPOSITORY = Path(__file__).resolve().parents[2]
# Not faster: a process that this machine keeps waiting for long is taken for dead.
SPEED = 3
# 54 are given; each is noted by its maker, a little later than it was counted.
MOST = 60


class Users:
    """Processes that want slots of one budget."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url, self._stack = url, stack
        self.processes: list[tuple[Priority, subprocess.Popen[str]]] = []

    def add(self, priority: Priority, calls: int, threads: int = 1) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", budget_user.__name__, self._url, str(SPEED)]
        process = self._stack.enter_context(
            subprocess.Popen(
                [*command, priority.name, str(calls), str(threads)],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self._stack.callback(process.kill)
        self.processes.append((priority, process))
        return process

    def go(self) -> None:
        """All at once, when all have started."""
        for _, process in self.processes:
            assert line_of(process) == "ready"
        for _, process in self.processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()

    def calls(self) -> list[tuple[float, Priority]]:
        """What all have done, in the order of time, once all are done."""
        made = []
        for priority, process in self.processes:
            assert process.stdout
            made += [(float(line), priority) for line in process.stdout]
        return sorted(made)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.fixture
def users(database_url: str) -> Iterator[Users]:
    with ExitStack() as stack:
        yield Users(database_url, stack)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, **engine_options(database_url))
    yield engine
    engine.dispose()


def now(_connection: object = None) -> float:
    return time.monotonic() * SPEED


def fast_limiter(engine: Engine) -> RateLimiter:
    return RateLimiter(
        60,
        monotonic=now,
        sleep=lambda seconds: time.sleep(seconds / SPEED),
        store=DatabaseStore(engine, KEY, clock=now),
    )


def test_threads_and_processes_keep_to_the_limit_and_a_pull_has_its_floor(users: Users) -> None:
    storm = [users.add(PUSH, 1000, threads=2), users.add(PUSH, 1000)]
    pulled = 12
    pull = users.add(PULL, pulled)
    users.go()
    pull.wait(timeout=300)
    for each in storm:
        each.kill()
    calls = users.calls()
    assert most_in_a_minute([when for when, _ in calls]) <= MOST
    first, *_, last = (when for when, priority in calls if priority is PULL)
    pushes = sum(priority is PUSH and first < when < last for when, priority in calls)
    assert 2 * pulled < pushes <= 4 * pulled


def test_a_pull_of_another_process_leaves_room_for_an_edit(users: Users, engine: Engine) -> None:
    pull = users.add(PULL, 1000)
    users.go()
    limiter = fast_limiter(engine)
    # Calls end to count after a minute, of which this machine may need many to make them.
    while limiter.used() < 10:
        assert line_of(pull)
    assert limiter.ready_in(PUSH) < 2


def test_a_process_killed_while_it_waits_blocks_nobody(users: Users, engine: Engine) -> None:
    limiter = fast_limiter(engine)
    limiter.penalise(1000)
    dead = users.add(PUSH, 1000)
    users.go()
    wait_for_a_waiter(engine)
    dead.kill()
    dead.wait()
    free_again(engine)
    # It is forgotten in seconds, and the next one then waits for its turn and no longer.
    assert limiter.acquire(PULL, now() + 60 * SPEED) < 60 * SPEED


def free_again(engine: Engine) -> None:
    with DatabaseStore(engine, KEY, clock=now).turn() as (shared, _):
        assert shared.waiting
        shared.blocked_until = shared.tokens_at = 0.0


def wait_for_a_waiter(engine: Engine) -> None:
    store = DatabaseStore(engine, KEY, clock=now)
    deadline = time.monotonic() + 60
    while not store.look()[0].waiting:
        assert time.monotonic() < deadline


def test_a_penalty_holds_for_every_process(engine: Engine) -> None:
    def limiter() -> RateLimiter:
        store = DatabaseStore(engine, KEY, clock=lambda _: 1000.0)
        return RateLimiter(60, monotonic=lambda: 1000.0, store=store)

    limiter().penalise(30)
    other = limiter()
    assert other.ready_in(PUSH) == pytest.approx(30)
    with pytest.raises(NoSlot):
        other.acquire(PUSH, 1005.0)


def test_credentials_have_budgets_of_their_own(engine: Engine) -> None:
    def limiter(token: str) -> RateLimiter:
        settings = Settings(megaphone_api_token=SecretStr(token), megaphone_org_id="o")
        return budget.limiter(settings, engine)

    for _ in range(3):
        limiter("first").acquire(PULL)
    assert (limiter("first").used(), limiter("second").used()) == (3, 0)
    with engine.connect() as connection:
        keys = connection.scalars(select(RateBudget.key)).all()
    assert all(len(key) == 64 and "first" not in key for key in keys)


def test_without_a_limit_nothing_is_kept(engine: Engine) -> None:
    limiter = budget.limiter(Settings(megaphone_requests_per_minute=0), engine)
    assert sum(limiter.acquire(PULL) for _ in range(200)) < 1
    with engine.connect() as connection:
        assert connection.scalars(select(RateBudget.key)).all() == []


def test_a_turn_is_no_part_of_what_the_caller_is_doing(app: Flask) -> None:
    """It neither commits the caller's transaction nor is undone with it."""
    limiter = RateLimiter(60, store=DatabaseStore(db.engine, KEY))
    with reading():
        db.session.execute(select(RateBudget))
        limiter.acquire(PULL)
        assert db.session().in_transaction()
        db.session.rollback()
    assert limiter.used() == 1


def test_a_database_that_is_away_means_no_slot_and_no_call(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE rate_budget RENAME TO away"))
    try:
        limiter = RateLimiter(60, store=DatabaseStore(engine, KEY))
        with structlog.testing.capture_logs() as logs, pytest.raises(NoSlot):
            limiter.acquire(PUSH)
        with structlog.testing.capture_logs() as more:
            limiter.penalise(5)
        with pytest.raises(SQLAlchemyError):
            limiter.used()
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO rate_budget"))
    assert [event["event"] for event in logs + more] == ["budget_not_reached"] * 2


def test_the_clock_is_one_that_all_share(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server tells the time; of one machine it is the clock that nobody sets."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with engine.begin() as connection:
        is_server = connection.dialect.name == "postgresql"
        times = [servers_time(connection)] if is_server else []
        times += [budget.shared_clock(connection) for _ in range(3)]
        times += [servers_time(connection)] if is_server else []
    assert all(later > earlier for earlier, later in pairwise(times))


def servers_time(connection: Connection) -> float:
    found = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    assert found
    return float(found)
