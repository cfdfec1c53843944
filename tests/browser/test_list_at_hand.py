"""What stays at hand in the list: the view shown, what was pressed, the bar for ticked rows."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from tests import factories
from tests.browser.conftest import PHONE, NewPage
from tests.browser.keyboard import Keyboard
from tests.bulk.desk import Desk
from tests.support.stack import MANAGER, VIEWER, Stack
from webapp.auth.models import Operator
from webapp.bulk.operations import SetBudget
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.listing import COUNT_CAP
from webapp.savedviews.models import SavedView

_numbers = count(1)


def some(stack: Stack, number: int) -> str:
    """A word that so many new campaigns have in their title."""
    word = f"hand{next(_numbers)}y"
    with stack.data():
        factories.campaigns(number, title=lambda place: f"{word} {place}")
    return word


@pytest.fixture
def very_many(stack: Stack) -> Iterator[str]:
    """The word of more campaigns than a page counts; they go again, being in every list's way."""
    word = some(stack, COUNT_CAP + 30)
    yield word
    with stack.data():
        db.session.execute(delete(Campaign).where(Campaign.title.startswith(word)))


@pytest.fixture
def last_view(stack: Stack) -> Iterator[str]:
    """The last of so many views that no screen has room for their tabs."""
    names = [f"View from the far end {place:02}" for place in range(14)]
    with stack.data():
        viewer = db.session.query(Operator).filter_by(email=VIEWER).one()
        for name in names:
            factories.saved_view(viewer, name=name)
    yield names[-1]
    with stack.data():
        db.session.execute(delete(SavedView).where(SavedView.name.in_(names)))


def ticked(page: Page, number: int) -> None:
    expect(page.locator("#results tbody :checked")).to_have_count(number)
    expect(page.locator("[data-ticked]")).to_have_text(f"With the {number} ticked:")


