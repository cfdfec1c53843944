"""Whole journeys with the keyboard alone, and what a screen reader hears on the way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests import factories
from tests.browser.conftest import NewPage, Watch
from tests.browser.keyboard import Keyboard, make
from tests.browser.test_journeys import Person
from tests.exchange.files import retyped, saved
from tests.support.stack import MANAGER, Stack, until
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db


@pytest.fixture
def page(new_page: NewPage) -> Page:
    page = new_page()
    page.goto("/")
    return page


def _first_line(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_find_edit_and_save_and_be_back_at_the_row(
    page: Page, keys: Keyboard, stack: Stack
) -> None:
    make(stack, "Keys edit one", "Keys edit two")
    keys.find("keys edit", 2)
    keys.heard("1–2 of 2 campaigns")
    keys.press("j")
    title = page.evaluate("document.activeElement.textContent.trim()")
    keys.press("e")
    page.wait_for_url("**/edit?**")
    keys.tab_to("Title")
    keys.press("Control+a")
    keys.type(f"{title} anew")
    keys.press("Enter")

    page.wait_for_url("**/campaigns?q=**")
    keys.at(f"{title} anew")
    keys.heard("Saved")
    # On from there, not from the top.
    keys.press("j")
    assert title not in page.evaluate("document.activeElement.textContent")


def test_an_error_takes_the_focus_and_leads_to_its_field(page: Page, keys: Keyboard) -> None:
    keys.press("Control+k")
    keys.type("new campaign")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("New campaign")
    keys.press("Enter")
    page.wait_for_url("**/campaigns/new")
    keys.tab_to("Book and send to Megaphone")
    keys.press("Enter")
    expect(page.locator("#error-summary")).to_be_focused()
    keys.press("Tab", "Enter")
    expect(page.get_by_label("Title")).to_be_focused()


def test_change_three_rows_at_once(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, *[f"Keys bulk {number}" for number in range(4)])
    keys.find("keys bulk", 4)
    picked = []
    for _ in range(3):
        picked.append(page.evaluate("document.activeElement.textContent.trim()"))
        keys.press("x", "j")
    keys.heard("3 of 4 selected")
    # Taken off again, and put on.
    keys.press("k", "x")
    keys.heard("2 of 4 selected")
    keys.press("x")
    keys.heard("3 of 4 selected")

    keys.archive_ticked(3)

    archived = select(Campaign.title).where(
        Campaign.title.startswith("Keys bulk"), Campaign.archived_at.is_not(None)
    )
    assert sorted(stack.read(lambda: db.session.scalars(archived).all())) == sorted(picked)


def test_decide_a_conflict(page: Page, keys: Keyboard, stack: Stack) -> None:
    person = Person(page, stack, scripts=True)
    person.book("Keys conflict", "PO-keys-conflict")
    person.look_again_until("Confirmed by Megaphone")
    page.reload()
    remote_id = person.remote()["id"]
    stack.sandbox.control("PUT", f"campaigns/{remote_id}", {"title": "Keys conflict, theirs"})
    keys.press("e")
    page.wait_for_url("**/edit**")
    keys.tab_to("Title")
    keys.press("Control+a")
    keys.type("Keys conflict, ours")
    keys.press("Enter")
    person.look_again_until("Conflict in title")

    keys.go("n")
    page.wait_for_url("**/needs-you")
    keys.tab_to("Decide: Keys conflict, ours")
    keys.press("Enter")
    page.wait_for_url("**/conflicts**")
    for _ in range(40):
        keys.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    keys.press("Space")
    expect(page.locator("#choice-title-ours")).to_be_checked()
    keys.press("Enter")
    keys.heard("Saved here.")
    until(lambda: _there(stack, remote_id) == "Keys conflict, ours", "what was decided is there")


def _there(stack: Stack, remote_id: str) -> str:
    return str(stack.sandbox.control("GET", f"campaigns/{remote_id}")["title"])


def test_import_a_file(page: Page, keys: Keyboard, stack: Stack, tmp_path: Path) -> None:
    with stack.data():
        uuid = factories.campaign(title="Keys import", budget=(500_000, "USD")).uuid
    lines = [["ID", "Title", "Budget"], [str(uuid), "", ""]]
    file = tmp_path / "keys.csv"
    file.write_bytes(retyped(saved(lines), 1, Title="Keys import, retyped"))

    keys.press("Control+k")
    keys.type("import")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Import campaigns")
    keys.press("Enter")
    page.wait_for_url("**/import")
    # So that the browser already tells of choosers when the key is pressed.
    page.on("filechooser", lambda _chooser: None)
    keys.tab_to("CSV file")
    with page.expect_file_chooser() as chooser:
        keys.press("Space")
    chooser.value.set_files(file)
    keys.tab_to("Read the file")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Import of keys.csv")
    keys.tab_to("Do it, and send it to Megaphone")
    keys.press("Enter")
    expect(page.locator("#job")).to_contain_text("1 done")


def test_save_a_view_and_go_back_to_it(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys view")
    keys.find("keys view", 1)
    keys.tab_to("Save as a view", back=True)
    keys.press("Enter")
    page.wait_for_url("**/views/new**")
    keys.tab_to("Name")
    keys.type("By the keyboard")
    keys.press("Enter")
    page.wait_for_url("**/campaigns?**view=**")
    current = page.locator(".views [aria-current=page]")
    expect(current).to_contain_text("By the keyboard")
    view = page.url.partition("view=")[2]

    page.goto("/timeline")
    keys.press("Control+k")
    keys.type("by the")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("By the keyboard")
    keys.press("Enter")
    expect(current).to_contain_text("By the keyboard")
    assert page.url.partition("view=")[2] == view


def test_go_to_a_campaign_from_anywhere(page: Page, keys: Keyboard, stack: Stack) -> None:
    make(stack, "Keys palette one", "Keys palette two")
    keys.press("/")
    keys.go("s")
    page.wait_for_url("**/sync")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    keys.press("Control+k")
    box = page.get_by_role("combobox", name="Page, view or campaign")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "true")
    before = len(asked)
    # However slowly this machine types: for the page it is quick.
    page.clock.pause_at(utc_now() + timedelta(minutes=5))
    for letter in "palette":
        page.keyboard.type(letter)
        page.clock.run_for(20)
    page.clock.resume()
    options = page.locator("#palette [role=option]")
    expect(options).to_have_count(2)
    keys.heard("2 places")
    # One question for the whole word.
    assert len(asked) == before + 1

    chosen = page.locator("#palette [aria-selected=true]")
    first = chosen.inner_text()
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "none")
    keys.press("ArrowDown")
    expect(chosen).not_to_have_text(first)
    keys.press("ArrowDown")
    expect(chosen).to_have_text(first)
    keys.press("ArrowUp")
    second = chosen.locator("span").first.inner_text()
    expect(box).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(second)


def test_enter_goes_to_what_is_typed_not_to_what_was_found_before(
    page: Page, keys: Keyboard, stack: Stack
) -> None:
    make(stack, "Keys hurry")
    keys.press("Control+k")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Overview")
    keys.type("keys hurry")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys hurry")


def test_escape_leaves_the_palette_where_one_was(page: Page, keys: Keyboard) -> None:
    page.goto("/campaigns")
    keys.press("j", "j")
    here = page.evaluate("document.activeElement.href")
    keys.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    assert page.evaluate("document.activeElement.href") == here
    # In a field as well, where single keys are letters.
    keys.press("/")
    keys.type("xj")
    keys.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_label("Search campaigns")).to_be_focused()
    expect(page.get_by_label("Search campaigns")).to_have_value("xj")


def test_without_scripts_the_palette_is_a_page(new_page: NewPage, stack: Stack) -> None:
    make(stack, "Keys plain")
    page = new_page(java_script_enabled=False)
    page.goto("/timeline")
    page.get_by_role("link", name="Go to…").first.click()
    page.locator("main").get_by_label("Page, view or campaign").fill("keys plain")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Keys plain").click()
    assert _first_line(page) == "Keys plain"


@pytest.fixture
def keys_on_again(stack: Stack) -> Iterator[None]:
    yield
    with stack.data():
        Operator.query.filter_by(email=MANAGER).update({"single_keys": True})


@pytest.mark.usefixtures("keys_on_again")
def test_single_keys_are_off_wherever_one_signs_in_until_they_are_on_again(
    page: Page, keys: Keyboard, new_page: NewPage
) -> None:
    keys.press("?")
    box = page.get_by_label("Single keys are shortcuts")
    keys.tab_to("Single keys are shortcuts for me, wherever I sign in", back=True)
    keys.press("Space")
    keys.heard("Single keys are off.")
    keys.press("Escape")
    keys.go("s")
    keys.press("?")
    expect(page.locator("#shortcuts")).to_be_hidden()

    elsewhere = new_page()
    elsewhere.goto("/campaigns")
    there = Keyboard(elsewhere)
    there.press("j", "/")
    assert elsewhere.evaluate("document.activeElement === document.body")
    there.press("Control+k")
    expect(elsewhere.locator("#palette")).to_be_visible()
    there.press("Escape")

    keys.tab_to("Keyboard shortcuts")
    keys.press("Enter")
    expect(box).not_to_be_checked()
    keys.tab_to("Single keys are shortcuts for me, wherever I sign in")
    keys.press("Space")
    keys.heard("Single keys are on.")
    keys.press("Escape")
    keys.go("s")
    page.wait_for_url("**/sync")


@pytest.mark.usefixtures("keys_on_again")
def test_a_switch_that_could_not_be_kept_goes_back(
    page: Page, keys: Keyboard, watch: Watch
) -> None:
    page.route("**/keys", lambda route: route.abort())
    keys.press("?")
    page.get_by_label("Single keys are shortcuts").press("Space")
    keys.heard("could not be reached")
    expect(page.get_by_label("Single keys are shortcuts")).to_be_checked()
    assert ["htmx:sendError" in problem for problem in watch.problems] == [True]
    watch.problems.clear()
