"""Filters that are a name, where too many have one: typed by keyboard, and without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.keyboard import Keyboard
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import Stack
from webapp.advertisers.models import Advertiser, Agency
from webapp.campaigns.models import Campaign
from webapp.campaigns.named import MOST_LISTED
from webapp.core.db import db


@pytest.fixture(scope="module")
def many(stack: Stack) -> Iterator[None]:
    """More agencies than can be listed, two of them with a campaign; gone for the other tests."""
    with stack.data():
        connection_id = db.session.query(Advertiser).first().connection_id
        made = [
            factories.agency(name=f"Named house {number:02}", connection_id=connection_id)
            for number in range(MOST_LISTED + 1)
        ]
        for agency in made[:2]:
            buyer = factories.advertiser(
                name=f"Buyer of {agency.name}", agency_id=agency.id, connection_id=connection_id
            )
            factories.campaign(title=f"By {agency.name}", advertiser_id=buyer.id)
        ids = [agency.id for agency in made]
    yield
    with stack.data():
        buyers = db.session.query(Advertiser.id).filter(Advertiser.agency_id.in_(ids))
        theirs = Campaign.advertiser_id.in_([row.id for row in buyers])
        db.session.execute(delete(Campaign).where(theirs))
        db.session.execute(delete(Advertiser).where(Advertiser.agency_id.in_(ids)))
        db.session.execute(delete(Agency).where(Agency.id.in_(ids)))


@pytest.mark.usefixtures("many")
def test_an_agency_is_found_by_keyboard(new_page: NewPage) -> None:
    page = new_page()
    keys = Keyboard(page)
    page.goto("/campaigns?q=%22named+house%22")
    keys.tab_to("More filters")
    keys.press("Enter")
    field = page.get_by_role("combobox", name="Agency")
    expect(field).to_be_visible()
    keys.tab_to("Agency")
    keys.ask("named house 0")
    keys.heard("15 agencies, use the arrow keys")
    keys.press("ArrowDown", "ArrowDown", "Enter")

    expect(field).to_have_value("Named house 01")
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("By Named house 01")
    # Beside the one for advertisers, in which nothing changed.
    expect(page.get_by_role("combobox", name="Advertiser")).to_have_value("")
    keys.press("Control+a", "Delete", "Tab")
    expect(rows).to_have_count(2)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_without_scripts_it_is_typed(new_page: NewPage, size: dict[str, int]) -> None:
    page = new_page(java_script_enabled=False, viewport=size)
    page.goto("/campaigns/filters?q=%22named+house%22")
    page.get_by_label("Agency").fill("named house")
    page.get_by_role("button", name="Show the campaigns").click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("Several agencies match")
    page.get_by_role("link", name="Named house 01").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_panel_is_sound(new_page: NewPage, size: dict[str, int]) -> None:
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    page.goto("/campaigns?q=%22named+house%22")
    _suggest(page)
    _is_sound(page)
    page.goto("/campaigns/filters?agency_name=named+house")
    _is_sound(page)


def _suggest(page: Page) -> None:
    page.get_by_text("More filters").click()
    page.get_by_role("combobox", name="Agency").press("ArrowDown")
    page.wait_for_selector("#agency-name-found li")
    page.keyboard.press("ArrowDown")


def _is_sound(page: Page) -> None:
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []
