"""Booking, duplicating, archiving, undoing, columns and views, each with the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from tests.browser.conftest import NewPage
from tests.browser.keyboard import Keyboard, make
from tests.support.stack import Stack, until
from webapp.campaigns.models import Campaign
from webapp.core.db import db


@pytest.fixture
def page(new_page: NewPage) -> Page:
    page = new_page()
    page.goto("/")
    return page


def _archived(stack: Stack, words: str) -> int:
    query = select(func.count()).where(
        Campaign.title.startswith(words), Campaign.archived_at.is_not(None)
    )
    return int(stack.read(lambda: db.session.scalar(query)) or 0)


def test_book_a_campaign_and_one_like_it(page: Page, keys: Keyboard, stack: Stack) -> None:
    keys.go("c")
    page.wait_for_url("**/campaigns")
    keys.tab_to("New campaign")
    keys.press("Enter")
    page.wait_for_url("**/campaigns/new**")
    keys.tab_to("Title")
    keys.type("Keys booked")
    keys.tab_to("Advertiser")
    keys.press("ArrowDown")
    expect(page.locator("#advertiser-list")).to_be_visible()
    keys.press("ArrowDown", "Enter")
    advertiser = page.get_by_label("Advertiser").input_value()
    keys.tab_to("External ID (optional)")
    keys.type("PO-keys-booked")
    keys.tab_to("Total budget (optional)")
    keys.type("5,000.00")
    keys.tab_to("Currency")
    keys.type("USD")
    keys.tab_to("Ad copy is needed")
    keys.press("Space")
    keys.tab_to("Book and send to Megaphone")
    keys.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Keys booked")
    until(lambda: stack.written("PO-keys-booked") == ["POST"], "it is booked there")

    keys.tab_to("Duplicate")
    keys.press("Enter")
    page.wait_for_url("**/campaigns/new?**copy=**")
    expect(page.get_by_label("Advertiser")).to_have_value(advertiser)
    expect(page.get_by_label("Total budget")).to_have_value("5000.00")
    keys.tab_to("Title")
    keys.press("Control+a")
    keys.type("Keys booked again")
    keys.tab_to("External ID (optional)")
    keys.type("PO-keys-again")
    keys.press("Enter")
    expect(heading).to_have_text("Keys booked again")
    keys.heard("Booked here.")
    until(lambda: stack.written("PO-keys-again") == ["POST"], "the second is there as well")


def test_archive_a_campaign_and_take_it_out_again(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys filed")
    keys.find("keys filed", 1)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys filed")
    keys.tab_to("Archive here")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Unarchive here")).to_be_visible()
    keys.heard("rchived")
    assert _archived(stack, "Keys filed") == 1
    keys.tab_to("Unarchive here")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Archive here", exact=True)).to_be_visible()
    assert _archived(stack, "Keys filed") == 0


def test_undo_a_bulk_change(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys undone one", "Keys undone two")
    keys.find("keys undone", 2)
    keys.press("x", "j", "x")
    keys.heard("2 of 2 selected")
    keys.archive_ticked(2)
    assert _archived(stack, "Keys undone") == 2

    keys.tab_to("Undo what was done")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Undo “")
    keys.tab_to("Do it to Keys undone two")
    keys.press("Space")
    keys.tab_to("Do it here")
    keys.press("Enter")
    expect(page.locator("#job")).to_contain_text("Finished")
    keys.heard("1 of 1 handled: 1 done")
    assert _archived(stack, "Keys undone") == 1


def test_choose_and_move_columns(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys columns")
    keys.find("keys columns", 1)
    was = _columns(page)
    keys.tab_to("Columns", back=True)
    keys.press("Enter")
    expect(page.get_by_role("button", name="Show these columns")).to_be_visible()
    last = was[-1]
    at = _offered(page).index(last)
    keys.tab_to(f"Move {last} up")
    keys.press("Enter")
    until(lambda: _offered(page).index(last) == at - 1, "it stands before another")
    keys.answered()
    # The button has the focus still, and moves it further.
    keys.press("Enter")
    until(lambda: _offered(page).index(last) == at - 2, "it stands before two")
    keys.answered()
    expect(page.get_by_role("button", name=f"Move {last} up")).to_be_focused()
    keys.tab_to(was[1], back=True)
    keys.press("Space")
    keys.tab_to("Compact rows")
    keys.press("Space", "Tab", "Enter")
    page.wait_for_url("**columns=**")

    assert _columns(page) == [was[0], *was[2:-3], last, *was[-3:-1]]
    assert "q=keys" in page.url
    assert "density=compact" in page.url


def _columns(page: Page) -> list[str]:
    """What the list's columns are called, without the box before them."""
    heads = page.locator("#results thead th:not(.pick)")
    return [text.strip() for text in heads.all_inner_texts()]


def _offered(page: Page) -> list[str]:
    return page.locator("#columns li label").all_inner_texts()


def test_rename_a_view_and_delete_it(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys tidy")
    keys.find("keys tidy", 1)
    keys.tab_to("Save as a view", back=True)
    keys.press("Enter")
    page.wait_for_url("**/views/new**")
    keys.tab_to("Name")
    keys.type("Keys tidy")
    keys.press("Enter")
    page.wait_for_url("**/campaigns?**view=**")

    keys.press("Control+k")
    keys.type("views")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Views")
    keys.press("Enter")
    page.wait_for_url("**/views")
    keys.tab_to("Rename or share Keys tidy")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys tidy")
    keys.tab_to("Name")
    keys.press("Control+a")
    keys.type("Keys tidied")
    keys.tab_to("Share it: every operator sees it, only you change it")
    keys.press("Space", "Enter")
    page.wait_for_url("**/views")
    keys.heard("Saved.")
    row = page.get_by_role("row", name="Keys tidied")
    expect(row).to_contain_text("yours, shared")

    keys.tab_to("Delete Keys tidied")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete “Keys tidied”?")
    keys.tab_to("Delete the view")
    keys.press("Enter")
    page.wait_for_url("**/views")
    keys.heard("“Keys tidied” is deleted.")
    expect(row).to_have_count(0)