def test_the_number_that_comes_later_is_said_again_and_makes_pages(
    new_page: NewPage, very_many: str
) -> None:
    page = new_page()
    page.goto("/campaigns?page=2")
    page.get_by_label("Search campaigns").fill(very_many)

    expect(page.locator("#counted")).to_have_text("1–50 of 1,030 campaigns")
    expect(page.locator("#pages")).to_contain_text("21")
    expect(page.locator("#live")).to_have_text("1–50 of 1,030 campaigns")
    page.get_by_label("Page 21").click()
    expect(page.locator("#counted")).to_have_text("1,001–1,030 of 1,030 campaigns")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_view_shown_and_the_way_to_all_are_in_sight(
    new_page: NewPage, last_view: str, scripts: bool
) -> None:
    page = new_page(as_=VIEWER, java_script_enabled=scripts)
    page.goto("/campaigns")
    address = page.get_by_role("link", name=last_view).get_attribute("href")
    page.goto(str(address))

    expect(page.locator(".views [aria-current]")).to_be_in_viewport(ratio=0.9)
    expect(page.locator(".views [aria-current]")).to_contain_text(last_view)
    expect(page.get_by_role("link", name="All views…")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("name", ["More filters", "Columns", "Copy as"])
def test_what_opens_a_panel_stays_under_the_pointer(new_page: NewPage, name: str) -> None:
    page = new_page()
    page.goto("/campaigns", wait_until="networkidle")
    summary = page.locator("summary", has_text=name)
    summary.scroll_into_view_if_needed()
    before = summary.bounding_box()
    summary.click()

    expect(page.locator("details[open] > div")).to_be_visible()
    after = summary.bounding_box()
    assert before
    assert after
    assert (before["x"], before["width"]) == (after["x"], after["width"])


def test_a_range_is_ticked_with_shift(new_page: NewPage, stack: Stack) -> None:
    page = new_page()
    page.goto(f"/campaigns?q={some(stack, 9)}")
    boxes = page.locator("#results tbody .pick input")
    boxes.nth(1).click()
    boxes.nth(5).click(modifiers=["Shift"])
    ticked(page, 5)
    boxes.nth(4).click(modifiers=["Shift"])
    ticked(page, 3)

    keyboard = Keyboard(page)
    page.locator("#results tbody th a").nth(6).focus()
    keyboard.press("x", "j", "j", "Shift+X")
    ticked(page, 6)
    keyboard.heard("6 of 9 selected")


def test_one_key_leads_to_the_bar_and_escape_back_to_the_row(
    new_page: NewPage, stack: Stack
) -> None:
    page = new_page()
    keyboard = Keyboard(page)
    page.goto(f"/campaigns?q={some(stack, 9)}")
    keyboard.press("j", "j", "j", "x", "b")
    expect(page.get_by_label("What to do")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Escape")
    expect(page.locator("#results tbody tr").nth(2).locator("th a")).to_be_focused()

    page.evaluate("document.body.dataset.singleKeys = 'off'")
    keyboard.press("b")
    expect(page.locator("#results tbody tr").nth(2).locator("th a")).to_be_focused()


def test_ticks_that_go_with_their_page_are_told(new_page: NewPage, stack: Stack) -> None:
    word = some(stack, 30)
    page = new_page()
    page.goto(f"/campaigns?q={word}&per_page=25")
    boxes = page.locator("#results tbody .pick input")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Dropped with the page before: 2 ticks.").first).to_be_visible()
    expect(page.locator("#live")).to_contain_text("Dropped with the page before: 2 ticks.")

    boxes.nth(0).check()
    page.get_by_label("Search campaigns").fill(f'"{word} 7"')
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#picked > p")).to_have_text("Dropped with the page before: 1 tick.")
    expect(page.locator("#live")).to_contain_text("1 tick. 1–1 of 1 campaigns")
    page.reload()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#picked > p")).to_have_count(0)


def test_ticks_are_dropped_with_the_page_before_and_with_no_earlier_one(
    new_page: NewPage, stack: Stack
) -> None:
    word = some(stack, 30)
    page = new_page()
    page.goto(f"/campaigns?q={word}&per_page=25")
    page.locator("#results tbody .pick input").first.check()
    with page.expect_navigation():
        page.get_by_role("link", name="Next").evaluate(
            "link => { link.search += '9'; link.click(); }"
        )
    expect(page.locator("#picked")).to_have_count(0)

    page.goto(f"/campaigns?q={word}")
    expect(page.locator("#results tbody tr")).to_have_count(30)
    page.locator("#results tbody .pick input").first.check()
    expect(page.locator("[data-ticked]")).to_have_text("With the 1 ticked:")
    expect(page.get_by_text("Dropped with the page before")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_on_a_phone_the_bar_comes_with_the_first_tick(
    new_page: NewPage, stack: Stack, scripts: bool
) -> None:
    page = new_page(viewport=PHONE, java_script_enabled=scripts)
    page.goto(f"/campaigns?q={some(stack, 9)}")
    bar = page.get_by_role("button", name="Change the ticked")
    expect(bar).to_be_hidden()
    row = page.locator("#results tbody tr").first
    before = row.bounding_box()
    row.get_by_role("checkbox").check()

    expect(bar).to_be_in_viewport(ratio=1)
    assert row.bounding_box() == before


def test_a_wide_screen_has_room_for_long_titles(new_page: NewPage, stack: Stack) -> None:
    with stack.data():
        word = factories.campaign(
            title="Handywide of a title with the usual fifty characters"
        ).title
    page = new_page(viewport={"width": 1920, "height": 900})
    page.goto(f"/campaigns?q={word}")

    title = page.locator("#results tbody .title")
    assert title.evaluate("el => el.scrollWidth <= el.clientWidth")


def test_a_currency_stays_beside_its_amount(new_page: NewPage, stack: Stack) -> None:
    with stack.data():
        manager = db.session.query(Operator).filter_by(email=MANAGER).one()
        campaign = factories.campaign(budget=(76_800_000, "USD"))
        job = Desk(manager).plan([campaign.id], SetBudget(86_800_000, "USD"))
        address = f"/bulk/{job.uuid}"
    page = new_page()
    page.goto(address)

    # However wide the column is, from where one amount just fits.
    lines = page.locator("td.wrap div:has(> ins)").evaluate(
        """change => {
          const found = [];
          for (let width = 140; width < 400; width += 10) {
            change.style.width = `${width}px`;
            for (const amount of change.querySelectorAll("del, ins"))
              found.push(Math.round(amount.getBoundingClientRect().height / 20));
          }
          return found;
        }"""
    )
    assert set(lines) == {1}
