"""The JSON API: who gets in, what comes out, and how errors look."""

from datetime import UTC, datetime

import pytest

from tests import factories
from tests.support.statements import count_statements
from webapp.core.db import db

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def script(client):
    """GET as a script that may read."""
    token = factories.api_token("viewer")

    def get(path, status=200):
        answer = client.get(f"/api/v1{path}", headers=bearer(token))
        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/json"
        return answer.json

    return get


def test_a_campaign_has_all_its_fields_in_a_stable_shape(script):
    agency = factories.agency(name="Harbor Media")
    advertiser = factories.advertiser(name="Northwind", agency_id=agency.id)
    campaign = factories.campaign(
        title="Café 東京",
        advertiser_id=advertiser.id,
        external_id="IO-7",
        budget=(500000, "USD"),
        total_revenue_minor=7,
        total_revenue_currency="JPY",
        duration_seconds=30,
        booking_source="api",
        created_at=WHEN,
        changed_at=WHEN,
        synced_at=WHEN,
        remote_created_at=WHEN,
        remote_updated_at=None,
    )

    assert script(f"/campaigns/{campaign.uuid}") == {
        "id": str(campaign.uuid),
        "remote_id": campaign.remote_id,
        "title": "Café 東京",
        "advertiser": {"id": advertiser.id, "name": "Northwind", "agency": "Harbor Media"},
        "external_id": "IO-7",
        "total_budget": {"amount": "5000.00", "minor": 500000, "currency": "USD"},
        "total_revenue": {"amount": "7", "minor": 7, "currency": "JPY"},
        "duration_seconds": 30,
        "copy_needed": False,
        "booking_source": "api",
        "sync": {
            "state": "confirmed",
            "detail": None,
            "synced_at": "2026-03-02T09:30:00.000Z",
        },
        "created_at": "2026-03-02T09:30:00.000Z",
        "changed_at": "2026-03-02T09:30:00.000Z",
        "remote_created_at": "2026-03-02T09:30:00.000Z",
        "remote_updated_at": None,
        "archived_at": None,
        "version": 1,
    }


def test_what_a_campaign_has_not_is_null(script):
    campaign = factories.campaign(advertiser_id=None, waiting=True)

    found = script(f"/campaigns/{campaign.uuid}")

    assert found["advertiser"] is found["total_budget"] is found["remote_id"] is None


def test_the_list_is_the_page_s_list_with_the_same_arguments(script):
    northwind = factories.advertiser(name="Northwind")
    for number in range(30):
        factories.campaign(title=f"Spring {number:02}", advertiser_id=northwind.id)
    factories.campaign(title="Spring gone", archived_at=WHEN, advertiser_id=northwind.id)
    factories.campaign(title="Autumn", advertiser_id=northwind.id)

    found = script(
        f"/campaigns?q=spring&advertiser={northwind.id}&sort=-title&per_page=25&page=2&sync=confirmed"
    )

    assert [item["title"] for item in found["items"]] == [
        f"Spring {n:02}" for n in range(4, -1, -1)
    ]
    assert found["meta"] == {
        "page": 2,
        "per_page": 25,
        "total": 30,
        "total_is_capped": False,
        "sort": "-title",
        "notes": [],
    }
    assert script("/campaigns?archived=archived")["items"][0]["title"] == "Spring gone"


def test_an_item_of_the_list_is_what_its_own_address_gives(script):
    factories.campaign(budget=(123, "KWD"))

    item = script("/campaigns")["items"][0]

    assert item == script(f"/campaigns/{item['id']}")


def test_counting_stops_at_the_cap_unless_asked(script, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 55)
    factories.campaigns(60)

    capped = script("/campaigns?per_page=25")["meta"]
    exact = script("/campaigns?per_page=25&count=exact")["meta"]

    assert (capped["total"], capped["total_is_capped"]) == (55, True)
    assert (exact["total"], exact["total_is_capped"]) == (60, False)


def test_what_the_address_says_wrongly_is_noted_and_never_an_error(script):
    notes = script("/campaigns?bogus=1&page=0&sort=odd&advertiser=x")["meta"]["notes"]

    assert len(notes) == 4
    assert any("bogus" in note for note in notes)


def test_a_script_asks_in_the_query_language(script):
    factories.campaign(title="Spring", budget=(600_000, "USD"))
    factories.campaign(title="Spring small", budget=(100, "USD"))
    factories.campaign(title="Spring test", budget=(600_000, "USD"), archived_at=factories.SOME_DAY)

    found = script("/campaigns?q=spring+budget:>5000usd+archived:any+-test")

    assert [item["title"] for item in found["items"]] == ["Spring"]


def test_a_query_that_cannot_be_read_is_a_422_that_points_and_suggests(script):
    error = script("/campaigns?q=spring+budgt:>5000", 422)["error"]

    assert error["message"] == "There is no field “budgt”."
    assert error["fields"] == {"q": error["message"]}
    place = error["query"]
    assert place["text"][place["start"] : place["end"]] == "budgt"
    assert place["suggestions"] == ["spring budget:>5000"]


@pytest.mark.parametrize("name", ["nonsense", "0b5b3f52-0000-4000-8000-000000000000"])
def test_a_campaign_that_is_not_there_is_a_404(script, name):
    assert script(f"/campaigns/{name}", 404)["error"]["message"] == "There is no such campaign."


def test_a_page_of_the_list_costs_a_handful_of_statements_and_writes_nothing(client):
    factories.campaigns(60)
    token = factories.api_token("viewer")
    db.session.commit()

    with count_statements() as statements:
        client.get("/api/v1/campaigns?q=campaign&per_page=25", headers=bearer(token))

    assert len(statements) <= 6
    assert all(statement.lstrip().startswith("SELECT") for statement in statements)


def test_a_failure_inside_is_json_without_its_details(client, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("webapp.campaigns.listing.list_campaigns", fail)

    answer = client.get("/api/v1/campaigns", headers=bearer(factories.api_token()))

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json["error"]["request_id"]
