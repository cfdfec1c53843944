"""Campaigns for scripts: one, the list with its arguments, and where a campaign's changes are."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.scripts import Script
from tests.support.client import signed_in
from tests.support.statements import count_statements, written
from webapp.api.schemas.campaigns import SortBy
from webapp.campaigns.models import Campaign
from webapp.core.db import db

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SORTS = get_args(SortBy)


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read"))


def titles(answer):
    return [item["title"] for item in answer["items"]]


def test_a_campaign_has_all_its_members_in_a_stable_shape(script):
    agency = factories.agency(name="Harbor Media")
    advertiser = factories.advertiser(name="Northwind", agency_id=agency.id)
    campaign = factories.campaign(
        title="Café 東京",
        advertiser_id=advertiser.id,
        external_id="IO-7",
        budget=(500000, "USD"),
        owner=factories.operator(email="ana@example.com"),
        notes="Call first.",
        total_revenue_minor=7,
        total_revenue_currency="JPY",
        duration_seconds=30,
        booking_source="api",
        created_at=WHEN - timedelta(days=1),
        changed_at=WHEN + timedelta(milliseconds=7),
        synced_at=WHEN,
        remote_created_at=WHEN,
        remote_updated_at=None,
    )

    assert script.get(f"/campaigns/{campaign.uuid}") == {
        "id": str(campaign.uuid),
        "megaphone_id": campaign.remote_id,
        "external_id": "IO-7",
        "title": "Café 東京",
        "organization_id": factories.the_connection().external_id,
        "advertiser": {
            "id": str(advertiser.id),
            "megaphone_id": advertiser.remote_id,
            "name": "Northwind",
            "agency": {
                "id": str(agency.id),
                "megaphone_id": agency.remote_id,
                "name": "Harbor Media",
            },
        },
        "total_budget_cents": 500000,
        "total_budget_currency": "USD",
        "total_revenue_cents": 7,
        "total_revenue_currency": "JPY",
        "duration_in_seconds": 30,
        "copy_needed": False,
        "booking_source": "api",
        "created_at": "2026-03-02T09:30:00.000Z",
        "updated_at": "2026-03-02T09:30:00.007Z",
        "synced_at": "2026-03-02T09:30:00.000Z",
        "archived": False,
        "owner": "ana@example.com",
        "notes": "Call first.",
        "version": 1,
        "sync": {"state": "confirmed", "detail": None},
    }


def test_what_a_campaign_has_not_is_null(script):
    campaign = factories.campaign(advertiser_id=None, waiting=True)

    found = script.get(f"/campaigns/{campaign.uuid}")

    for name in ("megaphone_id", "external_id", "advertiser", "total_budget_cents", "synced_at"):
        assert found[name] is None


@pytest.mark.parametrize("name", ["nonsense", "0b5b3f52-0000-4000-8000-000000000000"])
def test_a_campaign_that_is_not_there_is_a_404(script, name):
    for path in (f"/campaigns/{name}", f"/campaigns/{name}/sync-status"):
        assert script.get(path, 404)["code"] == "not_found"


def test_the_list_takes_the_arguments_of_the_older_service(script):
    northwind = factories.advertiser(name="Northwind")
    for number in range(30):
        factories.campaign(title=f"Spring {number:02}", advertiser_id=northwind.id)
    factories.campaign(title="Spring gone", archived_at=WHEN, advertiser_id=northwind.id)
    factories.campaign(title="Autumn", advertiser_id=northwind.id)
    factories.campaign(title="Spring elsewhere", advertiser_id=factories.advertiser().id)

    found = script.get(
        f"/campaigns?search=SPRING&advertiser_id={northwind.id}&archived=false"
        "&sort_by=title&sort_order=desc&page=2&per_page=25"
    )

    assert titles(found) == [f"Spring {n:02}" for n in range(4, -1, -1)]
    assert found["meta"] == {
        "page": 2,
        "per_page": 25,
        "total": 30,
        "total_is_exact": True,
        "next_cursor": None,
    }


def test_without_arguments_it_is_the_newest_twenty_archived_ones_too(script):
    factories.campaigns(
        25,
        remote_created_at=lambda n: WHEN + timedelta(days=n),
        archived_at=lambda n: WHEN if n == 24 else None,
    )

    found = script.get("/campaigns")

    assert titles(found) == [f"Campaign {n}" for n in range(24, 4, -1)]
    assert found["items"][0]["archived"] is True
    assert found["meta"]["total"] == 25
    assert script.get("/campaigns?archived=true")["meta"]["total"] == 1
    assert script.get("/campaigns?archived=false")["meta"]["total"] == 24


def test_an_item_of_the_list_is_what_its_own_address_gives(script):
    factories.campaign(budget=(123, "KWD"))

    item = script.get("/campaigns")["items"][0]

    assert item == script.get(f"/campaigns/{item['id']}")


def test_words_stand_for_themselves(script):
    for title in ("100% budget:5", "100 and more", "a_b", "acb"):
        factories.campaign(title=title)

    assert titles(script.get("/campaigns?search=budget:5")) == ["100% budget:5"]
    assert titles(script.get("/campaigns?search=100%25")) == ["100% budget:5"]
    assert titles(script.get("/campaigns?search=a_b")) == ["a_b"]
    assert script.get("/campaigns?search=-more&sort_by=title")["items"] == []


def test_a_script_asks_in_the_query_language(script):
    factories.campaign(title="Spring", budget=(600_000, "USD"))
    factories.campaign(title="Spring small", budget=(100, "USD"))
    factories.campaign(title="Spring test", budget=(600_000, "USD"), archived_at=WHEN)
    factories.campaign(title="Spring old", budget=(600_000, "USD"), archived_at=WHEN)

    many = script.get("/campaigns?q=spring+budget:>5000usd+-test&sort_by=title")
    query = "/campaigns?q=spring+budget:>5000usd+archived:yes&sort_by=title"

    assert titles(many) == ["Spring old", "Spring"]
    assert titles(script.get(query)) == ["Spring test", "Spring old"]
    assert titles(script.get(f"{query}&archived=false")) == []


def test_a_query_that_cannot_be_read_is_a_422_that_points_and_suggests(script):
    error = script.get("/campaigns?q=spring+budgt:>5000", 422)

    assert error["code"] == "bad_query"
    place = error["query"]
    assert place["text"][place["start"] : place["end"]] == "budgt"
    assert place["suggestions"] == ["spring budget:>5000"]


def test_me_means_the_token_s_operator_and_nobody_else(client, script, manager):
    factories.campaign(title="Mine", owner_id=manager.id)
    of_somebody = Script(client, factories.api_token("read", operator_id=manager.id))

    error = script.get("/campaigns?q=owner:me", 422)

    assert (error["code"], error["query"]["start"], error["query"]["end"]) == ("bad_query", 6, 8)
    assert titles(of_somebody.get("/campaigns?q=owner:me")) == ["Mine"]


@pytest.mark.parametrize(
    "wrong",
    [
        *("bogus=1", "page=0", "page=x", "per_page=101", "sort_by=odd", "sort_order=up"),
        *("advertiser_id=x", "archived=maybe", "search=a&q=b", "page=2&cursor=start"),
    ],
)
def test_an_argument_that_cannot_be_used_is_a_422_that_names_it(script, wrong):
    error = script.get(f"/campaigns?{wrong}", 422)

    assert error["code"] == "invalid"
    names = {part.partition("=")[0] for part in wrong.split("&")}
    assert error["errors"][0]["pointer"].removeprefix("?") in names


def test_an_argument_that_is_not_known_is_called_one(script):
    [error] = script.get("/campaigns?bogus=1", 422)["errors"]

    assert error == {"pointer": "?bogus", "message": "This takes no such argument."}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_every_sort_puts_what_is_shown_in_order_by_pages(script, sort, order):
    _mixed(40)

    items = [
        item
        for page in (1, 2, 3)
        for item in script.get(
            f"/campaigns?sort_by={sort}&sort_order={order}&per_page=15&page={page}"
        )["items"]
    ]

    assert len({item["id"] for item in items}) == 40
    keys = [_key(sort, item) for item in items]
    assert keys == sorted(keys, reverse=order == "desc")
    assert len(set(keys)) > 1 or sort == "organization_id"


@pytest.mark.parametrize("has_all", [True, False])
@pytest.mark.parametrize("sort", ["created_at", "updated_at"])
def test_a_deep_page_is_read_another_way_and_is_the_same(script, monkeypatch, sort, has_all):
    _mixed(40)
    if has_all:
        for campaign in db.session.query(Campaign):
            campaign.remote_created_at = campaign.remote_updated_at = campaign.created_at
    path = f"/campaigns?sort_by={sort}&per_page=7&page="
    pages = [script.get(f"{path}{page}") for page in range(1, 7)]

    monkeypatch.setattr("webapp.campaigns.api_listing.DEEP", 0)

    assert [script.get(f"{path}{page}") for page in range(1, 7)] == pages


def _mixed(count):
    """Campaigns that differ in everything, and lack some of it."""
    factories.campaigns(
        count,
        title=lambda n: f"Title {n % 7}",
        total_budget_minor=lambda n: None if n % 5 == 0 else 100 * (n % 6),
        total_budget_currency=lambda n: None if n % 5 == 0 else ("USD", "EUR")[n % 2],
        total_revenue_minor=lambda n: None if n % 3 == 0 else n % 4,
        total_revenue_currency=lambda n: None if n % 3 == 0 else ("JPY", "EUR")[n % 2],
        duration_seconds=lambda n: None if n % 4 == 0 else n % 5,
        copy_needed=lambda n: n % 2 == 0,
        booking_source=lambda n: None if n % 4 == 1 else f"source {n % 3}",
        remote_created_at=lambda n: None if n % 6 == 0 else WHEN + timedelta(hours=n % 8),
        remote_updated_at=lambda n: None if n % 6 == 1 else WHEN + timedelta(hours=n % 8),
        created_at=lambda n: WHEN + timedelta(hours=(n * 7) % 9),
        changed_at=lambda n: WHEN + timedelta(hours=(n * 5) % 9),
        synced_at=lambda n: None if n % 6 == 2 else WHEN + timedelta(hours=n % 3),
        archived_at=lambda n: WHEN if n % 9 == 0 else None,
    )


def _key(sort, item):
    """What the documentation says that a sort goes by; what has no value is before all others."""
    money = sort.removesuffix("_cents").removesuffix("_currency")
    if sort.endswith(("_cents", "_currency")):
        return item[f"{money}_currency"] or "", -1 if item[f"{money}_cents"] is None else item[
            f"{money}_cents"
        ]
    if sort == "changed_at":
        query = select(Campaign.changed_at).where(Campaign.uuid == UUID(item["id"]))
        return db.session.scalar(query)
    value = item[sort]
    return value is not None, value if value is not None else 0


def test_what_belongs_to_a_connection_that_is_gone_is_not_listed(script):
    factories.campaign(title="Here")
    old = factories.connection(state="detached")
    factories.campaign(title="There", connection_id=old.id, advertiser_id=None)

    found = script.get("/campaigns")

    assert titles(found) == ["Here"]
    assert found["meta"]["total"] == 1


def test_two_organizations_are_told_apart_and_sorted_by_their_id(script):
    first = factories.connection(external_id="zz")
    second = factories.connection(external_id="aa")
    for connection in (first, second, first):
        factories.campaign(connection_id=connection.id, advertiser_id=None)

    items = script.get("/campaigns?sort_by=organization_id&sort_order=asc")["items"]
    walked = script.get("/campaigns?sort_by=organization_id&cursor=start&per_page=2")["items"]

    assert [item["organization_id"] for item in items] == ["aa", "zz", "zz"]
    assert [item["organization_id"] for item in walked] == ["zz", "zz"]


@pytest.mark.parametrize(
    "query",
    [
        *("", "?page=2&per_page=5", "?q=campaign", "?search=campaign", "?cursor=start"),
        *("?sort_by=title&cursor=start", "?archived=false", "?sort_by=organization_id"),
    ],
)
def test_a_list_costs_as_many_statements_for_few_as_for_many_and_writes_nothing(script, query):
    # The first one also takes some of the token's requests, and notes that it was used.
    script.get("/campaigns")
    costs = []
    for _ in range(2):
        factories.campaigns(30)
        db.session.commit()
        with count_statements() as statements:
            script.get(f"/campaigns{query}")
        costs.append(len(statements))
        assert written(statements) == []

    assert costs[0] == costs[1] <= 8


def test_a_cookie_does_not_count_here(client, manager):
    signed_in(client, manager)

    assert client.get("/campaigns").status_code == 200
    assert client.get("/api/v1/campaigns").status_code == 401


def test_a_failure_inside_is_a_problem_without_its_details(script, monkeypatch):
    def fail(*_arguments, **_more):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("webapp.campaigns.api_listing.page", fail)

    answer = script.call("GET", "/campaigns", 500)

    assert "secret" not in answer.text
    assert answer.json["request_id"]
