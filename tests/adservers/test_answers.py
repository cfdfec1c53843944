"""What each answer of Megaphone's becomes: the error that says what to do, in a plain sentence."""

import json
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
import responses
from responses import RequestsMock

from tests.adservers.connecting import (
    CAMPAIGN_ID,
    ORGANIZATION,
    TOKEN,
    Connected,
    campaign_row,
    connected,
)
from webapp.adservers import errors
from webapp.adservers.base import AdServer
from webapp.adservers.registry import connect
from webapp.adservers.types import CampaignSpec, ConnectionSettings, Priority
from webapp.core.clock import utc_now
from webapp.core.http import http_session
from webapp.core.ratelimit import RateLimiter

BASE = "https://cms.example/api"
CAMPAIGNS = f"{BASE}/organizations/{ORGANIZATION}/campaigns"
ONE = f"{CAMPAIGNS}/{CAMPAIGN_ID}"
HTML = "<!DOCTYPE html><html><body>Sorry</body></html>"
SPEC = CampaignSpec("Spring", "adv-1")

Act = Callable[[AdServer], object]
ACTS: dict[str, tuple[str, str, Act]] = {
    "list": ("GET", CAMPAIGNS, lambda server: server.list_campaigns()),
    "get": ("GET", ONE, lambda server: server.get_campaign(CAMPAIGN_ID)),
    "create": ("POST", CAMPAIGNS, lambda server: server.create_campaign(SPEC, "fd-1")),
    "update": ("PUT", ONE, lambda server: server.update_campaign(CAMPAIGN_ID, {"title": "N"})),
}
READS, WRITES = ("list", "get"), ("create", "update")


