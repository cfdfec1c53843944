"""No caller gets more than its limit, whoever counts; and counting costs next to nothing."""

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests import factories
from tests.api import caller
from tests.api.calling import get
from tests.support.client import Client
from tests.support.statements import count_statements
from tests.support.threads import in_threads
from webapp.api import keeping, limits
from webapp.api.models import ApiAnswer, ApiWindow
from webapp.auth.models import ApiToken
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.core.ratelimit import RateLimiter
from webapp.sync.jobs import Work

REPOSITORY = Path(__file__).resolve().parents[2]
# The first minute of a window.
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """Sets the time of day that the API sees; it begins with a window."""

    def set_to(moment: datetime) -> None:
        monkeypatch.setattr("webapp.api.access.utc_now", lambda: moment)

    set_to(START)
    return set_to


def windows() -> dict[str, int]:
    db.session.rollback()
    return {row.caller: row.taken for row in db.session.query(ApiWindow)}


def test_every_answer_says_what_is_left(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=200)
    clock(START + timedelta(seconds=300))

    first, second = get(client, token), get(client, token)

    assert first.headers["RateLimit-Limit"] == "200"
    assert first.headers["RateLimit-Remaining"] == "199"
    assert first.headers["RateLimit-Reset"] == "600"
    assert first.headers["RateLimit-Policy"] == '"token";q=200;w=900'
    assert second.headers["RateLimit"] == '"token";r=198;t=600'


def test_beyond_the_limit_it_is_429_and_says_when_to_come_back(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=3)
    clock(START + timedelta(seconds=890.5))

    answers = [get(client, token) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    last = answers[-1]
    assert (last.mimetype, last.json["code"]) == ("application/problem+json", "too_many_requests")
    assert last.headers["Retry-After"] == last.headers["RateLimit-Reset"] == "10"
    assert last.headers["RateLimit-Remaining"] == "0"

    clock(START + timedelta(seconds=900))
    assert get(client, token).status_code == 404


def test_each_token_has_a_limit_of_its_own(client: Client, clock) -> None:
    few = factories.api_token("read", per_window=1)
    many = factories.api_token("read", per_window=50)

    assert [get(client, few).status_code for _ in range(2)] == [404, 429]
    assert get(client, many).headers["RateLimit-Remaining"] == "49"


def test_threads_together_get_the_limit_and_no_more(app: Flask, clock) -> None:
    token = factories.api_token("read", per_window=101)
    db.session.commit()

    def call() -> int:
        client = Client(app)
        return sum(get(client, token).status_code == 404 for _ in range(30))

    assert sum(in_threads([call] * 8)) == 101


def test_processes_together_get_the_limit_and_no_more(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    token = factories.api_token("read", per_window=301)
    db.session.commit()
    command = [sys.executable, "-m", caller.__name__, settings.sqlalchemy_url, str(tmp_path), token]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, "4", START.isoformat()],
                    cwd=REPOSITORY,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for each in processes:
            stack.callback(each.kill)
            assert each.stdout
            assert each.stdout.readline() == "ready\n"
        counts = [int(each.communicate(timeout=300)[0]) for each in go(processes)]

    assert sum(counts) == 301
    assert all(counts)


def go(processes: list["subprocess.Popen[str]"]) -> list["subprocess.Popen[str]"]:
    """Start all before any is waited for."""
    for each in processes:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    return processes


def test_most_requests_cost_no_statement(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=3_000)
    get(client, token)
    db.session.commit()

    with count_statements() as statements:
        for _ in range(59):
            get(client, token)
    assert [s for s in statements if "api_window" in s or s.startswith("UPDATE")] == []

    with count_statements() as statements:
        get(client, token)
    assert sum("api_window" in each for each in statements) == 1
    assert windows() == {f"token:{db.session.query(ApiToken).one().id}": 120}


def test_refusing_costs_one_look_at_the_token(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=1)
    get(client, token)
    db.session.commit()

    with count_statements() as statements:
        assert get(client, token).status_code == 429
    assert len(statements) == 1


def test_when_a_token_was_last_used_is_kept_once_a_minute_at_most(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=40)

    for seconds, seen in ((0, 0), (30, 0), (60, 0), (61, 61)):
        clock(START + timedelta(seconds=seconds))
        get(client, token)
        db.session.rollback()
        used = db.session.query(ApiToken).one().last_used_at
        assert used == START + timedelta(seconds=seen), seconds


@pytest.mark.parametrize("sent", [None, "fdk_wrong"])
def test_without_a_token_that_opens_the_address_is_counted(client: Client, clock, sent) -> None:
    answers = [get(client, sent) for _ in range(101)]

    assert {answer.status_code for answer in answers[:100]} == {401}
    assert answers[0].headers["RateLimit-Limit"] == "100"
    assert answers[0].headers["RateLimit"] == '"address";r=99;t=900'
    assert (answers[100].status_code, answers[100].json["code"]) == (429, "too_many_requests")
    assert get(client, factories.api_token("read")).status_code == 404
    (row,) = [name for name in windows() if name.startswith("address:")]
    assert "127.0.0.1" not in row


def test_addresses_that_are_not_there_count_as_well(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=2)

    found = [
        get(client, token, path).status_code
        for path in ("/api/v1/nothing", "/api/v1", "/api/v1/nothing")
    ]

    assert found == [404, 404, 429]


def test_how_much_an_address_gets_is_a_setting(app: Flask, client: Client, clock) -> None:
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"api_requests_without_token": 2})

    assert [get(client).status_code for _ in range(3)] == [401, 401, 429]


