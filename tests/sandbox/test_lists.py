"""List answers: paging, headers, order, and what an advertiser and an agency look like."""

import hashlib
import re
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox


def relations(link: str) -> list[str]:
    return re.findall(r'rel="(\w+)"', link)


def test_a_list_is_a_bare_array_of_100_by_default(call: Caller) -> None:
    answer = call.get("campaigns")
    assert answer.status_code == 200
    assert len(answer.json()) == 60
    assert answer.headers["X-Total"] == "60"
    assert answer.headers["X-Per-Page"] == "100"
    assert answer.headers["X-Page"] == "1"


def test_no_link_when_all_fits_on_one_page(call: Caller) -> None:
    assert "Link" not in call.get("campaigns").headers
    assert "Link" not in call.get("campaigns?per_page=60").headers


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (1, ["last", "next"]),
        (2, ["first", "prev", "last", "next"]),
        (3, ["first", "prev"]),
        (9, ["first", "prev"]),
    ],
)
def test_link_has_the_relations_of_its_page_in_order(
    call: Caller, page: int, expected: list[str]
) -> None:
    answer = call.get(f"campaigns?per_page=25&page={page}")
    assert relations(answer.headers["Link"]) == expected


def test_links_are_absolute_and_keep_the_other_arguments(call: Caller) -> None:
    answer = call.get("campaigns?per_page=25&page=2&organizationId=x")
    url = f"{call.sandbox.organization_url}/campaigns"
    assert answer.links["next"]["url"] == f"{url}?organization_id=x&page=3&per_page=25"
    assert answer.links["last"]["url"] == f"{url}?organization_id=x&page=3&per_page=25"
    assert answer.links["first"]["url"] == f"{url}?organization_id=x&page=1&per_page=25"


def test_walking_by_next_meets_every_campaign_once(call: Caller) -> None:
    answer = call.get("campaigns?per_page=7")
    found = answer.json()
    while "next" in answer.links:
        answer = call.get(answer.links["next"]["url"])
        found += answer.json()
    assert len(found) == len({each["id"] for each in found}) == 60


def test_newest_campaigns_come_first_and_a_new_one_pushes_the_rest(call: Caller) -> None:
    created = [each["createdAt"] for each in call.get("campaigns").json()]
    assert created == sorted(created, reverse=True)
    new = call.new().json()
    assert call.ids()[0] == new["id"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "9" * 5000, "1.5", "٣"])
def test_an_unreadable_page_is_the_first(call: Caller, page: str) -> None:
    answer = call.get("campaigns", params={"page": page, "per_page": "10"})
    first = call.ids("per_page=10")
    huge = page.startswith("9")
    assert [each["id"] for each in answer.json()] == ([] if huge else first)


@pytest.mark.parametrize(
    ("asked", "given"), [("500", "500"), ("501", "500"), ("0", "100"), ("-5", "100"), ("a", "100")]
)
def test_per_page_is_clamped_to_500(call: Caller, asked: str, given: str) -> None:
    assert call.get(f"campaigns?per_page={asked}").headers["X-Per-Page"] == given


def test_a_page_past_the_end_is_empty_and_keeps_the_total(call: Caller) -> None:
    answer = call.get("campaigns?page=50")
    assert answer.json() == []
    assert answer.headers["X-Total"] == "60"


def test_answers_carry_the_recorded_headers(call: Caller) -> None:
    answer = call.get("campaigns", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Request-Id"] == "abc-1"
    assert float(answer.headers["X-Runtime"]) > 0
    digest = hashlib.md5(answer.content, usedforsecurity=False).hexdigest()
    assert answer.headers["ETag"] == f'W/"{digest}"'
    assert answer.headers["Cache-Control"] == "max-age=0, private, must-revalidate"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_same_etag_gives_304_without_a_body(call: Caller) -> None:
    etag = call.get("campaigns").headers["ETag"]
    again = call.get("campaigns", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    call.new()
    assert call.get("campaigns", headers={"If-None-Match": etag}).status_code == 200


def test_a_listed_advertiser_is_thick_and_an_embedded_one_thin(call: Caller) -> None:
    assert list(call.advertiser()) == [
        "id",
        "name",
        "agencyId",
        "competitiveCategories",
        "createdAt",
        "updatedAt",
    ]
    embedded = call.campaign()["advertiser"]
    assert list(embedded) == ["id", "name", "agency"]


@pytest.mark.parametrize("shape", ["embedded", "both"])
def test_the_agency_inside_an_advertiser_can_be_switched(
    sandbox: Sandbox, call: Caller, shape: str
) -> None:
    sandbox.settings(agency_in_advertiser=shape)
    agencies = {each["id"]: each["name"] for each in call.get("agencies").json()}
    listed = call.get("advertisers").json()
    assert all(("agencyId" in each) == (shape == "both") for each in listed)
    linked = [each["agency"] for each in listed if each["agency"]]
    assert linked
    assert all(agencies[each["id"]] == each["name"] for each in linked)


def test_agencies_have_the_seen_members(call: Caller) -> None:
    agency = call.get("agencies").json()[0]
    wanted = (
        "id name externalId billingMethod paymentType ein commissionPercentage address city state "
        "zipCode createdAt updatedAt"
    )
    assert list(agency) == wanted.split()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "advertisers/2f6ad6b0-5f1c-11f0-8de9-0242ac120002"),
        ("GET", "networks"),
        ("POST", "advertisers"),
        ("PATCH", "campaigns"),
        ("GET", ""),
    ],
)
def test_paths_and_verbs_nobody_has_seen_are_404(call: Caller, method: str, path: str) -> None:
    answer = call.send(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "Not found"}


def test_a_connection_is_kept_for_the_next_request(sandbox: Sandbox) -> None:
    with closing(HTTPConnection("127.0.0.1", sandbox.port, timeout=10)) as connection:
        for method, status in (("GET", 200), ("PUT", 404), ("GET", 200)):
            path = "campaigns" if method == "GET" else "campaigns/x"
            url = f"/api/organizations/{sandbox.organization}/{path}"
            connection.request(method, url, body=b"{}", headers=sandbox.headers)
            kept = connection.sock
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert connection.sock is kept is not None