@pytest.fixture
def web() -> Iterator[RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def megaphone() -> Iterator[Connected]:
    with connected(BASE) as made:
        yield made


def provoke(
    web: RequestsMock,
    megaphone: Connected,
    act: str,
    status: int,
    body: str | bytes = "",
    *,
    kind: str = "application/json",
    headers: dict[str, str] | None = None,
) -> errors.AdServerError:
    """Let Megaphone answer so, and return the error that came out."""
    method, url, call = ACTS[act]
    web.add(method, url, body=body, status=status, content_type=kind, headers=headers)
    with pytest.raises(errors.AdServerError) as caught:
        call(megaphone.server)
    error = caught.value
    assert len(web.calls) == 1, "an answer is never asked for twice"
    assert error.status == status
    assert error.message.endswith(".")
    assert error.message.startswith("Megaphone")
    assert [record.outcome for record in megaphone.log] == [error.code]
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert TOKEN not in told
    assert "cms.example" not in told
    return error


def test_a_good_answer_is_a_page_and_one_request(web: RequestsMock, megaphone: Connected) -> None:
    rows = [campaign_row(1), campaign_row(2, title=None)]
    web.add("GET", CAMPAIGNS, json=rows, headers={"X-Total": "2", "X-Request-Id": "r-1"})
    page = megaphone.server.list_campaigns()
    assert [item.title for item in page.items] == ["Spring launch 1"]
    assert [row.reason for row in page.bad_rows] == ["Its title is missing."]
    assert (page.total, page.next_cursor) == (2, None)
    request = web.calls[0].request
    assert request.url == f"{CAMPAIGNS}?page=1&per_page=500"
    assert request.headers["Authorization"] == f'Token token="{TOKEN}"'
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == "Flightdeck/0.1"
    record = megaphone.log[0]
    assert (record.method, record.status, record.outcome) == ("GET", 200, "ok")
    assert record.path_template == "/organizations/{organization}/campaigns"
    assert record.request_id == "r-1"


@pytest.mark.parametrize("status", [200, 201])
def test_a_create_sends_camel_case_and_takes_either_success(
    web: RequestsMock, megaphone: Connected, status: int
) -> None:
    web.add("POST", CAMPAIGNS, json=campaign_row(3, externalId="fd-1"), status=status)
    made = megaphone.server.create_campaign(
        CampaignSpec("Spring", "adv-1", None, 500, "JPY", copy_needed=True), "fd-1"
    )
    assert made.external_id == "fd-1"
    assert json.loads(web.calls[0].request.body) == {
        "title": "Spring",
        "advertiserId": "adv-1",
        "externalId": "fd-1",
        "totalBudgetCents": 500,
        "totalBudgetCurrency": "JPY",
        "copyNeeded": True,
    }


def test_an_update_sends_changed_fields_only(web: RequestsMock, megaphone: Connected) -> None:
    web.add("PUT", ONE, json=campaign_row(3, id=CAMPAIGN_ID, title="N"))
    changed = megaphone.server.update_campaign(CAMPAIGN_ID, {"title": "N", "external_id": None})
    assert changed.title == "N"
    assert json.loads(web.calls[0].request.body) == {"title": "N", "externalId": None}


def test_an_update_confirmed_without_a_body_is_read_back(
    web: RequestsMock, megaphone: Connected
) -> None:
    web.add("PUT", ONE, status=204)
    web.add("GET", ONE, json=campaign_row(3, id=CAMPAIGN_ID, title="N"))
    assert megaphone.server.update_campaign(CAMPAIGN_ID, {"title": "N"}).title == "N"


def test_an_update_that_cannot_be_read_back_is_unknown(
    web: RequestsMock, megaphone: Connected
) -> None:
    web.add("PUT", ONE, status=204)
    web.add("GET", ONE, status=500)
    with pytest.raises(errors.OutcomeUnknown, match="could not be read"):
        megaphone.server.update_campaign(CAMPAIGN_ID, {"title": "N"})


def test_a_create_confirmed_without_a_body_is_unknown(
    web: RequestsMock, megaphone: Connected
) -> None:
    assert isinstance(provoke(web, megaphone, "create", 204), errors.OutcomeUnknown)


@pytest.mark.parametrize("act", ACTS)
def test_401_is_a_matter_of_the_token(web: RequestsMock, megaphone: Connected, act: str) -> None:
    body = "HTTP Token: Access denied.\n"
    error = provoke(web, megaphone, act, 401, body, kind="text/html; charset=utf-8")
    assert isinstance(error, errors.AuthFailed)
    assert "Enter a valid one" in error.message


@pytest.mark.parametrize("act", ACTS)
def test_403_is_a_matter_of_rights(web: RequestsMock, megaphone: Connected, act: str) -> None:
    body = '{"error": "User does not have access to object requested"}'
    error = provoke(web, megaphone, act, 403, body)
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
    web: RequestsMock, megaphone: Connected, act: str, expected: type, status: int, body: str
) -> None:
    error = provoke(web, megaphone, act, status, body)
    assert type(error) is expected
    assert not error.retryable


def test_404_on_create_may_be_about_the_advertiser(web: RequestsMock, megaphone: Connected) -> None:
    error = provoke(web, megaphone, "create", 404, '{"error": "Couldn\'t find Advertiser"}')
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
        ('{"message": "Nope"}', {}),
        ('{"errors": {"base": ["Nope"]}}', {}),
        ('{"error": "", "errors": {}, "message": "Nope"}', {}),
    ],
)
def test_a_refusal_names_our_fields_in_every_shape(
    web: RequestsMock,
    megaphone: Connected,
    act: str,
    status: int,
    body: str,
    fields: dict[str, str],
) -> None:
    error = provoke(web, megaphone, act, status, body)
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
    web: RequestsMock, megaphone: Connected, act: str, body: str
) -> None:
    error = provoke(web, megaphone, act, 422, body)
    assert isinstance(error, errors.Rejected)
    assert error.field_errors == {}
    assert "no reason that can be read" in error.message


@pytest.mark.parametrize("status", [400, 405, 406, 422])
def test_a_refused_read_is_a_refusal(web: RequestsMock, megaphone: Connected, status: int) -> None:
    assert isinstance(provoke(web, megaphone, "list", status), errors.Rejected)


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
    web: RequestsMock, megaphone: Connected, act: str, header: str | None, seconds: float | None
) -> None:
    headers = None if header is None else {"Retry-After": header}
    error = provoke(web, megaphone, act, 429, "Slow down", headers=headers)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == seconds
    assert error.retryable


