"""Going anywhere by a few letters: which pages, views and campaigns are offered, and to whom."""

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.core.errors import TooSlow
from webapp.overview import palette

FRAGMENT = {"HX-Request": "true"}


def places(client: Client, text: str = "") -> dict[str, list[str]]:
    """What the page offers, by the headings over it."""
    page = get_page(client, f"/palette?q={text}")
    return {
        section.one("h2").text: [link.text for link in section.all("a")]
        for section in page.main.all("section")
    }


def test_without_letters_every_page_and_view_is_offered(
    manager_client: Client, manager: Operator
) -> None:
    factories.campaign()
    factories.saved_view(manager, name="Spring push")

    offered = places(manager_client)

    rail = get_page(manager_client, "/").root.one("nav", **{"aria-label": "Main"})
    assert {link.text for link in rail.all("a")} <= set(offered["Pages"])
    assert offered["Views"][0] == "All"
    assert offered["Views"][-1] == "Spring push"
    assert "Campaigns" not in offered


def test_a_viewer_is_not_offered_what_only_managers_may_open(viewer_client: Client) -> None:
    pages = places(viewer_client)["Pages"]

    assert "Campaigns" in pages
    assert not {"New campaign", "Import campaigns"} & set(pages)


def test_pages_that_begin_so_come_before_those_that_have_it_elsewhere(
    manager_client: Client,
) -> None:
    assert places(manager_client, "CHANG")["Pages"] == ["Changes", "Bulk changes"]
    assert places(manager_client, "API")["Pages"][0] == "API: first script in five minutes"
    assert places(manager_client, "sync ru")["Pages"] == ["Sync runs"]


def test_every_place_leads_where_it_says(manager_client: Client, manager: Operator) -> None:
    factories.saved_view(manager, name="Spring push", arguments={"q": "spring"})
    campaign = factories.campaign(title="Spring one")
    page = get_page(manager_client, "/palette?q=spring")

    assert page.follow("Spring one").h1 == campaign.title
    assert "q=spring" in page.links["Spring push"]
    for link in get_page(manager_client, "/palette").main.all("a"):
        get_page(manager_client, link["href"])


def test_views_of_others_are_offered_when_they_are_shared(
    manager_client: Client, manager: Operator
) -> None:
    other = factories.operator(email="ana@example.com")
    factories.saved_view(other, name="Ours", is_shared=True)
    factories.saved_view(other, name="Ours, hidden")

    page = get_page(manager_client, "/palette?q=ours")

    assert places(manager_client, "ours") == {"Views": ["Ours"]}
    assert "shared by ana@example.com" in page.text


@pytest.mark.parametrize(
    ("typed", "found"),
    [("lün", ["Café Luna"]), ("luna CAF", ["Café Luna"]), ("caf", ["Café Luna"]), ("zzz", [])],
)
def test_campaigns_are_found_by_words_in_their_title(
    viewer_client: Client, typed: str, found: list[str]
) -> None:
    factories.campaign(title="Café Luna")
    factories.campaign(title="Something else")

    assert places(viewer_client, typed.replace("ü", "u")).get("Campaigns", []) == found


def test_campaigns_are_found_by_their_external_id(viewer_client: Client) -> None:
    factories.campaign(title="Ordered", external_id="PO-7781")

    assert places(viewer_client, "7781")["Campaigns"] == ["Ordered"]


def test_two_letters_find_the_titles_that_begin_with_them(viewer_client: Client) -> None:
    factories.campaign(title="Summer")
    factories.campaign(title="Midsummer")

    assert places(viewer_client, "su")["Campaigns"] == ["Summer"]


def test_the_last_changed_come_first_and_archived_ones_are_said_to_be(
    viewer_client: Client,
) -> None:
    for age in range(10):
        factories.campaign(
            title=f"Twin {age}",
            changed_at=factories.SOME_DAY - timedelta(days=age),
            archived_at=factories.SOME_DAY if age == 1 else None,
        )

    page = get_page(viewer_client, "/palette?q=twin")

    assert places(viewer_client, "twin")["Campaigns"][:8] == [f"Twin {age}" for age in range(8)]
    line = next(item.text for item in page.main.all("li") if "Twin 1" in item.text)
    assert line.endswith("archived")


def test_of_more_than_are_shown_a_search_leads_to_all(viewer_client: Client) -> None:
    for number in range(9):
        archived_at = factories.SOME_DAY if number == 3 else None
        factories.campaign(title=f"Sync:now Twin {number}", archived_at=archived_at)

    page = get_page(viewer_client, "/palette?q=sync:now Twin").follow(
        "Search campaigns for “sync:now Twin”"
    )

    assert len(page.rows) == 9


def test_of_as_many_as_are_shown_there_is_nothing_to_search_for(viewer_client: Client) -> None:
    factories.campaigns(8, title=lambda n: f"Twin {n}")

    assert len(places(viewer_client, "twin")["Campaigns"]) == 8


def test_campaigns_of_a_detached_connection_are_not_offered(viewer_client: Client) -> None:
    gone = factories.connection(state="detached")
    theirs = factories.advertiser(connection_id=gone.id)
    factories.campaign(title="Left behind", connection_id=gone.id, advertiser_id=theirs.id)

    assert places(viewer_client, "left") == {}
    assert "Nothing is called that" in get_page(viewer_client, "/palette?q=left").text


def test_a_search_that_takes_too_long_still_offers_pages_and_views(
    viewer_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(*_: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(palette, "_newest", too_slow)

    page = get_page(viewer_client, "/palette?q=campaigns")

    assert "Campaigns" in page.links
    assert "takes too long" in page.text


@pytest.mark.parametrize("typed", ["%25", "_", "%22", "%00", "x" * 5000, "-", "%F0%9F%8E%A7"])
def test_anything_may_be_typed(viewer_client: Client, typed: str) -> None:
    factories.campaign(title="Plain")

    assert "Plain" not in places(viewer_client, typed).get("Campaigns", [])


def test_the_palette_asks_for_the_list_alone_and_for_few_statements(
    viewer_client: Client,
) -> None:
    for number in range(20):
        factories.campaign(title=f"Long {number}", advertiser_id=factories.advertiser().id)
    db.session.commit()

    with count_statements() as statements:
        answer = viewer_client.get("/palette?q=long", headers=FRAGMENT)

    assert "<html" not in answer.text
    assert answer.text.count('role="option"') == 9
    assert "9 places" in answer.text
    # Who asks; their views; how common the word is; detached connections; the campaigns.
    assert len(statements) <= 5


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert get_page(client, "/palette").h1 == "Sign in"
    assert client.get("/palette", headers=FRAGMENT).headers["HX-Redirect"].startswith("/sign-in")