def test_addresses_are_counted_apart_but_those_of_one_network_of_ipv6_are_not() -> None:
    def key(address: str) -> str:
        return limits.address_caller(address, 100).key

    assert key("192.0.2.1") != key("192.0.2.2")
    assert key("192.0.2.1") == key("::ffff:192.0.2.1")
    assert key("2001:db8:1:2::1") == key("2001:db8:1:2:3:4:5:6")
    assert key("2001:db8:1:2::1") != key("2001:db8:1:3::1")
    assert key("unknown") != key("other")


def test_a_change_of_the_limit_counts_at_once(client: Client, clock) -> None:
    token = factories.api_token("read", per_window=2)
    assert [get(client, token).status_code for _ in range(3)] == [404, 404, 429]

    db.session.query(ApiToken).one().per_window = 4
    assert [get(client, token).status_code for _ in range(3)] == [404, 404, 429]


def test_what_is_known_of_callers_has_bounds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CALLERS", 10)
    allowances = limits.Allowances()

    for number in range(25):
        allowances.take(db.engine, limits.address_caller(f"192.0.2.{number}", 100), START)

    assert len(allowances._shares) <= 10


def test_old_windows_are_deleted(client: Client, clock) -> None:
    token = factories.api_token("read")
    get(client, token)

    keeping.delete_old_windows(START + timedelta(minutes=29))
    assert len(windows()) == 1
    keeping.delete_old_windows(START + timedelta(minutes=30))
    db.session.commit()
    assert windows() == {}


def test_the_worker_forgets_answers_and_windows(app: Flask, client: Client, clock) -> None:
    token = factories.api_token("read")
    get(client, token)
    kept = ApiAnswer(
        token_id=db.session.query(ApiToken).one().id,
        key="k",
        digest="",
        created_at=START,
        claimed_until=START,
    )
    db.session.add(kept)
    db.session.commit()
    limiter = RateLimiter(0)

    def forget(at: datetime) -> int:
        keeping.forget_old(Work(app.config["SETTINGS"], limiter, lambda: True, clock=lambda: at))
        return db.session.query(ApiAnswer).count()

    assert (forget(START + timedelta(hours=23)), windows()) == (1, {})
    assert forget(START + timedelta(hours=24)) == 0


def test_pages_are_not_counted(manager_client: Client) -> None:
    assert "RateLimit-Limit" not in manager_client.get("/campaigns").headers
    assert windows() == {}
