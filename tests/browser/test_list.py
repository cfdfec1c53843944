"""The list of campaigns in the browser: its columns, views, figures and boxes, and the way back."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from urllib.parse import unquote_plus
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage, post
from tests.browser.keyboard import UNDER_WAY, Keyboard
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import VIEWER, Stack
from webapp.advertisers.models import Advertiser
from webapp.campaigns.columns import COLUMNS
from webapp.core.clock import utc_now
from webapp.core.db import db

_numbers = count(1)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest, new_page: NewPage) -> Page:
    return new_page(java_script_enabled=request.param)


def some(stack: Stack, number: int = 3) -> str:
    """A word that so many new campaigns have in their title, in USD and EUR by turns."""
    word = f"lot{next(_numbers)}x"
    with stack.data():
        for place in range(number):
            currency = ("USD", "EUR")[place % 2]
            factories.campaign(title=f"{word} {place}", budget=(10_000, currency))
    return word


def heads(page: Page) -> list[str]:
    return [text for text in page.locator("#results thead th").all_inner_texts() if text.strip()]


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=name, exact=True)


def open_chooser(page: Page) -> None:
    page.get_by_text("Columns", exact=True).click()
    link = page.get_by_role("link", name="Choose the columns, and move them")
    if link.is_visible() and not page.evaluate("typeof htmx !== 'undefined'"):
        link.click()
    expect(box(page, "Booking source")).to_be_visible()


def test_columns_are_chosen_and_moved_and_stay(page: Page, stack: Stack) -> None:
    word = some(stack)
    page.goto(f"/campaigns?q={word}")
    open_chooser(page)
    for unwanted in ("Advertiser", "External ID", "Sync", "Changed"):
        box(page, unwanted).uncheck()
    box(page, "Revenue").check()
    for place in reversed(range(7)):
        page.get_by_role("button", name="Move Revenue up").click()
        # Pressed while an answer is under way, it would be one move for two presses.
        expect(page.locator("#columns li").nth(place)).to_contain_text("Revenue")
        expect(page.locator(UNDER_WAY)).to_have_count(0)
    box(page, "Compact rows").check()
    page.get_by_role("button", name="Show these columns").click()

    expect(page.locator("#results table.compact")).to_be_visible()
    assert heads(page) == ["Campaign", "Revenue", "Budget"]
    page.reload()
    assert heads(page) == ["Campaign", "Revenue", "Budget"]
    assert f"q={word}" in page.url


def test_the_chooser_keeps_what_was_filtered_meanwhile(new_page: NewPage, stack: Stack) -> None:
    word = some(stack)
    page = new_page()
    page.goto("/campaigns")
    open_chooser(page)
    page.get_by_label("Search campaigns").fill(word)
    expect(page.locator("#results tbody tr")).to_have_count(3)
    box(page, "Compact rows").check()
    page.get_by_role("button", name="Show these columns").click()

    expect(page.locator("#results table.compact tbody tr")).to_have_count(3)


def test_more_filters_narrow_the_list_at_once(new_page: NewPage, stack: Stack) -> None:
    word = some(stack)
    page = new_page()
    page.goto(f"/campaigns?q={word}")
    page.get_by_text("More filters").click()
    page.get_by_role("combobox", name="Currency").select_option("EUR")

    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("currency=EUR"))
    page.reload()
    page.get_by_text("More filters").click()
    expect(page.get_by_role("combobox", name="Currency")).to_have_value("EUR")


def test_a_field_that_is_being_typed_is_no_error_yet(new_page: NewPage, stack: Stack) -> None:
    word = some(stack)
    page = new_page()
    page.clock.install()
    page.goto(f"/campaigns?q={word}")
    rows = page.locator("#results tbody tr")
    field = page.get_by_label("Search campaigns")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(unquote_plus(request.url)))
    # However slowly this machine types: the list asks for half a word only when it is told to.
    page.clock.pause_at(utc_now() + timedelta(minutes=5))
    field.press("End")
    field.press_sequentially(" currency:")
    # Longer than the list waits for the next key.
    page.clock.run_for(1_000)
    expect(page.locator("#suggestions").get_by_role("option").first).to_be_visible()
    field.press("Escape")
    expect(rows).to_have_count(3)
    field.press_sequentially("eur")
    page.clock.run_for(1_000)
    expect(rows).to_have_count(1)
    assert not [address for address in asked if f"/campaigns?q={word} currency:&" in address]
    page.clock.resume()
    # Asked as it is, it says what is missing.
    field.fill(f"{word} currency:")
    field.press("Enter")
    expect(page.locator("#results")).to_contain_text("could not be read")


def _advertisers(stack: Stack, word: str, number: int = 3) -> list[str]:
    """Names of direct advertisers that begin with a word, each with a campaign of that word."""
    names = [f"{word} buyer {place}" for place in range(number)]
    with stack.data():
        connection_id = db.session.query(Advertiser).first().connection_id
        for name in names:
            buyer = factories.advertiser(name=name, connection_id=connection_id, agency_id=None)
            factories.campaign(title=f"{word} of {name[-1]}", advertiser_id=buyer.id)
    return names


def test_the_list_of_one_advertiser_is_asked_for_by_keyboard(
    new_page: NewPage, stack: Stack
) -> None:
    word = some(stack, 0)
    names = _advertisers(stack, word)
    page = new_page()
    keyboard = Keyboard(page)
    page.goto(f"/campaigns?q={word}")
    rows = page.locator("#results tbody tr")
    keyboard.tab_to("More filters")
    keyboard.press("Enter")
    field = page.get_by_role("combobox", name="Advertiser")
    expect(field).to_be_visible()
    keyboard.tab_to("Advertiser")
    keyboard.ask(f"{word} buy")
    keyboard.heard("3 advertisers, use the arrow keys")
    keyboard.press("ArrowDown", "ArrowDown", "Enter")

    expect(field).to_have_value(names[1])
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(f"{word} of 1")
    expect(page).to_have_url(re.compile(r"advertiser=\d+"))
    keyboard.heard("1–1 of 1 campaigns")
    # What names nobody is dropped on the way out, and the list stays what the box says.
    keyboard.type("xyz")
    keyboard.press("Tab")
    expect(field).to_have_value(names[1])
    expect(rows).to_have_count(1)
    keyboard.press("Shift+Tab", "Control+a", "Delete", "Tab")
    expect(rows).to_have_count(3)
    expect(page).not_to_have_url(re.compile("advertiser="))


def test_the_list_of_one_advertiser_without_scripts(new_page: NewPage, stack: Stack) -> None:
    word = some(stack, 0)
    names = _advertisers(stack, word)
    page = new_page(java_script_enabled=False)
    page.goto(f"/campaigns?q={word}")
    page.get_by_text("More filters").click()
    page.get_by_role("link", name="Advertiser, agency, owner").click()
    page.get_by_label("Advertiser").fill(word)
    page.get_by_role("button", name="Show the campaigns").click()
    page.get_by_role("link", name=names[2]).click()

    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#results tbody tr")).to_contain_text(f"{word} of 2")


def test_a_view_is_saved_shared_changed_renamed_and_deleted(
    page: Page, new_page: NewPage, stack: Stack
) -> None:
    word = some(stack)
    page.goto(f"/campaigns?q={word}&sort=title")
    page.get_by_role("link", name="Save as a view").click()
    page.get_by_label("Name").fill(f"View of {word}")
    page.get_by_label("Share it").check()
    page.get_by_role("button", name="Save the view").click()
    tab = page.get_by_role("link", name=f"View of {word}")
    expect(tab).to_have_attribute("aria-current", "page")

    other = new_page(as_=VIEWER)
    other.goto("/campaigns")
    other.get_by_role("link", name=f"View of {word}").click()
    expect(other.locator("#results tbody tr")).to_have_count(3)
    other.get_by_role("columnheader", name="Advertiser").get_by_role("link").click()
    expect(other.get_by_text("with unsaved changes")).to_be_visible()
    expect(other.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    other.get_by_role("link", name="Reset").click()
    expect(other.get_by_text("with unsaved changes")).to_have_count(0)

    page.get_by_role("columnheader", name="Advertiser").get_by_role("link").click()
    expect(page.get_by_text("with unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("with unsaved changes")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Advertiser")).to_have_attribute(
        "aria-sort", "ascending"
    )

    page.get_by_role("link", name="All views…").click()
    page.get_by_role("link", name=f"Rename or share View of {word}").click()
    page.get_by_label("Name").fill(f"Renamed {word}")
    page.get_by_role("button", name="Save the view").click()
    page.get_by_role("link", name=f"Delete Renamed {word}").click()
    page.get_by_role("button", name="Delete the view").click()
    expect(page.get_by_role("link", name=word)).to_have_count(0)


def test_the_home_view_is_what_the_list_opens_with(page: Page) -> None:
    page.goto("/views")
    post(page, page.get_by_role("row", name="No budget").get_by_role("button"))
    page.goto("/campaigns")
    expect(page.get_by_role("link", name="No budget")).to_have_attribute("aria-current", "page")

    page.goto("/views")
    post(page, page.get_by_role("row", name=re.compile("^All ")).get_by_role("button"))
    page.goto("/campaigns")
    expect(page.get_by_role("link", name=re.compile(r"^All( \d+)?$"))).to_have_attribute(
        "aria-current", "page"
    )


def test_figures_arrive_after_the_page(new_page: NewPage, stack: Stack) -> None:
    word = some(stack)
    page = new_page()
    page.goto(f"/campaigns?q={word}")

    expect(page.locator("#figures")).to_contain_text("200.00 USD")
    expect(page.locator("#figures")).to_contain_text("100.00 EUR")
    expect(page.locator("#count-copy-needed")).to_have_text(re.compile(r"^\d+$"))
    # As one phrase: the word by itself may have a 1 in it.
    page.get_by_label("Search campaigns").fill(f'"{word} 1"')
    expect(page.locator("#figures")).not_to_contain_text("USD")
    assert "/figures" not in page.url


@pytest.mark.parametrize(
    ("button", "picked"),
    [("Change the ticked", 2), ("This page", 25), ("All that match", 30)],
)
def test_rows_a_page_or_all_go_on_to_a_bulk_change(
    page: Page, stack: Stack, button: str, picked: int
) -> None:
    word = some(stack, 30)
    page.goto(f"/campaigns?q={word}&per_page=25&sort=title")
    page.get_by_role("checkbox", name=f"Select {word} 0", exact=True).check()
    page.get_by_role("checkbox", name=f"Select {word} 1", exact=True).check()
    page.get_by_label("What to do").select_option("archive")
    page.get_by_role("button", name=button).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Archive")
    expect(page.locator("main")).to_contain_text(f"{picked} campaigns")


def test_the_way_back_ends_at_the_same_row(new_page: NewPage, stack: Stack) -> None:
    word = some(stack, 30)
    page = new_page()
    page.goto(f"/campaigns?q={word}&sort=title")
    row = page.get_by_role("link", name=f"{word} 7", exact=True)
    row.click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Notes").fill("Called.")
    page.get_by_role("button", name=re.compile("^Save")).click()

    expect(page.locator("main")).to_contain_text("Saved here")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first.click()
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()

    page.get_by_role("checkbox", name=f"Select {word} 9", exact=True).check()
    page.get_by_role("button", name="Change the ticked").click()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").first.click()
    expect(page.get_by_role("link", name=f"{word} 9", exact=True)).to_be_focused()


def test_the_box_in_the_head_ticks_the_page(new_page: NewPage, stack: Stack) -> None:
    word = some(stack)
    page = new_page()
    page.goto(f"/campaigns?q={word}")
    page.get_by_role("checkbox", name="Select the whole page").check()

    expect(page.locator("[data-ticked]")).to_have_text("With the 3 ticked:")
    expect(page.locator("#results tbody :checked")).to_have_count(3)


def _open_panels(page: Page) -> None:
    page.get_by_text("More filters").click()
    expect(page.get_by_label("Budget from")).to_be_visible()
    open_chooser(page)


def _look_for_advertiser(page: Page) -> None:
    page.get_by_text("More filters").click()
    page.get_by_role("combobox", name="Advertiser").press("ArrowDown")
    page.wait_for_selector("#advertiser-name-found li")
    page.keyboard.press("ArrowDown")


def _tick_two(page: Page) -> None:
    for number in (0, 1):
        page.locator("#results tbody [name=pick]").nth(number).check()


def _save_nameless(page: Page) -> None:
    page.get_by_role("button", name="Save the view").click()
    expect(page.locator("#error-summary")).to_be_focused()


def _overtake(page: Page) -> None:
    """Save over a view that was saved over in another tab."""
    page.get_by_label("Name").fill(f"Overtaken {next(_numbers)}")
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**view=**")
    view = page.url
    other = page.context.new_page()
    for tab, state in ((page, "parked"), (other, "gone")):
        tab.goto(f"{view}&sync={state}")
    for tab in (other, page):
        post(tab, tab.get_by_role("button", name="Save", exact=True))
    other.close()
    expect(page.locator("#error-summary")).to_be_focused()


def _rename_twice(page: Page) -> None:
    """Rename a view that was renamed in another tab."""
    page.get_by_label("Name").fill(f"Renamed {next(_numbers)}")
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**view=**")
    address = f"/views/{page.url.partition('view=')[2]}"
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(address)
    for tab in (other, page):
        tab.get_by_label("Name").fill(f"Renamed {next(_numbers)}")
        post(tab, tab.get_by_role("button", name="Save the view"))
    other.close()
    expect(page.locator("#error-summary")).to_be_focused()


STATES: dict[str, tuple[str, Callable[[Page], None] | None]] = {
    "views over the list": ("/campaigns", None),
    "unsaved changes": ("/campaigns?view=mine&sort=title", None),
    "a view that is gone": (f"/campaigns?view={uuid4()}", None),
    "panels open": ("/campaigns?columns=owner,revenue&density=compact", _open_panels),
    "every column": (f"/campaigns?columns={','.join(COLUMNS)}", None),
    "rows ticked": ("/campaigns?per_page=25", _tick_two),
    "filters alone": ("/campaigns/filters?q=a", None),
    "no such advertiser": ("/campaigns/filters?advertiser_name=xyzzy", None),
    "advertisers in the panel": ("/campaigns", _look_for_advertiser),
    "columns alone": ("/campaigns/columns?list=q%3Da", None),
    "figures": ("/campaigns/figures", None),
    "all views": ("/views", None),
    "a view that was saved meanwhile": ("/views/new?list=q%3Da", _overtake),
    "a view that was renamed meanwhile": ("/views/new?list=q%3Da", _rename_twice),
    "a view to be saved": ("/views/new?list=q%3Da", _save_nameless),
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_is_sound(new_page: NewPage, state: str, size: dict[str, int]) -> None:
    path, act = STATES[state]
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    page.goto(path, wait_until="networkidle")
    if act:
        act(page)

    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []
