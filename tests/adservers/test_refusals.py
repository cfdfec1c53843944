"""What each refusal of Megaphone's becomes: the error that says what to do."""

import json
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest
from responses import RequestsMock

from tests.adservers.connecting import CAMPAIGN_ID, TOKEN, Connected
from tests.adservers.provoking import ACTS, HTML, WRITES, provoke
from webapp.adservers import errors
from webapp.adservers.types import Priority
from webapp.core.clock import utc_now

RAILS = (
    '{"error": "Validation failed: Title is short, or odd, Title is bad, Advertiser id must exist"}'
)
ADVERTISER_GONE = "Advertiser id must exist."


@pytest.mark.parametrize("act", ACTS)
def test_401_is_a_matter_of_the_token(web: RequestsMock, connection: Connected, act: str) -> None:
    body = "HTTP Token: Access denied.\n"
    error = provoke(web, connection, act, 401, body, kind="text/html; charset=utf-8")
    assert isinstance(error, errors.AuthFailed)
    assert "Enter a valid one" in error.message


@pytest.mark.parametrize("act", ACTS)
def test_403_is_a_matter_of_rights(web: RequestsMock, connection: Connected, act: str) -> None:
    body = '{"error": "User does not have access to object requested"}'
    error = provoke(web, connection, act, 403, body)
    assert isinstance(error, errors.PermissionDenied)
    assert "User does not have access to object requested" in error.message


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("body", ['{"error": "Not found"}', HTML, ""])
@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("list", errors.ContractChanged),
        ("create", errors.ContractChanged),
        ("get", errors.NotFound),
        ("update", errors.NotFound),
    ],
)
def test_missing_means_gone_for_a_record_and_a_changed_contract_for_a_list(
    web: RequestsMock, connection: Connected, act: str, expected: type, status: int, body: str
) -> None:
    error = provoke(web, connection, act, status, body)
    assert type(error) is expected
    assert not error.retryable


def test_404_on_create_may_mean_the_advertiser(web: RequestsMock, connection: Connected) -> None:
    error = provoke(web, connection, "create", 404, '{"error": "Couldn\'t find Advertiser"}')
    assert isinstance(error, errors.Rejected)
    assert error.field_errors == {"advertiser_id": "Megaphone does not have this advertiser."}


@pytest.mark.parametrize("act", WRITES)
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ('{"error": "Title can\'t be blank"}', {"title": "Title can't be blank."}),
        (
            '{"errors": {"title": ["can\'t be blank", "is short"], "advertiserId": "must exist"}}',
            {"title": "Can't be blank; is short.", "advertiser_id": "Must exist."},
        ),
        (
            '{"errors": ["Total budget cents must be positive", "Bad day"]}',
            {"total_budget": "Total budget cents must be positive."},
        ),
        (
            '["external_id has already been taken"]',
            {"external_id": "External_id has already been taken."},
        ),
        (
            RAILS,
            {"title": "Title is short, or odd. Title is bad.", "advertiser_id": ADVERTISER_GONE},
        ),
        ('{"message": "Nope"}', {}),
        ('{"errors": {"base": ["Nope"]}}', {}),
        ('{"error": "", "errors": {}, "message": "Nope"}', {}),
    ],
)
def test_a_refusal_names_our_fields_in_every_shape(
    web: RequestsMock,
    connection: Connected,
    act: str,
    status: int,
    body: str,
    fields: dict[str, str],
) -> None:
    error = provoke(web, connection, act, status, body)
    assert isinstance(error, errors.Rejected)
    assert error.field_errors == fields
    assert not error.retryable
    if not fields and "Nope" in body and '"errors": {}' not in body:
        assert "Nope" in error.message
        assert "base" not in error.message


@pytest.mark.parametrize("act", WRITES)
@pytest.mark.parametrize(
    "body",
    [HTML, "", "{", "null", "5", '{"errors": 5}', '{"errors": {"title": null}}', "[" * 100_000],
)
def test_a_refusal_that_cannot_be_read_is_still_a_refusal(
    web: RequestsMock, connection: Connected, act: str, body: str
) -> None:
    error = provoke(web, connection, act, 422, body)
    assert isinstance(error, errors.Rejected)
    assert error.field_errors == {}
    assert "no reason that can be read" in error.message


@pytest.mark.parametrize("status", [400, 405, 406, 422])
def test_a_refused_read_is_a_refusal(web: RequestsMock, connection: Connected, status: int) -> None:
    assert isinstance(provoke(web, connection, "list", status), errors.Rejected)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("999999999999", 3600),
        ("9" * 400, 3600),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 21 Oct 2999 07:28:00 GMT", 3600),
        ("Fri, 99 Oct 2999 07:28:00 GMT", None),
    ],
)
def test_429_says_how_long_to_wait_at_most_an_hour(
    web: RequestsMock, connection: Connected, act: str, header: str | None, seconds: float | None
) -> None:
    headers = None if header is None else {"Retry-After": header}
    error = provoke(web, connection, act, 429, "Slow down", headers=headers)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds
    assert error.retryable


def test_429_with_a_moment_waits_until_then(web: RequestsMock, connection: Connected) -> None:
    began = utc_now()
    moment = format_datetime(began + timedelta(seconds=90), usegmt=True)
    error = provoke(web, connection, "list", 429, headers={"Retry-After": moment})
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after is not None
    # A moment is given in whole seconds.
    assert 89 - (utc_now() - began).total_seconds() < error.retry_after <= 90


def test_after_429_nobody_on_this_credential_asks_before_the_time(
    web: RequestsMock, connection: Connected
) -> None:
    began = time.monotonic()
    provoke(web, connection, "list", 429, headers={"Retry-After": "1000"})
    with pytest.raises(errors.RateLimited) as caught:
        connection.server.with_priority(Priority.PUSH).get_campaign(CAMPAIGN_ID)
    left = caught.value.retry_after
    assert left is not None
    assert 1000 - (time.monotonic() - began) <= left <= 1000
    assert caught.value.status is None
    assert "Nothing was sent" in caught.value.message
    assert len(web.calls) == 1
    assert len(connection.log) == 1


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", [403, 422])
def test_a_quoted_refusal_shows_no_token_no_address_and_no_end_of_text(
    web: RequestsMock, connection: Connected, act: str, status: int
) -> None:
    said = f"Token {TOKEN}\x1b[31m at https://cms.example/x?token={TOKEN} " + "so " * 500
    body = json.dumps({"errors": {"title": [said], TOKEN: [said], "https://cms.example": ["x"]}})
    headers = {"X-Request-Id": TOKEN}
    error = provoke(web, connection, act, status, body, headers=headers)
    assert len(error.message) < 600
    assert error.message.isprintable()
    assert error.request_id is None
