"""Asking for campaigns by keyboard alone: suggestions, chips, and an error with its way out."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.browser.keyboard import Keyboard, make
from tests.support.stack import Stack


@pytest.fixture
def page(new_page: NewPage, stack: Stack) -> Page:
    page = new_page()
    page.goto("/campaigns")
    return page


def search_for(page: Page, words: str) -> None:
    """As an answer that comes late does: whoever waited for it is somewhere else already."""
    page.evaluate(
        "(words) => { document.querySelector('#q').value = words;"
        " htmx.trigger(document.querySelector('form.filters'), 'submit'); }",
        words,
    )


def test_a_query_is_put_together_from_suggestions_by_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search campaigns")
    expect(box).to_be_focused()
    # At once: an answer to half of it, on a machine that stalls, would look like one to all of it.
    page.keyboard.insert_text("syn")
    options = page.get_by_role("option")
    expect(options.first).to_contain_text("sync:")
    expect(box).to_have_attribute("aria-expanded", "true")

    page.keyboard.press("ArrowDown")
    chosen = page.locator("#suggestions [aria-selected=true]")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "none")
    page.keyboard.press("Enter")
    expect(box).to_have_value("sync:")
    # A field asks for its value at once.
    expect(options.first).to_have_text("sync:needs_you sync")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    # From the first one upwards comes the last.
    expect(chosen).to_have_text("sync:parked sync")
    page.keyboard.press("Enter")
    expect(box).to_have_value("sync:parked ")
    page.wait_for_url("**/campaigns?q=sync:parked")
    expect(page.locator(".chip")).to_have_text("sync parked")
    expect(box).to_be_focused()


def test_escape_closes_the_suggestions_and_keeps_what_was_typed(page: Page) -> None:
    box = page.get_by_role("combobox", name="Search campaigns")
    box.press_sequentially("bud")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("bud")
    expect(box).to_have_attribute("aria-expanded", "false")
    # Enter searches when nothing is chosen.
    page.keyboard.press("Enter")
    page.wait_for_url("**/campaigns?q=bud")
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_a_press_of_the_mouse_takes_a_suggestion_too(page: Page) -> None:
    box = page.get_by_role("combobox", name="Search campaigns")
    box.press_sequentially("spring archived:a")
    page.get_by_role("option", name="archived:any").click()
    expect(box).to_have_value("spring archived:any ")
    expect(box).to_be_focused()


def test_an_error_is_heard_and_its_fix_is_a_link(page: Page) -> None:
    page.get_by_role("combobox", name="Search campaigns").fill("budgt:>5000usd")
    expect(page.locator("#results mark")).to_have_text("budgt")
    expect(page.locator("#live")).to_have_text("There is no field “budgt”.")
    page.get_by_role("link", name="budget:>5000usd").click()
    expect(page.locator(".chip")).to_have_text("budget more than USD 5,000.00")
    expect(page.get_by_role("combobox", name="Search campaigns")).to_have_value("budget:>5000usd")


def test_leaving_the_box_asks_no_second_time(page: Page) -> None:
    asked: list[str] = []
    page.get_by_role("combobox", name="Search campaigns").fill("budgt:>5000usd")
    expect(page.locator("#live")).to_have_text("There is no field “budgt”.")
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("combobox", name="Search campaigns").blur()
    page.wait_for_timeout(300)
    assert asked == []


@pytest.mark.parametrize(
    ("word", "more"), [("stays", ""), ("remains", " two")], ids=["the same words", "more words"]
)
def test_who_is_at_a_row_stays_there_when_it_is_found_anew(
    page: Page, keys: Keyboard, stack: Stack, word: str, more: str
) -> None:
    make(stack, f"{word} one", f"{word} two")
    page.goto("/")
    keys.find(word, 2)
    row = page.get_by_role("link", name=f"{word} two", exact=True)
    row.focus()
    row.evaluate("(link) => { link.dataset.old = 1; }")

    search_for(page, word + more)
    keys.answered()

    expect(page.locator("[data-old]")).to_have_count(0)
    expect(row).to_be_focused()


def test_who_is_at_a_row_that_goes_is_at_the_heading(
    page: Page, keys: Keyboard, stack: Stack
) -> None:
    make(stack, "Goes one", "Goes two")
    page.goto("/")
    keys.find("goes", 2)

    search_for(page, "nothing-like-it")
    keys.answered()

    expect(page.get_by_role("heading", name="No campaign matches")).to_be_focused()
