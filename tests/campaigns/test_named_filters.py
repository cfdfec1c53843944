"""Agency and owner in the panel of filters: picked where few are, typed where many are."""

import pytest

from tests import factories
from tests.support.pages import Page, get_page
from webapp.campaigns import named
from webapp.campaigns.named import MOST_LISTED

SHOW = "Show the campaigns"
PANEL = "/campaigns/filters"


def titles(page: Page) -> list[str]:
    return sorted(row[0] for row in page.rows)


@pytest.fixture
def many(manager):
    """More agencies and operators than can be listed."""
    for number in range(MOST_LISTED + 1):
        factories.agency(name=f"House {number:02}")
        factories.operator(email=f"person{number:02}@example.com")


def campaign_of(agency: str, title: str, **values) -> None:
    buyer = factories.advertiser(name=title, agency_id=factories.agency(name=agency).id)
    factories.campaign(title=title, advertiser_id=buyer.id, **values)


def test_few_are_a_list_and_who_has_left_is_in_it_while_chosen(viewer_client):
    gone = factories.operator(email="gone@example.com", active=False)
    factories.campaign(title="Theirs", owner=gone)

    page = get_page(viewer_client, f"{PANEL}?owner={gone.id}")

    assert page.form(SHOW).values["owner"] == str(gone.id)
    assert titles(page.submit(SHOW)) == ["Theirs"]
    assert "gone@example.com" not in get_page(viewer_client, PANEL).text


@pytest.mark.usefixtures("many")
def test_of_many_a_name_is_typed_and_stays_in_its_box(viewer_client):
    campaign_of("Harbor", "By Harbor")
    campaign_of("Quay", "By Quay")
    page = get_page(viewer_client, f"{PANEL}?sort=title")

    found = page.submit(SHOW, {"agency_name": "harb"})
    assert titles(found) == ["By Harbor"]
    again = found.follow("Advertiser, agency, owner, budget, dates and more")
    assert again.form(SHOW).values["agency_name"] == "Harbor"
    assert titles(again.submit(SHOW)) == ["By Harbor"]
    assert titles(again.submit(SHOW, {"agency_name": ""})) == ["By Harbor", "By Quay"]


@pytest.mark.usefixtures("many")
def test_me_and_nobody_are_typed_as_well(manager_client, manager):
    factories.campaign(title="Mine", owner=manager)
    factories.campaign(title="Of nobody")
    page = get_page(manager_client, PANEL)

    assert titles(page.submit(SHOW, {"owner_name": "me"})) == ["Mine"]
    assert titles(page.submit(SHOW, {"owner_name": "Nobody"})) == ["Of nobody"]
    assert titles(page.submit(SHOW, {"owner_name": manager.email})) == ["Mine"]


@pytest.mark.usefixtures("many")
def test_which_of_several_is_asked_and_what_else_was_named_is_kept(viewer_client):
    campaign_of("Harbor", "Nobody by Harbor")
    campaign_of("House 00", "Nobody in a house")
    page = get_page(viewer_client, PANEL)

    page = page.submit(SHOW, {"agency_name": "house", "owner_name": "nobody"}, 422)

    assert "Several agencies match “house”" in page.text
    assert "Choose the one" in page.errors["agency_name"]
    assert page.form(SHOW).values["owner_name"] == "nobody"
    page = page.follow("House 01")
    assert "owner=none" in page.url
    page = get_page(viewer_client, PANEL).submit(SHOW, {"owner_name": "xyzzy"}, 422)
    assert "No owner matches “xyzzy”" in page.notices


@pytest.mark.usefixtures("many")
def test_two_names_that_several_have_are_asked_one_after_the_other(viewer_client):
    old = factories.agency(name="Long ago")
    campaign_of("House 000", "In a house", owner=factories.operator(email="person60@example.com"))
    page = get_page(viewer_client, f"{PANEL}?agency={old.id}")

    page = page.submit(SHOW, {"agency_name": "House", "owner_name": "person"}, 422)
    assert "Several agencies match “House”" in page.text
    address = page.links["House 000"]
    page = get_page(viewer_client, address, status=422)
    assert "Several owners match “person”" in page.text
    page = page.submit(SHOW, {"owner_name": "person60@example.com"})

    assert titles(page) == ["In a house"]


@pytest.mark.parametrize("kind", named.KINDS)
@pytest.mark.parametrize("text", ["", "%", "_", "\\", "'", "\x00", "x" * 300])
def test_whatever_is_typed_is_answered(viewer_client, kind, text):
    answer = viewer_client.get(f"{PANEL}/suggest", query_string={"of": kind, "q": text})
    assert answer.status_code == 200
    assert '<li role="option"' in answer.text


@pytest.mark.usefixtures("many")
def test_those_that_begin_so_come_first_and_only_twenty(viewer_client):
    factories.agency(name="The House")
    found = named.KINDS["agency"].suggest("house")
    assert len(found) == 20
    assert found[0][1] == "House 00"
    assert [words for _, words in named.KINDS["agency"].suggest("THE hou")] == ["The House"]
    assert viewer_client.get(f"{PANEL}/suggest?of=weather").status_code == 404


def test_markup_in_a_name_is_only_text(viewer_client):
    factories.agency(name="<b>Harbor</b>")
    answer = viewer_client.get(f"{PANEL}/suggest?of=agency&q=harbor")
    assert "&lt;b&gt;Harbor&lt;/b&gt;" in answer.text
    assert 'id="agency-option-' in answer.text


@pytest.mark.usefixtures("many")
def test_of_many_who_has_left_stays_chosen_while_their_name_stands_there(viewer_client):
    gone = factories.operator(email="gone@example.com", active=False)
    factories.campaign(title="Theirs", owner=gone)
    page = get_page(viewer_client, f"{PANEL}?owner={gone.id}")

    assert page.form(SHOW).values["owner_name"] == "gone@example.com"
    assert titles(page.submit(SHOW)) == ["Theirs"]