def test_429_with_a_moment_waits_until_then(web: RequestsMock, megaphone: Connected) -> None:
    moment = format_datetime(utc_now() + timedelta(seconds=90), usegmt=True)
    error = provoke(web, megaphone, "list", 429, headers={"Retry-After": moment})
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == pytest.approx(90, abs=2)


def test_after_429_nobody_on_this_credential_asks_before_the_time(
    web: RequestsMock, megaphone: Connected
) -> None:
    provoke(web, megaphone, "list", 429, headers={"Retry-After": "1000"})
    with pytest.raises(errors.RateLimited) as caught:
        megaphone.server.with_priority(Priority.PUSH).get_campaign(CAMPAIGN_ID)
    assert caught.value.retry_after == pytest.approx(1000, abs=2)
    assert caught.value.status is None
    assert "Nothing was sent" in caught.value.message
    assert len(web.calls) == 1
    assert len(megaphone.log) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 599, 408])
@pytest.mark.parametrize("body", [HTML, "", '{"error": "boom"}'])
@pytest.mark.parametrize("act", ACTS)
def test_trouble_over_there_leaves_a_write_unknown_and_a_read_for_later(
    web: RequestsMock, megaphone: Connected, act: str, status: int, body: str
) -> None:
    error = provoke(web, megaphone, act, status, body)
    expected = errors.OutcomeUnknown if act in WRITES else errors.Unavailable
    assert type(error) is expected
    assert error.retryable is (act in READS)
    assert str(status) in error.message


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(
    web: RequestsMock, megaphone: Connected, act: str, status: int
) -> None:
    error = provoke(web, megaphone, act, status, headers={"Location": f"{BASE}/login"})
    expected = errors.OutcomeUnknown if act in WRITES else errors.ContractChanged
    assert type(error) is expected


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("body", "kind"), [(HTML, "text/html"), (HTML, "application/json"), ("Hi", "text/html")]
)
def test_a_web_page_in_place_of_data_is_a_changed_contract(
    web: RequestsMock, megaphone: Connected, act: str, body: str, kind: str
) -> None:
    error = provoke(web, megaphone, act, 200, body, kind=kind)
    expected = errors.OutcomeUnknown if act in WRITES else errors.ContractChanged
    assert type(error) is expected
    assert "web page" in error.message


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "body",
    [
        json.dumps([campaign_row(1)])[:-5],
        "",
        "  \n",
        "[NaN]",
        "[1] [2]",
        b"[\xff]",
        "[" * 200_000,
        "[" + "9" * 5000 + "]",
    ],
    ids=["cut", "empty", "blank", "nan", "twice", "not utf-8", "deep", "long number"],
)
def test_data_that_broke_off_is_for_later(
    web: RequestsMock, megaphone: Connected, act: str, body: str | bytes
) -> None:
    error = provoke(web, megaphone, act, 200, body)
    expected = errors.OutcomeUnknown if act in WRITES else errors.Unavailable
    assert type(error) is expected


@pytest.mark.parametrize(
    ("act", "body"),
    [
        *[("list", body) for body in ("null", "5", '"x"', "true", "{}", '{"items": []}')],
        *[(act, body) for act in ("get", "create", "update") for body in ("[]", "null", "5")],
    ],
)
def test_data_of_another_shape_is_a_changed_contract(
    web: RequestsMock, megaphone: Connected, act: str, body: str
) -> None:
    error = provoke(web, megaphone, act, 200, body)
    expected = errors.OutcomeUnknown if act in WRITES else errors.ContractChanged
    assert type(error) is expected


@pytest.mark.parametrize(("act", "expected"), [
    ("get", errors.Unavailable), ("update", errors.OutcomeUnknown),
])  # fmt: skip
def test_another_campaign_than_asked_for_is_not_taken_for_it(
    web: RequestsMock, megaphone: Connected, act: str, expected: type
) -> None:
    error = provoke(web, megaphone, act, 200, json.dumps(campaign_row(9)))
    assert type(error) is expected
    assert "another campaign" in error.message


