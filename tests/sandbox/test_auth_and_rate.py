"""Who is let in, how the others are refused, and how many requests a minute."""

import pytest
import requests

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox
from webapp.sandbox.ratelimit import RateLimit


def ask(sandbox: Sandbox, authorization: str | None) -> requests.Response:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return requests.get(f"{sandbox.organization_url}/campaigns", headers=headers, timeout=10)


@pytest.mark.parametrize(
    "authorization",
    ['Token token="sandbox"', "Token token=sandbox", "Token sandbox", "Bearer sandbox"],
)
def test_four_spellings_of_the_header_let_in(sandbox: Sandbox, authorization: str) -> None:
    assert ask(sandbox, authorization).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", 'Token token="other"', 'Token token=""', "sandbox", "Basic sandbox", "Bearer Ünï"],
)
def test_anything_else_is_refused_as_recorded(sandbox: Sandbox, authorization: str | None) -> None:
    encoded = authorization.encode("latin-1") if authorization else authorization
    answer = ask(sandbox, encoded)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.text == "HTTP Token: Access denied.\n"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["WWW-Authenticate"] == 'Token realm="Application"'
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Request-Id"]


def test_another_organisation_is_403_with_words(call: Caller) -> None:
    other = f"{call.sandbox.base_url}/organizations/9a22ee30-1a9f-11f0-b531-1b59096fa63d/campaigns"
    answer = call.get(other)
    assert answer.status_code == 403
    assert answer.json() == {"error": "User does not have access to object requested"}


def test_the_request_over_the_limit_is_429_without_retry_after(
    sandbox: Sandbox, call: Caller
) -> None:
    sandbox.settings(requests_per_minute=3)
    statuses = [call.get("agencies").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = call.get("agencies")
    assert "Retry-After" not in refused.headers
    assert "json" not in refused.headers["Content-Type"]


def test_retry_after_can_be_switched_on_with_any_text(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(requests_per_minute=1, retry_after="-7 moons")
    call.get("agencies")
    assert call.get("agencies").headers["Retry-After"] == "-7 moons"


def test_a_refused_write_took_no_effect(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(requests_per_minute=1)
    advertiser = call.advertiser()
    answer = call.post("campaigns", {"title": "x", "advertiserId": advertiser["id"]})
    assert answer.status_code == 429
    assert sandbox.applied_writes() == []


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_sliding_window_never_lets_more_than_the_limit_into_any_minute() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    allowed = []
    for _ in range(2000):
        clock.now += 0.173
        if limit.allow("t", 60, "sliding"):
            allowed.append(clock.now)
    for start in allowed:
        assert sum(start <= each < start + 60 for each in allowed) <= 60


def test_a_fixed_window_starts_anew_at_the_full_minute() -> None:
    clock = Clock()
    clock.now = 1199.0
    limit = RateLimit(clock)
    assert [limit.allow("t", 2, "fixed") for _ in range(3)] == [True, True, False]
    clock.now = 1200.5
    assert [limit.allow("t", 2, "fixed") for _ in range(3)] == [True, True, False]


def test_each_token_has_its_own_count_and_0_is_no_limit() -> None:
    limit = RateLimit(Clock())
    assert limit.allow("a", 1, "sliding")
    assert limit.allow("b", 1, "sliding")
    assert not limit.allow("a", 1, "sliding")
    assert all(limit.allow("a", 0, "sliding") for _ in range(100))
