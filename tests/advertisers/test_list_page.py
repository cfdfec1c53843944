"""The list of advertisers."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.core.db import db


def named(*names, **values):
    return [factories.advertiser(name=name, **values) for name in names]


def test_advertisers_are_listed_by_name_with_their_agency(viewer_client):
    agency = factories.agency(name="Harbor Media")
    named("beta", "Álpha", agency_id=agency.id)

    rows = get_page(viewer_client, "/advertisers").rows

    assert [row[:2] for row in rows] == [["Álpha", "Harbor Media"], ["beta", "Harbor Media"]]


def test_an_advertiser_leads_to_its_campaigns(viewer_client):
    northwind, other = named("Northwind", "Other")
    factories.campaign(title="Spring", advertiser_id=northwind.id)
    factories.campaign(title="Autumn", advertiser_id=other.id)

    page = get_page(viewer_client, "/advertisers").follow("Northwind")

    assert [row[0] for row in page.rows] == ["Spring"]


def test_search_finds_advertiser_and_agency_names(viewer_client):
    agency = factories.agency(name="Orchard & Vine")
    named("Northwind", agency_id=None)
    named("Lumen", agency_id=agency.id)

    page = get_page(viewer_client, "/advertisers")

    assert [row[0] for row in page.submit("Search", {"q": "NORTH"}).rows] == ["Northwind"]
    assert [row[0] for row in page.submit("Search", {"q": "vine"}).rows] == ["Lumen"]


@pytest.mark.parametrize("query", ["100%", "a_b", "it's", '"quoted"', "back\\slash"])
def test_every_character_of_a_search_means_itself(viewer_client, query):
    named(f"With {query}", "With 100 axb its quoted backslash", agency_id=None)

    page = get_page(viewer_client, "/advertisers").submit("Search", {"q": query})

    assert [row[0] for row in page.rows] == [f"With {query}"]


def test_sorting_by_change_starts_with_the_latest(viewer_client):
    for number, name in enumerate(["First", "Second"]):
        later = factories.SOME_DAY + timedelta(days=number)
        factories.advertiser(name=name, remote_updated_at=later)

    page = get_page(viewer_client, "/advertisers").follow("Changed in Megaphone")

    assert [row[0] for row in page.rows] == ["Second", "First"]


@pytest.mark.parametrize("address", ["sort=x", "page=0", "page=1000000", "bogus=1", "per_page=3"])
def test_what_the_address_says_wrongly_is_left_out(viewer_client, address):
    named("Northwind")

    assert get_page(viewer_client, f"/advertisers?{address}").main.one("p", **{"class": "note"})


def test_nothing_yet_nothing_found_and_no_such_page_are_three_things(viewer_client):
    assert "No advertisers yet" in get_page(viewer_client, "/advertisers").text
    named("Northwind")
    assert "No advertiser matches" in get_page(viewer_client, "/advertisers?q=zzz").text
    page = get_page(viewer_client, "/advertisers?page=9")
    assert page.follow("Go to the first page").rows


def test_a_detached_connection_s_advertisers_are_not_shown(viewer_client):
    old = factories.connection(state="detached")
    named("Old", connection_id=old.id)

    assert get_page(viewer_client, "/advertisers").rows == []


def test_htmx_gets_the_rows_alone_with_a_tidy_address(viewer_client):
    named("Northwind")

    answer = viewer_client.get("/advertisers?q=north&sort=", headers={"HX-Request": "true"})

    assert "<html" not in answer.text
    assert "Northwind" in answer.text
    assert answer.headers["HX-Push-Url"] == "/advertisers?q=north"


def test_a_page_costs_few_statements(viewer_client):
    for number in range(40):
        factories.advertiser(name=f"Advertiser {number}")
    db.session.commit()

    with count_statements() as statements:
        viewer_client.get("/advertisers?q=advertiser")

    assert len(statements) <= 6


def test_a_stranger_is_asked_to_sign_in(client):
    assert get_page(client, "/advertisers").h1 == "Sign in"
