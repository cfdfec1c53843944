"""What a success and what trouble on Megaphone's side become."""

import json

import pytest
from responses import RequestsMock

from tests.adservers.connecting import CAMPAIGN_ID, TOKEN, Connected, campaign_row
from tests.adservers.provoking import ACTS, BASE, CAMPAIGNS, HTML, ONE, READS, WRITES, provoke
from webapp.adservers import errors
from webapp.adservers.types import CampaignSpec


def test_a_good_answer_is_a_page_and_one_request(web: RequestsMock, connection: Connected) -> None:
    rows = [campaign_row(1), campaign_row(2, title=None)]
    web.add("GET", CAMPAIGNS, json=rows, headers={"X-Total": "2", "X-Request-Id": "r-1"})
    page = connection.server.list_campaigns()
    assert [item.title for item in page.items] == ["Spring launch 1"]
    assert [row.reason for row in page.bad_rows] == ["Its title is missing."]
    assert (page.total, page.next_cursor) == (2, None)
    request = web.calls[0].request
    assert request.url == f"{CAMPAIGNS}?page=1&per_page=500"
    assert request.headers["Authorization"] == f'Token token="{TOKEN}"'
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == "Flightdeck/0.1"
    record = connection.log[0]
    assert (record.method, record.status, record.outcome) == ("GET", 200, "ok")
    assert record.path_template == "/organizations/{organization}/campaigns"
    assert record.request_id == "r-1"


@pytest.mark.parametrize("status", [200, 201])
def test_a_create_sends_camel_case_and_takes_either_success(
    web: RequestsMock, connection: Connected, status: int
) -> None:
    web.add("POST", CAMPAIGNS, json=campaign_row(3, externalId="fd-1"), status=status)
    made = connection.server.create_campaign(
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


def test_an_update_sends_changed_fields_only(web: RequestsMock, connection: Connected) -> None:
    web.add("PUT", ONE, json=campaign_row(3, id=CAMPAIGN_ID, title="N"))
    changed = connection.server.update_campaign(CAMPAIGN_ID, {"title": "N", "external_id": None})
    assert changed.title == "N"
    assert json.loads(web.calls[0].request.body) == {"title": "N", "externalId": None}


def test_an_update_confirmed_without_a_body_is_read_back(
    web: RequestsMock, connection: Connected
) -> None:
    web.add("PUT", ONE, status=204)
    web.add("GET", ONE, json=campaign_row(3, id=CAMPAIGN_ID, title="N"))
    assert connection.server.update_campaign(CAMPAIGN_ID, {"title": "N"}).title == "N"


def test_an_update_that_cannot_be_read_back_is_unknown(
    web: RequestsMock, connection: Connected
) -> None:
    web.add("PUT", ONE, status=204)
    web.add("GET", ONE, status=500)
    with pytest.raises(errors.OutcomeUnknown, match="could not be read"):
        connection.server.update_campaign(CAMPAIGN_ID, {"title": "N"})


def test_a_create_confirmed_without_a_body_is_unknown(
    web: RequestsMock, connection: Connected
) -> None:
    assert isinstance(provoke(web, connection, "create", 204), errors.OutcomeUnknown)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 599, 408])
@pytest.mark.parametrize("body", [HTML, "", '{"error": "boom"}'])
@pytest.mark.parametrize("act", ACTS)
def test_trouble_over_there_leaves_a_write_unknown_and_a_read_for_later(
    web: RequestsMock, connection: Connected, act: str, status: int, body: str
) -> None:
    error = provoke(web, connection, act, status, body)
    expected = errors.OutcomeUnknown if act in WRITES else errors.Unavailable
    assert type(error) is expected
    assert error.retryable is (act in READS)
    assert str(status) in error.message


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(
    web: RequestsMock, connection: Connected, act: str, status: int
) -> None:
    error = provoke(web, connection, act, status, headers={"Location": f"{BASE}/login"})
    expected = errors.OutcomeUnknown if act in WRITES else errors.ContractChanged
    assert type(error) is expected


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    ("body", "kind"), [(HTML, "text/html"), (HTML, "application/json"), ("Hi", "text/html")]
)
def test_a_web_page_in_place_of_data_is_a_changed_contract(
    web: RequestsMock, connection: Connected, act: str, body: str, kind: str
) -> None:
    error = provoke(web, connection, act, 200, body, kind=kind)
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
    web: RequestsMock, connection: Connected, act: str, body: str | bytes
) -> None:
    error = provoke(web, connection, act, 200, body)
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
    web: RequestsMock, connection: Connected, act: str, body: str
) -> None:
    error = provoke(web, connection, act, 200, body)
    expected = errors.OutcomeUnknown if act in WRITES else errors.ContractChanged
    assert type(error) is expected


@pytest.mark.parametrize(("act", "expected"), [
    ("get", errors.Unavailable), ("update", errors.OutcomeUnknown),
])  # fmt: skip
def test_another_campaign_than_asked_for_is_not_taken_for_it(
    web: RequestsMock, connection: Connected, act: str, expected: type
) -> None:
    error = provoke(web, connection, act, 200, json.dumps(campaign_row(9)))
    assert type(error) is expected
    assert "another campaign" in error.message


@pytest.mark.parametrize(("act", "expected"), [
    ("get", errors.Unavailable),
    ("create", errors.OutcomeUnknown),
    ("update", errors.OutcomeUnknown),
])  # fmt: skip
def test_a_single_campaign_that_cannot_be_read_says_why(
    web: RequestsMock, connection: Connected, act: str, expected: type
) -> None:
    error = provoke(web, connection, act, 200, json.dumps(campaign_row(id=CAMPAIGN_ID, title=None)))
    assert type(error) is expected
    assert "Its title is missing." in error.message


def test_a_byte_order_mark_is_no_hindrance(web: RequestsMock, connection: Connected) -> None:
    web.add("GET", CAMPAIGNS, body=b"\xef\xbb\xbf[]")
    assert connection.server.list_campaigns().items == []


def test_the_request_id_is_kept(web: RequestsMock, connection: Connected) -> None:
    error = provoke(web, connection, "get", 500, headers={"X-Request-Id": "0d1e-77"})
    assert error.request_id == "0d1e-77"
