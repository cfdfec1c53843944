"""Advertisers and agencies for scripts: shape, search, pages, and what they cost."""

import pytest
from requests.utils import parse_header_links

from tests import factories
from tests.support.statements import count_statements
from webapp.api.schemas import advertisers as schemas
from webapp.connections.models import DETACHED
from webapp.core.db import db

WHEN = "2026-03-02T09:30:00.000Z"


@pytest.fixture
def get(client):
    headers = {"Authorization": f"Bearer {factories.api_token('read')}"}

    def fetch(path, status=200):
        answer = client.get(f"/api/v1{path}", headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    return fetch


def names(answer):
    return [row["name"] for row in answer.json]


def links(answer):
    found = parse_header_links(answer.headers.get("Link", ""))
    return {each["rel"]: each["url"].removeprefix("http://localhost/api/v1") for each in found}


def test_an_advertiser_has_the_shape_of_the_older_service_and_more(get):
    connection = factories.the_connection()
    agency = factories.agency(name="Harbor Media")
    northwind = factories.advertiser(
        name="Northwind", agency_id=agency.id, competitive_categories="Trade"
    )

    assert get("/advertisers").json == [
        {
            "id": str(northwind.id),
            "megaphone_id": northwind.remote_id,
            "name": "Northwind",
            "agency": {
                "id": str(agency.id),
                "megaphone_id": agency.remote_id,
                "name": "Harbor Media",
            },
            "organization_id": connection.external_id,
            "competitive_categories": "Trade",
            "created_at": None,
            "updated_at": WHEN,
            "synced_at": WHEN,
        }
    ]
    assert get(f"/advertisers/{northwind.id}").json == get("/advertisers").json[0]


def test_every_answer_is_its_model(get):
    direct = factories.advertiser(name="Direct", agency_id=None)
    factories.advertiser()

    for row in [*get("/advertisers").json, get(f"/advertisers/{direct.id}").json]:
        schemas.Advertiser.model_validate(row)
    for row in get("/agencies").json:
        schemas.FullAgency.model_validate(row)
    assert get(f"/advertisers/{direct.id}").json["agency"] is None


def test_it_is_found_by_words_of_its_own_or_its_agency_s_name(get):
    harbor = factories.agency(name="Harbor Média")
    factories.advertiser(name="Northwind Trade", agency_id=harbor.id)
    factories.advertiser(name="Northwind Air")

    assert names(get("/advertisers?search=NORTHWIND")) == ["Northwind Air", "Northwind Trade"]
    assert names(get("/advertisers?search=media north")) == ["Northwind Trade"]
    assert names(get(f"/advertisers?agency_id={harbor.id}")) == ["Northwind Trade"]
    assert names(get("/advertisers?search=100%25")) == []


def test_without_a_page_all_come_and_with_one_the_headers_lead_on(get):
    for number in range(5):
        factories.advertiser(name=f"Name {number}", agency_id=None)

    assert len(get("/advertisers").json) == 5
    assert links(get("/advertisers")) == {}
    assert get("/advertisers").headers["X-Total-Count"] == "5"
    second = get("/advertisers?search=name&page=2&per_page=2")
    assert names(second) == ["Name 2", "Name 3"]
    assert links(second) == {
        rel: f"/advertisers?search=name&page={page}&per_page=2"
        for rel, page in {"first": 1, "prev": 1, "next": 3, "last": 3}.items()
    }
    last = get(links(second)["next"])
    assert names(last) == ["Name 4"]
    assert "next" not in links(last)
    assert get("/advertisers?page=9").json == []


def test_one_of_a_connection_that_was_taken_out_is_not_there(get):
    gone = factories.connection(state=DETACHED)
    advertiser = factories.advertiser(connection_id=gone.id)

    assert get("/advertisers").json == get("/agencies").json == []
    assert get(f"/advertisers/{advertiser.id}", 404).json["code"] == "not_found"


@pytest.mark.parametrize("name", ["0", "nonsense", "99999999999", "4711", "\u0663"])
def test_what_is_no_advertiser_is_a_404(get, name):
    assert get(f"/advertisers/{name}", 404).json["detail"] == "There is no such advertiser."


@pytest.mark.parametrize(
    ("argument", "pointer"),
    [("page=0", "?page"), ("per_page=10001", "?per_page"), ("agency_id=x", "?agency_id")],
)
def test_an_argument_that_cannot_be_used_is_pointed_at(get, argument, pointer):
    assert get(f"/advertisers?{argument}", 422).json["errors"][0]["pointer"] == pointer


def test_agencies_are_listed_by_name(get):
    factories.agency(name="beta")
    alpha = factories.agency(name="Alpha", external_id="A-1")

    found = get("/agencies?per_page=1")

    assert found.json[0]["id"] == str(alpha.id)
    assert found.json[0]["external_id"] == "A-1"
    assert found.headers["X-Total-Count"] == "2"


@pytest.mark.parametrize("path", ["/advertisers?search=adv", "/agencies"])
def test_more_rows_cost_no_more_statements(get, path):
    def cost():
        db.session.commit()
        with count_statements() as statements:
            get(path)
        return len(statements)

    factories.advertiser()
    # The first request takes a part of the token's window, too.
    get(path)
    few = cost()
    for _ in range(12):
        factories.advertiser()

    assert cost() == few <= 6
