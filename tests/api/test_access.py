"""Who gets in: tokens, scopes and operators; and how those who do not are answered."""

from datetime import timedelta

import pytest

from tests import factories
from tests.api.calling import CAMPAIGN, bearer, get
from tests.support.client import Client, signed_in
from tests.support.threads import in_threads
from webapp.auth import tokens
from webapp.auth.models import ApiToken
from webapp.core.clock import utc_now
from webapp.core.db import db

WRONG = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Basic dXNlcjpwYXNz"},
    {"Authorization": "Bearer \u00ff\u00fe"},
    {"Authorization": "Bearer " + "x" * 5000},
    {"Authorization": "Digest realm=x"},
]


@pytest.mark.parametrize("sent", WRONG)
@pytest.mark.parametrize("path", [CAMPAIGN, "/api/v1/nothing-here"])
def test_without_a_live_token_the_answer_is_401(client, sent, path):
    answer = client.get(path, headers=sent)

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["code"] == "no_token"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic x"}])
def test_who_sends_no_token_is_asked_for_one(client, sent):
    answer = client.get(CAMPAIGN, headers=sent)

    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in answer.json["detail"]


def test_of_a_token_that_opens_nothing_all_are_told_the_same(client):
    gone = [{"revoked_at": factories.SOME_DAY}, {"expires_at": factories.SOME_DAY}]
    tokens_sent = ["wrong", *(factories.api_token(**ended) for ended in gone)]

    answers = [get(client, token) for token in tokens_sent]

    said = {(a.headers["WWW-Authenticate"], a.json["detail"]) for a in answers}
    [(asked, detail)] = said
    assert asked == 'Bearer error="invalid_token"'
    assert "Send “Authorization" not in detail


@pytest.mark.parametrize(
    "ended", [{"revoked_at": factories.SOME_DAY}, {"expires_at": factories.SOME_DAY}]
)
def test_a_token_that_ended_is_no_token(client, ended):
    assert get(client, factories.api_token(**ended)).status_code == 401


def test_an_address_that_is_not_there_is_a_404_and_a_wrong_method_a_405(client):
    headers = bearer(factories.api_token("read"))

    missing = client.get("/api/v1/nothing-here", headers=headers)
    wrong = client.patch(CAMPAIGN, headers=headers)

    assert (missing.status_code, missing.json["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json["code"]) == (405, "method_not_allowed")
    assert "RateLimit-Limit" in missing.headers
    assert "RateLimit-Limit" in wrong.headers


@pytest.mark.parametrize(("scopes", "status"), [("read", 404), ("write", 403), ("sync", 403)])
def test_a_token_may_what_its_scopes_say(client, scopes, status):
    answer = get(client, factories.api_token(scopes))

    assert answer.status_code == status
    if status == 403:
        assert answer.json["code"] == "not_allowed"
        assert answer.json["detail"] == "This needs the scope “read”."


def test_a_token_may_no_more_than_its_operator_may_now(client, manager, monkeypatch):
    token = factories.api_token("read write sync admin", operator_id=manager.id)
    assert get(client, token).status_code == 404

    monkeypatch.setattr("webapp.auth.permissions.ROLES", {"manager": frozenset()})
    assert get(client, token).status_code == 403
    assert get(client, factories.api_token("read")).status_code == 404


def test_a_token_ends_with_its_operator_and_comes_back_with_them(client, manager):
    token = factories.api_token("read", operator_id=manager.id)

    manager.active = False
    assert get(client, token).status_code == 401
    manager.active = True
    assert get(client, token).status_code == 404


def test_both_secrets_of_a_rotated_token_open_it_for_a_while(client):
    made = tokens.create("report", ["read"])
    new = tokens.rotate(made.token, made.token.mark).secret
    assert [get(client, each).status_code for each in (made.secret, new)] == [404, 404]

    db.session.query(ApiToken).one().previous_until = utc_now() - timedelta(seconds=1)
    assert [get(client, each).status_code for each in (made.secret, new)] == [401, 404]


def test_a_cookie_does_not_count_here(client, manager):
    signed_in(client, manager)

    assert client.get("/campaigns").status_code == 200
    assert get(client).status_code == 401


def test_a_token_does_not_open_the_pages(client):
    answer = get(client, factories.api_token(), "/campaigns")

    assert answer.status_code == 302
    assert "/sign-in" in answer.headers["Location"]


def test_an_answer_is_kept_by_no_cache_and_can_be_named(client):
    for token in (None, factories.api_token("read")):
        answer = get(client, token)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-Id"]


def test_as_many_scripts_as_a_process_may_have_threads_are_answered_at_once(app):
    """Each reads by one connection and is counted by another: none waits for somebody's second."""
    secret = factories.api_token("read", per_window=40)
    db.session.commit()
    db.session.remove()

    answers = in_threads([lambda: get(Client(app), secret).status_code] * 24)

    assert answers == [404] * 24
