"""An owner among too many for a list: found by keyboard, and typed where no script runs."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.keyboard import Keyboard
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.bulk.desk import Desk
from tests.support.stack import MANAGER, Stack
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.campaigns.named import MOST_LISTED
from webapp.core.db import db

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
SAVE = "Save and send to Megaphone"


@pytest.fixture(scope="module")
def spring(stack: Stack) -> Iterator[UUID]:
    """A campaign, and more operators than can be listed; those are gone for the other tests."""
    with stack.data():
        people = [
            factories.operator(email=f"named{number:02}@example.com")
            for number in range(MOST_LISTED + 1)
        ]
        ids = [each.id for each in people]
        connection_id = db.session.query(Campaign).first().connection_id
        buyer = factories.advertiser(connection_id=connection_id)
        made = factories.campaign(title="Whose is it", advertiser_id=buyer.id)
        uuid = made.uuid
    yield uuid
    with stack.data():
        made = db.session.query(Campaign).filter_by(uuid=uuid).one()
        made.owner_id, made.owner_key = None, ""
        db.session.flush()
        db.session.execute(delete(Operator).where(Operator.id.in_(ids)))


def picked(stack: Stack, uuid: UUID) -> str:
    """The page of a bulk change that asks for the owner."""
    with stack.data():
        manager = db.session.query(Operator).filter_by(email=MANAGER).one()
        campaign = db.session.query(Campaign).filter_by(uuid=uuid).one()
        return f"/bulk/{Desk(manager).pick([campaign.id]).uuid}?operation=owner"


def test_an_owner_is_found_by_keyboard(new_page: NewPage, spring: UUID) -> None:
    page = new_page()
    keys = Keyboard(page)
    page.goto(f"/campaigns/{spring}/edit")
    field = page.get_by_role("combobox", name="Owner")
    expect(field).to_have_attribute("placeholder", "Nobody")
    keys.tab_to("Owner (optional)")
    keys.ask("named0")
    keys.heard("10 owners, use the arrow keys")
    keys.press("ArrowDown", "ArrowDown", "Enter")
    expect(field).to_have_value("named01@example.com")
    keys.tab_to(SAVE)
    keys.press("Enter")

    expect(page.locator("main")).to_contain_text("named01@example.com")
    expect(page.locator("#live")).to_contain_text("Saved")


def test_without_scripts_an_owner_is_typed(new_page: NewPage, spring: UUID) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(f"/campaigns/{spring}/edit")
    page.get_by_label("Owner").fill("named0")
    page.get_by_role("button", name=SAVE).click()
    expect(page.get_by_role("alert")).to_contain_text("Several owners match “named0”")
    page.get_by_role("button", name="named02@example.com").click()
    expect(page.get_by_label("Owner")).to_have_value("named02@example.com")
    page.get_by_role("button", name=SAVE).click()
    expect(page.locator("main")).to_contain_text("named02@example.com")


def test_many_are_given_an_owner_by_keyboard(new_page: NewPage, stack: Stack, spring: UUID) -> None:
    page = new_page()
    keys = Keyboard(page)
    page.goto(picked(stack, spring))
    keys.tab_to("Owner")
    keys.ask("named 04")
    keys.heard("use the arrow keys")
    keys.press("ArrowDown", "Enter", "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Set the owner to named04@example.com: 1 of 1"
    )


@SIZES
def test_the_form_is_sound(
    new_page: NewPage, stack: Stack, spring: UUID, size: dict[str, int]
) -> None:
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    page.goto(f"/campaigns/{spring}/edit")
    _suggest(page)
    _is_sound(page)
    _type(page, "named0")
    page.get_by_role("button", name=SAVE).click()
    page.wait_for_selector("#error-summary")
    _is_sound(page)
    page.goto(picked(stack, spring))
    _suggest(page)
    _is_sound(page)
    _type(page, "named0")
    page.get_by_role("button", name="See what would change").last.click()
    page.wait_for_selector("#error-summary")
    _is_sound(page)


def _suggest(page: Page) -> None:
    page.get_by_role("combobox", name="Owner").press("ArrowDown")
    page.wait_for_selector("[role=option][data-value]")
    page.keyboard.press("ArrowDown")


def _is_sound(page: Page) -> None:
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []


def _type(page: Page, text: str) -> None:
    """And go on to the next field, which closes what is suggested."""
    field = page.get_by_role("combobox", name="Owner")
    field.fill(text)
    field.press("Tab")
