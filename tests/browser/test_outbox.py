"""The list of changes while someone looks at it: it brings news, and leaves ticked rows alone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import PHONE, NewPage
from tests.support.stack import Stack
from webapp.campaigns.models import HELD, Change
from webapp.core.clock import utc_now

OUTBOX = "/changes?q=outbox&state=on-hold"
A_WHILE = 60_000


@pytest.fixture
def outbox(stack: Stack, new_page: NewPage) -> Iterator[Page]:
    """The list with two changes on hold, its timers in the test's hands."""
    hold(stack, "Outbox one")
    hold(stack, "Outbox two")
    page = new_page()
    page.clock.install()
    # From here on it stands: however long a test takes, the page asks for news when it is told to.
    page.clock.pause_at(utc_now() + timedelta(hours=1))
    page.goto(OUTBOX)
    expect(page.locator("tbody tr")).to_have_count(2)
    yield page
    with stack.data():
        Change.query.filter(Change.held_by == "outbox").update(
            {"state": "cancelled", "finished_at": utc_now()}
        )


def hold(stack: Stack, title: str) -> None:
    with stack.data():
        factories.change(factories.campaign(title=title), state=HELD, held_by="outbox")


def test_what_others_save_comes_by_itself_and_the_focus_stays(outbox: Page, stack: Stack) -> None:
    search = outbox.get_by_label("Search changes")
    search.focus()
    hold(stack, "Outbox three")
    outbox.clock.run_for(A_WHILE)

    expect(outbox.locator("tbody tr")).to_have_count(3)
    outbox.clock.resume()
    expect(outbox.locator("#live")).to_contain_text("1–3 of 3 changes")
    expect(search).to_be_focused()


def test_a_row_that_is_ticked_or_has_the_focus_stays_where_it_is(
    outbox: Page, stack: Stack
) -> None:
    asked: list[str] = []
    outbox.on("request", lambda request: asked.append(request.url))
    search = outbox.get_by_label("Search changes")
    box = outbox.get_by_label("Select the change of Outbox one")
    hold(stack, "Outbox three")

    box.check()
    search.focus()
    outbox.clock.run_for(A_WHILE)
    expect(box).to_be_checked()
    box.uncheck()
    outbox.get_by_role("row", name="Outbox one").get_by_role("button", name="Release").focus()
    outbox.clock.run_for(A_WHILE)
    expect(outbox.locator("tbody tr")).to_have_count(2)
    # The script that ticks need comes with the first of them.
    assert [each for each in asked if "/static/" not in each] == []

    search.focus()
    outbox.clock.run_for(A_WHILE)
    expect(outbox.locator("tbody tr")).to_have_count(3)


def test_the_box_in_the_head_ticks_the_page_and_knows_when_one_is_missing(outbox: Page) -> None:
    head = outbox.get_by_label("Select the whole page")
    first = outbox.get_by_label("Select the change of Outbox one")
    head.check()
    expect(first).to_be_checked()
    expect(outbox.locator(".bulk")).to_contain_text("With the 2 ticked:")

    first.uncheck()
    expect(head).not_to_be_checked()
    assert head.evaluate("box => box.indeterminate")
    outbox.get_by_role("button", name="Hold", exact=True).first.click()

    expect(outbox.get_by_role("heading", level=1)).to_have_text("Put on hold: 0 of 1")


def test_on_a_phone_every_button_of_a_row_is_in_sight(outbox: Page) -> None:
    outbox.set_viewport_size(PHONE)

    row = outbox.get_by_role("row", name="Outbox one")
    expect(row.get_by_role("button", name="Release")).to_be_in_viewport(ratio=1)
    expect(row.get_by_text("On hold by outbox")).to_be_in_viewport(ratio=1)
    wrap = "document.querySelector('.tablewrap')"
    assert outbox.evaluate(f"{wrap}.scrollWidth - {wrap}.clientWidth") == 0


def test_without_scripts_the_box_in_the_head_stands_for_the_page(
    outbox: Page, new_page: NewPage
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(OUTBOX)
    page.get_by_label("Select the whole page").check()
    page.get_by_role("button", name="Cancel and take back").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled: 2 of 2")