@pytest.mark.parametrize(("act", "expected"), [
    ("get", errors.Unavailable),
    ("create", errors.OutcomeUnknown),
    ("update", errors.OutcomeUnknown),
])  # fmt: skip
def test_a_single_campaign_that_cannot_be_read_says_why(
    web: RequestsMock, megaphone: Connected, act: str, expected: type
) -> None:
    error = provoke(web, megaphone, act, 200, json.dumps(campaign_row(id=CAMPAIGN_ID, title=None)))
    assert type(error) is expected
    assert "Its title is missing." in error.message


def test_a_byte_order_mark_is_no_hindrance(web: RequestsMock, megaphone: Connected) -> None:
    web.add("GET", CAMPAIGNS, body=b"\xef\xbb\xbf[]")
    assert megaphone.server.list_campaigns().items == []


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", [403, 422])
def test_a_quoted_refusal_shows_no_token_no_address_and_no_end_of_text(
    web: RequestsMock, megaphone: Connected, act: str, status: int
) -> None:
    said = f"Token {TOKEN}\x1b[31m at https://cms.example/x?token={TOKEN} " + "so " * 500
    body = json.dumps({"errors": {"title": [said], TOKEN: [said], "https://cms.example": ["x"]}})
    headers = {"X-Request-Id": TOKEN}
    error = provoke(web, megaphone, act, status, body, headers=headers)
    assert len(error.message) < 600
    assert error.message.isprintable()
    assert error.request_id is None


def test_the_request_id_is_kept(web: RequestsMock, megaphone: Connected) -> None:
    error = provoke(web, megaphone, "get", 500, headers={"X-Request-Id": "0d1e-77"})
    assert error.request_id == "0d1e-77"


@pytest.mark.parametrize("odd", ["", "..", "a/b", "a?b=c", "é", "a" * 65])
def test_an_id_that_is_none_is_not_asked_for(megaphone: Connected, odd: str) -> None:
    for act in (
        lambda: megaphone.server.get_campaign(odd),
        lambda: megaphone.server.update_campaign(odd, {"title": "N"}),
    ):
        with pytest.raises(errors.NotFound):
            act()
    assert megaphone.log == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ConnectionSettings("http://cms.example/api", TOKEN, "o"), errors.Unsupported),
        (ConnectionSettings(BASE, TOKEN, "../x"), errors.Unsupported),
        (ConnectionSettings(BASE, TOKEN, ""), errors.Unsupported),
        (ConnectionSettings(BASE, "", "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, 'a"b', "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, "a\r\nX: y", "o"), errors.AuthFailed),
        (ConnectionSettings(BASE, "tokén", "o"), errors.AuthFailed),
    ],
)
def test_settings_that_cannot_work_are_refused_in_words(
    settings: ConnectionSettings, expected: type[errors.AdServerError]
) -> None:
    with http_session("T") as http, pytest.raises(expected) as caught:
        connect("megaphone", settings, http=http, limiter=RateLimiter(0))
    assert caught.value.message.endswith(".")
    assert TOKEN not in caught.value.message


def test_an_unknown_platform_is_unsupported() -> None:
    settings = ConnectionSettings(BASE, TOKEN, "o")
    with http_session("T") as http, pytest.raises(errors.Unsupported):
        connect("myspace", settings, http=http, limiter=RateLimiter(0))


def test_settings_do_not_show_their_token() -> None:
    assert TOKEN not in repr(ConnectionSettings(BASE, TOKEN, "o"))


def test_a_full_minute_is_told_without_a_request(web: RequestsMock) -> None:
    with connected(BASE, limiter=RateLimiter(1)) as megaphone:
        megaphone.limiter.acquire(Priority.PUSH)
        with pytest.raises(errors.RateLimited, match="Nothing was sent"):
            megaphone.server.with_priority(Priority.PUSH).create_campaign(SPEC, None)
        assert megaphone.log == []


def test_priority_is_a_view_of_the_same_connection(megaphone: Connected) -> None:
    urgent = megaphone.server.with_priority(Priority.PUSH)
    assert urgent is not megaphone.server
    assert urgent.platform == "megaphone"
    assert urgent.capabilities == megaphone.server.capabilities
    assert urgent.capabilities.page_size == 500
