"""One key, one wish, one answer: whoever asks again, however the first request ended."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import factories
from tests.api import booking
from tests.api.booking import BOOKINGS, Bookings
from tests.api.calling import bearer
from tests.support.client import Client
from tests.support.databases import in_context
from tests.support.threads import in_threads
from webapp.api import answers
from webapp.api.models import ApiAnswer
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db

REPOSITORY = Path(__file__).resolve().parents[2]
SPRING = {"title": "Spring"}

Post = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _as_documented() -> None:
    """The operation of these tests is on no page."""


@pytest.fixture
def made(settings: Settings) -> Iterator[tuple[Flask, Bookings]]:
    app, bookings = booking.make(settings)
    with in_context(app):
        factories.advertiser()
        yield app, bookings


@pytest.fixture
def bookings(made) -> Bookings:
    return made[1]


@pytest.fixture
def token(made) -> str:
    return factories.api_token("write")


@pytest.fixture
def post(made, token: str) -> Post:
    """POST with a key, as the script whose token it is."""

    def send(
        body: object = SPRING, key: str | None = "k1", path: str = BOOKINGS, who: str = token
    ) -> TestResponse:
        headers = bearer(who) | ({} if key is None else {"Idempotency-Key": key})
        return Client(made[0]).post(path, json=body, headers=headers)

    return send


def titles() -> list[str]:
    db.session.rollback()
    return sorted(campaign.title for campaign in db.session.query(Campaign))


def the_answer() -> ApiAnswer:
    db.session.rollback()
    return db.session.query(ApiAnswer).one()


def test_the_same_request_again_gets_the_same_answer_and_nothing_is_done(post, bookings) -> None:
    first, again = post(), post()

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data
    for name in ("Content-Type", "Location", "ETag"):
        assert first.headers[name] == again.headers[name]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert "X-Other" not in again.headers
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert (titles(), bookings.calls) == (["Spring"], 1)


def test_with_a_slash_behind_the_address_it_is_the_same_wish(post) -> None:
    first, again = post(), post(path=f"{BOOKINGS}/")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data


def test_without_a_key_each_request_is_a_wish_of_its_own(post) -> None:
    assert post(key=None).json["id"] != post(key=None).json["id"]
    assert titles() == ["Spring", "Spring"]


@pytest.mark.parametrize("other", [{"body": {"title": "Autumn"}}, {"path": f"{BOOKINGS}?other=1"}])
def test_a_key_that_comes_with_another_wish_is_refused(post, other) -> None:
    post()

    answer = post(**other)

    assert (answer.status_code, answer.json["code"]) == (422, "key_reused")
    assert titles() == ["Spring"]
    assert post().headers["Idempotency-Replayed"]


def test_keys_belong_to_their_token(post) -> None:
    post()
    post(who=factories.api_token("write"))

    assert titles() == ["Spring", "Spring"]


def test_while_it_is_being_answered_the_key_has_to_wait(post, bookings) -> None:
    found = []
    bookings.meanwhile = lambda: found.append(post())

    first = post()

    (meanwhile,) = found
    assert (meanwhile.status_code, meanwhile.json["code"]) == (409, "still_running")
    assert int(meanwhile.headers["Retry-After"]) >= 1
    assert first.status_code == 201
    assert post().data == first.data


def test_sixteen_at_once_are_one_campaign_and_one_answer(post, bookings) -> None:
    db.session.commit()

    found = in_threads([post] * 16)

    done = [answer for answer in found if answer.status_code == 201]
    waited = [answer.json["code"] for answer in found if answer.status_code != 201]
    assert done
    assert len({answer.data for answer in done}) == 1
    assert set(waited) <= {"still_running"}
    assert (titles(), bookings.calls) == (["Spring"], 1)
    assert post().data == done[0].data


def test_sixteen_who_come_after_one_died_are_one_campaign(post, bookings) -> None:
    post(SPRING)
    row = the_answer()
    row.finished_at = None
    row.claimed_until = utc_now()
    db.session.commit()

    found = in_threads([post] * 16)

    assert {answer.status_code for answer in found} <= {201, 409}
    assert (titles(), bookings.calls) == (["Spring"], 2)


def test_a_request_that_died_is_done_by_the_next_and_only_once(
    post, token: str, bookings: Bookings, settings: Settings, tmp_path: Path
) -> None:
    db.session.commit()
    command = [sys.executable, "-m", booking.__name__]
    arguments = [settings.sqlalchemy_url, str(tmp_path), token, "k1"]
    died = subprocess.run([*command, *arguments], cwd=REPOSITORY, timeout=300, check=False)
    assert died.returncode == booking.DEAD
    assert titles() == ["Spring"]

    assert post().json["code"] == "still_running"
    assert timedelta(0) < the_answer().claimed_until - utc_now() <= answers.CLAIM
    the_answer().claimed_until = utc_now()
    db.session.commit()
    answer = post()

    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers
    assert (titles(), bookings.calls) == (["Spring"], 1)
    assert post().data == answer.data


def test_who_was_taken_for_dead_does_not_overwrite_the_answer(post, bookings) -> None:
    def taken_over() -> None:
        bookings.meanwhile = lambda: None
        db.session.rollback()
        the_answer().claimed_until = utc_now()
        db.session.commit()
        second.append(post())

    second: list[TestResponse] = []
    bookings.meanwhile = taken_over

    first = post()

    assert first.json["id"] == second[0].json["id"]
    assert titles() == ["Spring"]
    assert post().data == second[0].data


def test_who_was_taken_for_dead_does_not_give_back_the_next_one_s_key(post, bookings) -> None:
    def taken_over() -> None:
        the_answer().claimed_until = utc_now() + answers.CLAIM
        db.session.commit()

    bookings.meanwhile = taken_over
    body = {"title": "Spring", "problem": "server_error"}

    assert post(body).status_code == 500
    assert post(body).json["code"] == "still_running"


@pytest.mark.parametrize("code", ["server_error", "unavailable", "no_token", "not_allowed"])
def test_what_says_nothing_of_the_wish_is_not_kept_and_it_is_done_once(
    post, bookings, code: str
) -> None:
    body = {"title": "Spring", "problem": code}

    first, again = post(body), post(body)

    assert first.json["code"] == again.json["code"] == code
    assert "Idempotency-Replayed" not in again.headers
    assert (titles(), bookings.calls) == (["Spring"], 2)
    assert post().json["code"] == "key_reused"


def test_a_failure_of_ours_gives_the_key_back(post, bookings, monkeypatch) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    bookings.meanwhile = fail
    assert post().status_code == 500
    bookings.meanwhile = lambda: None

    assert post().status_code == 201
    assert titles() == ["Spring"]


def test_a_refusal_is_kept(post, bookings) -> None:
    body = {"title": "Spring", "problem": "refused"}

    first, again = post(body), post(body)

    assert (first.status_code, again.status_code) == (422, 422)
    assert first.data == again.data
    assert again.mimetype == "application/problem+json"
    assert bookings.calls == 1


def test_to_try_it_out_uses_up_no_key(post) -> None:
    dry = f"{BOOKINGS}?dry_run=1"

    tried = [post(path=dry), post(path=dry)]
    assert [answer.headers["Dry-Run"] for answer in tried] == ["true", "true"]
    assert titles() == []
    done = post()
    assert "Idempotency-Replayed" not in done.headers
    later = post(path=dry)

    assert [each.status_code for each in (*tried, done, later)] == [201] * 4
    assert "Idempotency-Replayed" not in later.headers
    assert titles() == ["Spring"]
    assert post().data == done.data


@pytest.mark.parametrize("key", ["", "x" * 256, "Schlüssel", "two parts"])
def test_a_key_that_is_none_is_refused(post, key: str) -> None:
    answer = post(key=key)

    assert (answer.status_code, answer.json["code"]) == (400, "bad_request")
    assert titles() == []


def test_a_key_may_be_long_and_odd(post) -> None:
    key = ("'~{}/%00;," * 30)[:255]

    assert post(key=key).data == post(key=key).data
    assert titles() == ["Spring"]


def test_a_body_that_is_too_large_is_refused_and_not_kept(post) -> None:
    answer = post({"title": "x" * 1_100_000})

    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert post().status_code == 201


def test_after_a_day_a_key_is_new(post) -> None:
    first = post()
    the_answer().created_at = utc_now() - answers.KEPT
    db.session.commit()

    second = post()

    assert second.json["id"] != first.json["id"]
    assert titles() == ["Spring", "Spring"]
    assert post().data == second.data


def test_answers_are_deleted_after_a_day(post) -> None:
    post()
    made = the_answer().created_at

    assert answers.delete_old(made + answers.KEPT - timedelta(seconds=1)) == 0
    assert answers.delete_old(made + answers.KEPT) == 1


def test_a_key_without_its_permission_is_not_claimed(post) -> None:
    assert post(who=factories.api_token("read")).status_code == 403
    assert db.session.query(ApiAnswer).count() == 0
