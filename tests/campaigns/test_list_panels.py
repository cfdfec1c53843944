"""What belongs to the list beside its rows: columns, density, more filters, totals, boxes."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import factories
from tests.support.pages import Page, get_page
from webapp.campaigns import columns, listing
from webapp.campaigns.columns import COLUMNS
from webapp.core.errors import TooSlow

HTMX = {"HX-Request": "true"}


def heads(page: Page) -> list[str]:
    return [head.text for head in page.main.one("thead").all("th") if head.text]


def press(page: Page, **more: str) -> Page:
    """The column chooser, sent with one of its buttons."""
    values = page.form("Show these columns").values
    sent = {name: value for name, value in values.items() if value is not None} | more
    answer = page.client.get("/campaigns/columns", query_string=sent, follow_redirects=True)
    return Page(page.client, answer)


def test_the_address_says_which_columns_in_which_order(viewer_client):
    factories.campaign(title="Spring", external_id="IO-7", budget=(500, "USD"))

    page = get_page(viewer_client, "/campaigns?columns=budget,external_id&density=compact")

    assert heads(page) == ["Campaign", "Budget", "External ID"]
    assert re.sub(r"\s+", " ", " | ".join(page.rows[0])) == "Spring | 5.00 USD | IO-7"
    assert page.main.one("table").get("class") == "compact"
    # Every link keeps them.
    assert "columns=budget,external_id&density=compact" in page.links["Campaign"]


def test_every_column_shows_its_value_and_sorts(viewer_client):
    ann = factories.operator(email="ann@example.com")
    factories.campaign(
        title="Spring",
        owner=ann,
        copy_needed=True,
        total_revenue_minor=990,
        total_revenue_currency="USD",
        duration_seconds=86_400,
        booking_source="api",
        remote_created_at=factories.SOME_DAY,
        remote_updated_at=None,
    )
    assert set(COLUMNS) | {"title"} == set(listing.CAMPAIGNS.sorts)

    page = get_page(viewer_client, "/campaigns?columns=" + ",".join(COLUMNS))

    row = dict(zip(heads(page), page.rows[0], strict=True))
    assert row["Owner"] == "ann@example.com"
    assert row["Ad copy"] == "needed"
    assert row["Revenue"].split() == ["9.90", "USD"]
    assert row["Duration"] == "1 d"
    assert row["Booking source"] == "api"
    assert row["Updated"] == "–"
    for head in page.main.one("thead").all("a"):
        assert get_page(viewer_client, head["href"]).rows[0][0] == "Spring"


def test_columns_are_chosen_and_moved_without_scripts(viewer_client):
    factories.campaign(title="Spring")
    page = get_page(viewer_client, "/campaigns?q=spring").follow(
        "Choose the columns, and move them"
    )

    page = press(page, move="up:budget")
    assert [element["value"] for element in page.main.all("input", name="show")][:3] == [
        "advertiser",
        "budget",
        "external_id",
    ]
    page = press(page, show=["budget", "owner"], compact="1", apply="1")

    assert heads(page) == ["Campaign", "Budget", "Owner"]
    asked = parse_qs(urlsplit(page.url).query)
    assert asked == {"q": ["spring"], "columns": ["budget,owner"], "density": ["compact"]}


def test_the_usual_columns_leave_no_trace_in_the_address(viewer_client):
    page = get_page(viewer_client, "/campaigns/columns?list=density%3Dcompact%26columns%3Downer")

    page = press(page, order=",".join(columns.USUAL), show=list(columns.USUAL), apply="1")

    assert urlsplit(page.url).query in ("", "density=compact")


@pytest.mark.parametrize("move", ["", "up:nothing", "sideways:budget", "up:advertiser", ":"])
def test_a_move_that_makes_no_sense_moves_nothing(move):
    assert columns.moved(["advertiser", "budget"], move) == ["advertiser", "budget"]


@pytest.mark.parametrize("address", ["columns=bogus", "density=tight", "view=nothing"])
def test_a_look_that_is_unknown_is_left_out_with_a_note(viewer_client, address):
    factories.campaign(title="Spring")

    page = get_page(viewer_client, f"/campaigns?{address}")

    assert "it was left out" in page.text
    assert page.rows[0][0] == "Spring"


def test_of_columns_that_are_partly_unknown_the_known_ones_are_shown(viewer_client):
    factories.campaign(title="Spring")

    page = get_page(viewer_client, "/campaigns?columns=owner,notes,budget,bogus")

    assert "This list does not know columns “notes, bogus”; it was left out." in page.text
    assert heads(page) == ["Campaign", "Owner", "Budget"]


@pytest.mark.parametrize(
    ("text", "tidy"), [("owner,", "owner"), ("owner,,budget", "owner,budget"), (" , ", "")]
)
def test_a_comma_too_many_is_no_unknown_column(text, tidy):
    assert columns.tidy_columns(text) == tidy


def test_all_filters_are_on_a_page_without_scripts(viewer_client):
    acme = factories.advertiser(name="Acme")
    factories.campaign(title="Spring", advertiser_id=acme.id, budget=(50_000, "USD"))
    factories.campaign(title="Spring small", advertiser_id=acme.id, budget=(500, "USD"))

    page = get_page(viewer_client, f"/campaigns?q=spring&advertiser={acme.id}&columns=owner")
    page = page.follow("Advertiser, agency, owner, budget, dates and more")
    assert page.form("Show the campaigns").values["advertiser"] == str(acme.id)
    page = page.submit("Show the campaigns", {"budget_from": "100", "currency": "USD"})

    assert [row[0] for row in page.rows] == ["Spring"]
    assert "columns=owner" in page.url
    # The bar's own form keeps what it has no field for.
    assert page.form("Search").values["budget_from"] == "100"


def named(page: Page, name: str, status: int = 200) -> Page:
    """The page of filters, sent with this for the advertiser."""
    return page.submit("Show the campaigns", {"advertiser_name": name}, status)


def test_an_advertiser_is_named_where_there_are_no_scripts(viewer_client):
    acme = factories.advertiser(name="Acme", agency_id=None)
    west = factories.advertiser(name="Acme West", agency_id=None)
    for each in (acme, west):
        factories.campaign(title=f"Of {each.name}", advertiser_id=each.id)
    page = get_page(viewer_client, "/campaigns/filters?sort=title&archived=all")

    found = named(page, "acme")
    assert [row[0] for row in found.rows] == ["Of Acme"]
    assert parse_qs(urlsplit(found.url).query) == {
        "advertiser": [str(acme.id)],
        "sort": ["title"],
        "archived": ["all"],
    }
    again = found.follow("Advertiser, agency, owner, budget, dates and more")
    assert again.form("Show the campaigns").values["advertiser_name"] == "Acme"
    # Nothing was typed: it stays. Another name: that one. No name: any.
    assert [row[0] for row in again.submit("Show the campaigns").rows] == ["Of Acme"]
    assert [row[0] for row in named(again, "west").rows] == ["Of Acme West"]
    assert len(named(again, "").rows) == 2


def test_a_name_that_several_have_is_answered_with_a_choice(viewer_client):
    for agency in ("Harbor", "Quay"):
        agency_id = factories.agency(name=agency).id
        acme = factories.advertiser(name="Acme", agency_id=agency_id)
        factories.campaign(title=f"By {agency}", advertiser_id=acme.id)

    page = get_page(viewer_client, "/campaigns/filters?q=by")
    page = named(page, "acm", status=422)

    assert "Several advertisers match “acm”" in page.text
    assert "Choose the one" in page.errors["advertiser_name"]
    assert page.form("Show the campaigns").values["advertiser_name"] == "acm"
    page = page.follow("Acme – Quay")
    assert [row[0] for row in page.rows] == ["By Quay"]
    assert "q=by" in page.url


def test_a_name_that_nobody_has_is_said(viewer_client):
    page = named(get_page(viewer_client, "/campaigns/filters"), "xyzzy", status=422)

    assert "No advertiser matches “xyzzy”" in page.notices
    assert page.title.startswith("Error:")


def test_budgets_are_added_up_per_currency_and_never_across(viewer_client):
    factories.campaign(budget=(10_000, "USD"))
    factories.campaign(budget=(5_050, "USD"))
    factories.campaign(budget=(700, "JPY"))
    factories.campaign()

    page = get_page(viewer_client, "/campaigns").follow("Add up the budgets")
    fragment = viewer_client.get("/campaigns/figures", headers=HTMX)

    assert [[re.sub(r"\s+", " ", cell) for cell in row] for row in page.rows] == [
        ["JPY", "1", "700 JPY"],
        ["USD", "2", "150.50 USD"],
        ["No budget", "1", "–"],
    ]
    assert "150.50" in fragment.text
    assert "<html" not in fragment.text


def test_totals_of_very_many_campaigns_are_added_up_when_asked_to(viewer_client, monkeypatch):
    monkeypatch.setattr("webapp.campaigns.listing.ADDED_UP", 5)
    factories.campaigns(7, budget=(100, "USD"))

    page = get_page(viewer_client, "/campaigns/figures")
    assert page.rows[0] != ["USD", "7"]
    page = page.follow("Add up all of them")

    assert page.rows[0][:2] == ["USD", "7"]


def test_a_query_that_cannot_be_read_has_no_totals(viewer_client):
    fragment = viewer_client.get("/campaigns/figures?q=budgt:>1&views=1", headers=HTMX)

    assert fragment.status_code == 200
    assert "There is no field" in fragment.text


@pytest.fixture
def too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr(listing, "list_with_archived", give_up)


@pytest.mark.usefixtures("too_slow")
def test_a_search_that_takes_too_long_asks_for_a_narrower_one(manager_client):
    page = get_page(manager_client, "/campaigns?q=spring", status=503)
    fragment = manager_client.get("/campaigns?q=spring", headers=HTMX)

    assert "This search takes too long" in page.text
    assert page.links["Load again"] == "/campaigns?q=spring"
    assert page.form("Search").values["q"] == "spring"
    # A fragment that failed would not be shown; over the list, it leaves the rows and the address.
    assert fragment.status_code == 200
    assert "This search takes too long" in fragment.text
    assert 'href="/campaigns?q=spring">Load again' in fragment.text
    told = ("HX-Retarget", "HX-Reswap", "HX-Push-Url")
    assert [fragment.headers[name] for name in told] == ["#trouble", "outerHTML", "false"]


def test_only_who_may_change_campaigns_has_boxes_to_tick(client, viewer_client):
    factories.campaign()

    assert not get_page(viewer_client, "/campaigns").main.all("input", name="pick")


def test_the_head_s_box_stands_for_the_page_without_scripts(manager_client):
    factories.campaigns(3)
    form = get_page(manager_client, "/campaigns").form("Change the ticked")

    page = get_page(manager_client, "/campaigns").submit(form, {"all": "on"})

    assert "3 campaigns" in page.text


def test_bulk_and_edit_lead_back_to_the_row_that_was_left(manager_client):
    campaign = factories.campaign(title="Spring")
    page = get_page(manager_client, "/campaigns?sort=title")

    form = page.form("Change the ticked")
    picked = page.submit(form, {"pick": str(campaign.uuid)})
    crumbs = picked.main.one("nav", **{"aria-label": "Breadcrumb"})
    assert crumbs.all("a")[0]["href"] == f"/campaigns?sort=title#c-{campaign.uuid}"

    back = "/campaigns%3Fsort%3Dtitle"
    edit = get_page(manager_client, f"/campaigns/{campaign.uuid}/edit?back={back}")
    form = edit.form("Save and send to Megaphone")
    answer = manager_client.post(form.action, data={**form.values, "title": "Autumn"})
    assert answer.headers["Location"] == f"/campaigns?sort=title#c-{campaign.uuid}"


def figures_asked_for(page: Page) -> str:
    """The address of the figures, as the list's page has it."""
    return page.main.one(id="figures")["hx-get"]


