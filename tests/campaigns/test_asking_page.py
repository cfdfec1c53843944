"""The list says how a query was read, points at what could not be, and suggests."""

import pytest

from tests import factories
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.core.db import db

HTMX = {"HX-Request": "true"}


def chips(page: Page) -> dict[str, str]:
    return {
        chip.text: chip.one("a")["href"]
        for chip in page.main.all("li")
        if "chip" in chip.get("class").split()
    }


def test_each_term_is_a_chip_that_says_how_it_was_read_and_drops_it(manager_client):
    page = get_page(
        manager_client, "/campaigns?q=spring+budget:>5000usd+-test+-sync:conflict&copy=yes"
    )

    rest = "q=budget:%3E5000usd+-test+-sync:conflict&copy=yes"
    assert chips(page) == {
        "search spring": f"/campaigns?{rest}",
        "budget more than USD 5,000.00": "/campaigns?q=spring+-test+-sync:conflict&copy=yes",
        "not: test": "/campaigns?q=spring+budget:%3E5000usd+-sync:conflict&copy=yes",
        "not: sync conflict": "/campaigns?q=spring+budget:%3E5000usd+-test&copy=yes",
        "copy needed yes": "/campaigns?q=spring+budget:%3E5000usd+-test+-sync:conflict",
    }


def test_numbers_of_records_are_shown_as_names(manager_client):
    ann = factories.operator(email="ann@example.com")
    acme = factories.advertiser(name="Acme", agency_id=None)

    page = get_page(manager_client, f"/campaigns?q=owner:%23{ann.id},me&advertiser={acme.id}")

    assert list(chips(page)) == ["owner ann@example.com or me", "advertiser Acme"]
    page = get_page(manager_client, "/campaigns?agency=999")
    assert list(chips(page)) == ["agency one that is not listed"]


def test_an_error_points_at_the_word_and_leads_to_what_was_meant(manager_client):
    factories.campaign(title="Spring", budget=(600_000, "USD"))
    factories.campaign(title="Spring budgt:>5000")

    page = get_page(manager_client, "/campaigns?q=spring+budgt:>5000&sort=title")

    assert "There is no field “budgt”." in page.text
    assert page.main.one("mark").text == "budgt"
    assert page.rows == []
    # What was typed stays in the box.
    assert page.form("Search").values["q"] == "spring budgt:>5000"
    fixed = page.follow("spring budget:>5000")
    assert [row[0] for row in fixed.rows] == ["Spring"]
    assert fixed.form("Search").values["sort"] == "title"
    literally = page.follow("Search for these words as they stand")
    assert [row[0] for row in literally.rows] == ["Spring budgt:>5000"]


def test_an_error_comes_as_a_fragment_too(manager_client):
    answer = manager_client.get("/campaigns?q=sync:confict", headers=HTMX)

    assert answer.status_code == 200
    assert "data-announce" in answer.text
    assert "<mark>confict</mark>" in answer.text
    assert "No campaigns" not in answer.text


def test_what_cannot_be_helped_offers_nothing_that_does_not_work(manager_client):
    page = get_page(manager_client, "/campaigns?q=" + "+".join(f"w{n}" for n in range(21)))

    assert "at most 20 terms" in page.text
    assert "Search for these words as they stand" not in page.links


def test_the_archive_is_one_press_away_even_from_a_query_without_it(manager_client):
    factories.campaign(title="Spring", archived_at=factories.SOME_DAY)

    page = get_page(manager_client, "/campaigns?q=spring+archived:no")

    assert [row[0] for row in page.follow("Show them").rows] == ["Spring"]


def test_mine_are_those_of_who_is_signed_in(manager_client):
    other = factories.operator()
    factories.campaign(title="Theirs", owner_id=other.id)

    assert get_page(manager_client, "/campaigns?q=owner:me").rows == []
    assert get_page(manager_client, "/campaigns?q=owner:none").rows == []
    assert get_page(manager_client, "/campaigns?q=-owner:me").rows[0][0] == "Theirs"


def test_a_filter_that_has_no_field_of_its_own_survives_another_search(manager_client):
    factories.campaign(title="Spring", budget=(100, "USD"))
    factories.campaign(title="Spring large", budget=(100_000, "USD"))

    page = get_page(manager_client, "/campaigns?budget_from=500")
    page = page.submit("Search", {"q": "spring"})

    assert [row[0] for row in page.rows] == ["Spring large"]


@pytest.mark.parametrize(
    ("query", "option"),
    [
        ("q=bud", "budget:"),
        ("q=sync:conf%20x&at=9", "sync:confirmed"),
        ("q=acm", 'advertiser:"Acme"'),
    ],
)
def test_what_is_typed_is_completed(viewer_client, query, option):
    factories.campaign(advertiser_id=factories.advertiser(name="Acme").id)

    answer = viewer_client.get(f"/campaigns/suggest?{query}", headers=HTMX)

    assert answer.status_code == 200
    assert 'role="option"' in answer.text
    assert option in answer.text.replace("&#34;", '"')


@pytest.mark.parametrize("query", ["", "q=&at=-1", "q=x&at=999999999999", "q=%00&at=٣", "at=1"])
def test_nothing_asked_is_nothing_suggested(viewer_client, query):
    answer = viewer_client.get(f"/campaigns/suggest?{query}", headers=HTMX)

    assert answer.status_code == 200
    assert "option" not in answer.text


def test_a_page_with_a_long_query_costs_few_statements(manager_client):
    acme = factories.advertiser(name="Acme")
    factories.campaigns(60, advertiser_id=acme.id, title=lambda n: f"Spring {n}")
    query = f"spring+advertiser:acme+budget:none+sync:confirmed+-owner:me&advertiser={acme.id}"
    db.session.commit()

    with count_statements() as statements:
        assert get_page(manager_client, f"/campaigns?q={query}").rows

    # Beside the list's own: names of advertisers and operators, once to find and once to show.
    assert len(statements) <= 14, statements
