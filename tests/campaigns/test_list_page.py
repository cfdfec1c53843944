"""The campaign list: what is shown, found, counted and linked, for whom, and how dearly."""

import re

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}


def test_a_stranger_is_asked_to_sign_in_and_comes_back_to_the_same_list(client):
    page = get_page(client, "/campaigns?q=spring")

    assert page.h1 == "Sign in"
    assert "next=/campaigns?q%3Dspring" in page.url or "next=%2Fcampaigns" in page.url


def test_a_viewer_sees_the_campaigns_but_no_way_to_change_them(viewer_client):
    factories.campaign(title="Spring launch")

    page = get_page(viewer_client, "/campaigns")

    assert page.rows[0][0] == "Spring launch"
    assert "New campaign" not in page.links


def test_a_row_shows_advertiser_with_agency_budget_and_sync_state(manager_client):
    agency = factories.agency(name="Harbor Media")
    advertiser = factories.advertiser(name="Northwind", agency_id=agency.id)
    factories.campaign(
        title="Café Ñandú 東京",
        advertiser_id=advertiser.id,
        external_id="IO-7",
        budget=(500000, "USD"),
        sync_state="conflict",
        sync_detail="budget",
    )

    row = get_page(manager_client, "/campaigns").rows[0]

    assert row[:3] == ["Café Ñandú 東京", "Northwind Harbor Media", "IO-7"]
    assert re.sub(r"\s+", " ", row[3]) == "5,000.00 USD"
    assert row[4] == "Conflict in budget"


def test_a_missing_budget_is_a_dash_and_zero_is_zero(manager_client):
    factories.campaign(title="None")
    factories.campaign(title="Zero", budget=(0, "JPY"))

    rows = get_page(manager_client, "/campaigns?sort=title").rows

    assert rows[0][3].startswith("–")
    assert rows[1][3].split() == ["0", "JPY"]


def test_search_filters_sort_and_page_size_are_all_in_the_address(manager_client):
    northwind = factories.advertiser(name="Northwind")
    for number in range(3):
        factories.campaign(title=f"Spring {number}", advertiser_id=northwind.id)
    factories.campaign(title="Autumn", advertiser_id=northwind.id)
    factories.campaign(title="Spring elsewhere", advertiser_id=factories.advertiser().id)

    page = get_page(
        manager_client, f"/campaigns?q=spring&advertiser={northwind.id}&sort=-title&per_page=25"
    )

    assert [row[0] for row in page.rows] == ["Spring 2", "Spring 1", "Spring 0"]
    form = page.form("Search")
    assert form.values["q"] == "spring"
    assert form.values["advertiser"] == str(northwind.id)
    assert form.values["sort"] == "-title"
    assert form.values["per_page"] == "25"
    assert page.root.one("th", **{"aria-sort": "descending"}).text == "Campaign"


def test_each_chip_removes_its_filter_and_keeps_the_others(manager_client):
    northwind = factories.advertiser(name="Northwind", agency_id=None)
    factories.campaign(title="Spring", advertiser_id=northwind.id)

    page = get_page(manager_client, f"/campaigns?q=spring&advertiser={northwind.id}&sync=confirmed")
    chips = {
        chip.text: chip.one("a")["href"]
        for chip in page.main.all("li")
        if "chip" in chip.get("class").split()
    }

    assert chips["search spring"] == f"/campaigns?advertiser={northwind.id}&sync=confirmed"
    assert chips["advertiser Northwind"] == "/campaigns?q=spring&sync=confirmed"
    assert chips["sync confirmed"] == f"/campaigns?q=spring&advertiser={northwind.id}"


def test_the_form_sends_what_it_shows_without_javascript(manager_client):
    factories.campaign(title="Spring")
    factories.campaign(title="Autumn")

    page = get_page(manager_client, "/campaigns").submit("Search", {"q": "aut"})

    assert [row[0] for row in page.rows] == ["Autumn"]


def test_htmx_gets_the_same_rows_as_a_fragment_and_a_tidy_address(manager_client):
    factories.campaign(title="Spring")
    address = "/campaigns?q=spring&advertiser=&archived=active&sync=&per_page=50"

    answer = manager_client.get(address, headers=HTMX)

    assert "<html" not in answer.text
    assert "Spring" in answer.text
    assert answer.headers["HX-Push-Url"] == "/campaigns?q=spring"
    whole = manager_client.get(address).text
    assert re.search(r"<tbody>.*</tbody>", answer.text, re.S)[0] in whole


@pytest.mark.parametrize(
    ("address", "note"),
    [
        ("sort=nonsense", "cannot be sorted by “nonsense”"),
        ("page=0", "There is no page “0”"),
        ("page=1000000", "There is no page “1000000”"),
        ("page=two", "There is no page “two”"),
        ("per_page=7", "A page holds 25, 50, 100, 200 rows"),
        ("advertiser=x", "The filter advertiser does not know “x”"),
        ("advertiser=99999999999999999999", "The filter advertiser does not know"),
        ("archived=maybe", "The filter archived does not know “maybe”"),
        ("sync=odd", "The filter sync does not know “odd”"),
        ("bogus=1", "“bogus” means nothing to this list"),
        ("q=" + "long+" * 2000, "Only the first 1,000 characters"),
        ("q=" + "long+" * 150, "A query has at most 500 characters"),
        ("budget_from=much", "The filter budget_from does not know “much”"),
        ("created_to=31.1.2026", "The filter created_to does not know “31.1.2026”"),
        ("owner=someone", "The filter owner does not know “someone”"),
    ],
)
def test_what_the_address_says_wrongly_is_left_out_with_a_note(manager_client, address, note):
    factories.campaign(title="Spring")

    page = get_page(manager_client, f"/campaigns?{address}")

    assert note in page.text


@pytest.mark.parametrize("query", ["100%", "a_b", "it's", 'qu"oted"', "back\\slash", "<b>"])
def test_every_character_of_a_search_means_itself(manager_client, query):
    factories.campaign(title=f"With {query} inside")
    factories.campaign(title="With 100 axb its quoted backslash b inside")

    page = get_page(manager_client, "/campaigns")
    page = page.submit("Search", {"q": query})

    assert [row[0] for row in page.rows] == [f"With {query} inside"]


def test_a_page_behind_the_last_one_leads_back_to_the_first(manager_client):
    factories.campaigns(3)

    page = get_page(manager_client, "/campaigns?page=9")

    assert page.follow("Go to the first page").rows


def test_pages_follow_each_other_and_keep_the_search(manager_client):
    factories.campaigns(60, title=lambda number: f"Spring {number:02}")

    first = get_page(manager_client, "/campaigns?q=spring&sort=title")
    second = first.follow("Next")

    assert "1–50 of 60" in first.text
    assert "51–60 of 60" in second.text
    assert [row[0] for row in second.rows] == [f"Spring {number}" for number in range(50, 60)]


def test_more_rows_than_are_counted_can_be_counted_exactly(manager_client, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 55)
    factories.campaigns(120)

    page = get_page(manager_client, "/campaigns")

    assert "of 55+ campaigns" in page.text
    assert "of 120 campaigns" in page.follow("Count exactly").text


def test_counting_exactly_keeps_the_page(manager_client, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 30)
    factories.campaigns(120)

    page = get_page(manager_client, "/campaigns?per_page=25&page=3")

    assert page.main.one("nav", **{"aria-label": "Pages"}).text == "Previous 1 2 3 … Next"
    exact = page.follow("Count exactly")
    assert "51–75 of 120 campaigns" in exact.text
    assert exact.main.one("nav", **{"aria-label": "Pages"}).text == "Previous 1 2 3 4 5 Next"


def test_archived_rows_are_counted_beside_a_search_and_one_press_away(manager_client):
    factories.campaign(title="Spring now")
    factories.campaign(title="Spring then", archived_at=factories.SOME_DAY)
    factories.campaign(title="Autumn then", archived_at=factories.SOME_DAY)

    page = get_page(manager_client, "/campaigns?q=spring&sort=title")

    assert [row[0] for row in page.rows] == ["Spring now"]
    assert "1 more in the archive" in page.text
    assert [row[0] for row in page.follow("show").rows] == ["Spring now", "Spring then"]


def test_without_a_search_the_archive_is_not_mentioned(manager_client):
    factories.campaign()
    factories.campaign(archived_at=factories.SOME_DAY)

    assert "archive –" not in get_page(manager_client, "/campaigns").text


def test_an_empty_list_says_what_to_do(manager_client):
    assert "No campaigns yet" in get_page(manager_client, "/campaigns").text


def test_a_list_with_only_archived_campaigns_offers_the_archive(manager_client):
    factories.campaign(title="Then", archived_at=factories.SOME_DAY)

    page = get_page(manager_client, "/campaigns")

    assert page.follow("Show the archive").rows[0][0] == "Then"


def test_a_search_that_finds_nothing_says_which_filter_to_drop(manager_client):
    factories.campaign(title="Spring", sync_state="refused")

    page = get_page(manager_client, "/campaigns?q=spring&sync=conflict")

    assert "No campaign matches" in page.text
    assert page.follow("Without sync conflict").rows[0][0] == "Spring"


def test_the_list_can_show_what_needs_someone(manager_client):
    factories.campaign(title="Refused", sync_state="refused")
    factories.campaign(title="Parked", sync_state="parked")
    factories.campaign(title="Fine")

    page = get_page(manager_client, "/campaigns?sync=needs_you&sort=title")

    assert [row[0] for row in page.rows] == ["Parked", "Refused"]


def test_a_row_remembers_the_list_it_was_opened_from(manager_client):
    campaign = factories.campaign(title="Spring")
    address = "/campaigns?q=spring&sort=title"

    page = get_page(manager_client, address).follow("Spring")
    back = page.links["Campaigns"]
    in_crumbs = page.main.one("nav", **{"aria-label": "Breadcrumb"}).one("a")["href"]

    assert back == "/campaigns"
    assert in_crumbs == f"{address}#c-{campaign.uuid}"


def test_the_list_costs_eight_statements_whatever_it_shows(manager_client):
    factories.connection(last_attempt_at=utc_now(), last_success_at=factories.SOME_DAY)
    advertiser = factories.advertiser()
    factories.campaigns(120, advertiser_id=advertiser.id, title=lambda n: f"Spring launch {n}")
    db.session.commit()
    address = f"/campaigns?q=spring+launch&advertiser={advertiser.id}&sync=confirmed"

    with count_statements() as few:
        manager_client.get(f"{address}&per_page=25")
    with count_statements() as many:
        manager_client.get(f"{address}&per_page=100")

    assert len(few) == len(many) <= 8


def test_looking_at_the_list_writes_nothing(manager_client):
    factories.campaign()
    db.session.commit()

    with count_statements() as statements:
        manager_client.get("/campaigns?q=a")

    assert written(statements) == []