def test_where_counting_stopped_the_figures_bring_the_number(viewer_client, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 55)
    factories.campaigns(60)

    page = get_page(viewer_client, "/campaigns")
    assert "1–50 of 55+ campaigns" in page.text
    brought = viewer_client.get(figures_asked_for(page), headers=HTMX).text
    assert "1–50 of 60 campaigns" in brought
    assert "Count exactly" not in brought

    monkeypatch.setattr("webapp.campaigns.listing.ADDED_UP", 58)
    brought = viewer_client.get(figures_asked_for(page), headers=HTMX).text
    assert "1–50 of 58+ campaigns" in brought
    assert "Count exactly" in brought
    # Who may not change campaigns has no button to put it into.
    assert "all-matching" not in brought


def test_the_figures_bring_the_pages_of_the_list_as_it_is_shown(viewer_client, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 55)
    factories.campaigns(120)
    arguments = "columns=owner&density=compact&per_page=25&page=3&sort=title"
    page = get_page(viewer_client, f"/campaigns?{arguments}")

    brought = viewer_client.get(figures_asked_for(page), headers=HTMX).text

    assert "51–75 of 120 campaigns" in brought
    addresses = re.findall(r'id="page-(\w+)" href="([^"]+)"', brought)
    assert [place for place, _ in addresses] == ["1", "2", "3", "4", "5"]
    for _, address in addresses:
        assert address.startswith("/campaigns?")
        assert "columns=owner&amp;density=compact" in address


def test_the_button_for_all_that_match_gets_their_number_too(manager_client, monkeypatch):
    monkeypatch.setattr("webapp.core.listing.COUNT_CAP", 55)
    factories.campaigns(60)
    page = get_page(manager_client, "/campaigns")
    assert "All that match (55+)" in page.text

    brought = manager_client.get(figures_asked_for(page), headers=HTMX).text
    assert '<span id="all-matching" hx-swap-oob="true">(60)</span>' in brought

    monkeypatch.setattr("webapp.campaigns.listing.ADDED_UP", 58)
    brought = manager_client.get(figures_asked_for(page), headers=HTMX).text
    assert '<span id="all-matching" hx-swap-oob="true">(58+: narrow it to 58)</span>' in brought


def test_a_number_that_is_known_is_not_brought_again(viewer_client):
    factories.campaigns(60)

    page = get_page(viewer_client, "/campaigns")

    assert "counted" not in viewer_client.get(figures_asked_for(page), headers=HTMX).text
