"""A day's work, in the browser: found, booked, watched until confirmed, edited, archived."""

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage, post, sign_in
from tests.browser.keyboard import Keyboard
from tests.support.stack import Stack, until

CONFIRMED = "Confirmed by Megaphone"


@dataclass(frozen=True)
class Person:
    """Someone at the browser, with scripts or without."""

    page: Page
    stack: Stack
    scripts: bool

    def look_again_until(self, words: str) -> None:
        """With scripts the page tells by itself; without, a person reloads it."""
        line = self.page.locator("#sync-line")
        if not self.scripts:
            until(lambda: words in self._reloaded(), f"the sync line says “{words}”")
        expect(line).to_contain_text(words)

    def _reloaded(self) -> str:
        self.page.reload()
        return self.page.locator("#sync-line").inner_text()

    def search(self, words: str) -> None:
        self.page.goto("/campaigns")
        self.page.get_by_label("Search campaigns").fill(words)
        self.page.get_by_label("Search campaigns").press("Enter")
        for word in words.split():
            expect(self.page.get_by_role("list", name="Filters applied")).to_contain_text(word)
        self.page.wait_for_url("**q=**")

    def titles(self) -> list[str]:
        return self.page.locator("#results tbody th").all_inner_texts()

    def book(self, title: str, external_id: str) -> None:
        self.page.goto("/campaigns")
        self.page.get_by_role("link", name="New campaign").click()
        self.page.get_by_label("Title").fill(title)
        self.pick_advertiser()
        self.page.get_by_label("External ID").fill(external_id)
        self.page.get_by_label("Total budget").fill("5,000.00")
        self.page.get_by_label("Currency").select_option("USD")
        self.page.get_by_label("Ad copy is needed").check()
        self.page.get_by_role("button", name="Book and send to Megaphone").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title)

    def pick_advertiser(self) -> None:
        field = self.page.get_by_label("Advertiser")
        if not self.scripts:
            field.select_option(index=3)
            return
        # Before its script came it was a plain select, in which the same press chooses.
        expect(self.page.locator("#advertiser-list")).to_be_attached()
        field.press("ArrowDown")
        expect(self.page.locator("#advertiser-list")).to_be_visible()
        field.press("ArrowDown")
        field.press("Enter")

    def remote(self) -> dict[str, Any]:
        """What Megaphone holds of the campaign whose page is open."""
        remote_id = self.page.locator("dl.facts dd").last.inner_text()
        campaign: dict[str, Any] = self.stack.sandbox.control("GET", f"campaigns/{remote_id}")
        return campaign


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def person(request: pytest.FixtureRequest, new_page: NewPage, stack: Stack) -> Person:
    page = new_page(as_=None, java_script_enabled=request.param)
    return Person(page, stack, request.param)


def test_a_day_s_work(person: Person) -> None:
    page, name = person.page, "scripts" if person.scripts else "plain"
    title, external_id = f"Harvest {name}", f"PO-{name}"

    sign_in(page)
    person.book(title, external_id)
    person.look_again_until(CONFIRMED)
    page.reload()
    assert person.stack.written(external_id) == ["POST"]
    assert person.remote()["title"] == title
    assert person.remote()["totalBudgetCents"] == 500_000

    person.search(f"harvest {name}")
    assert person.titles() == [title]
    page.get_by_role("link", name=title, exact=True).click()

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Total budget").fill("6000")
    page.get_by_role("button", name="Save and send to Megaphone").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    person.look_again_until(CONFIRMED)
    until(lambda: person.remote()["totalBudgetCents"] == 600_000, "the new budget is there")
    assert person.stack.written(external_id) == ["POST", "PUT"]

    address, remote_id = page.url, person.remote()["id"]
    changed = f"{title}, renamed there"
    person.stack.sandbox.control("PUT", f"campaigns/{remote_id}", {"title": changed})
    page.goto("/sync")
    post(page, page.get_by_role("button", name="Sync now"))
    until(lambda: _heading(page, address) == changed, "the change made there is here")

    page.get_by_role("button", name="Archive here").click()
    expect(page.locator("main")).to_contain_text("was not told")
    person.search(f"harvest {name}")
    assert person.titles() == []
    page.get_by_role("link", name="Show them").click()
    page.get_by_role("link", name=changed, exact=True).click()
    page.get_by_role("button", name="Unarchive here").click()
    person.search(f"harvest {name}")
    assert person.titles() == [changed]

    post(page, page.get_by_role("button", name="Sign out").first)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def _heading(page: Page, address: str) -> str:
    page.goto(address)
    return page.get_by_role("heading", level=1).inner_text()


def test_finding_and_editing_by_keyboard_alone(new_page: NewPage, stack: Stack) -> None:
    page = new_page()
    person = Person(page, stack, scripts=True)
    person.book("Keyboard only", "PO-keys")
    person.look_again_until(CONFIRMED)
    page.goto("/")

    keys = Keyboard(page)
    keys.find("keyboard only", 1)
    keys.press("/")
    keys.tab_to("Keyboard only")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard only")

    keys.press("e")
    page.wait_for_url("**/edit**")
    keys.tab_to("Title")
    keys.press("Control+a")
    keys.type("By keyboard")
    keys.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")
    person.look_again_until(CONFIRMED)
    assert stack.written("PO-keys") == ["POST", "PUT"]


def test_what_was_typed_is_kept_when_it_cannot_be_saved(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/campaigns/new")
    page.get_by_label("Title").fill("  ")
    page.get_by_label("Total budget").fill("1.234")
    page.get_by_role("button", name="Book and send to Megaphone").click()

    expect(page.locator("#error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    expect(page.get_by_label("Total budget")).to_have_value("1.234")


def test_pressing_twice_books_once(new_page: NewPage, stack: Stack) -> None:
    page = new_page()
    page.goto("/campaigns/new")
    page.get_by_label("Title").fill("Pressed twice")
    Person(page, stack, scripts=True).pick_advertiser()
    page.get_by_label("External ID").fill("PO-twice")
    page.get_by_role("button", name="Book and send to Megaphone").dblclick()

    expect(page.get_by_role("heading", level=1)).to_have_text("Pressed twice")
    Person(page, stack, scripts=True).look_again_until(CONFIRMED)
    assert stack.written("PO-twice") == ["POST"]
