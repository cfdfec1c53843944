"""When the list cannot be read: what was shown stays, says of when it is, and how to ask again."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage, Watch
from tests.browser.keyboard import Keyboard
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import Stack
from webapp.campaigns import listing
from webapp.core.errors import TooSlow
from webapp.core.listing import Page as Rows

LIST = "**/campaigns?*"


@pytest.fixture
def answered_by(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Callable[[Page, object], None]:
    """Have the list's pages made here, for whoever the browser is signed in as, so that what the
    database answers can be another."""

    def answer(route: Route, request: Request) -> None:
        address = urlsplit(request.url)
        made = stack.app.test_client(use_cookies=False).get(
            f"{address.path}?{address.query}", headers=request.all_headers(), buffered=True
        )
        route.fulfill(
            status=made.status_code, headers=dict(made.headers), body=made.get_data(as_text=True)
        )

    def arrange(page: Page, found: object) -> None:
        monkeypatch.setattr(listing, "list_with_archived", found)
        page.route(LIST, answer)

    return arrange


Arrange = Callable[[Page, Callable[..., object]], None]


def too_slow(*_: object) -> None:
    raise TooSlow


def nothing(archived: int) -> Callable[..., tuple[Rows[object], int]]:
    none: Sequence[object] = []
    return lambda *_: (Rows(none, 1, 50, 0), archived)


def opened(page: Page, stack: Stack, word: str) -> str:
    """The list of three new campaigns; and of when it says its rows are."""
    with stack.data():
        for place in range(3):
            factories.campaign(title=f"{word} {place}")
    page.goto(f"/campaigns?q={word}")
    return page.locator("#read-at").text_content() or "no time"


def keeps_its_rows(page: Page, word: str, read_at: str) -> None:
    expect(page.locator("#trouble")).to_contain_text(f"It was read at {read_at}.")
    expect(page.locator("#results tbody tr")).to_have_count(3)
    expect(page.locator("#results tbody tr").first).to_contain_text(word)
    # The address is of what is shown.
    assert page.url.endswith(f"q={word}")


def test_a_search_that_is_too_slow_leaves_the_rows(
    new_page: NewPage, stack: Stack, answered_by: Arrange
) -> None:
    page = new_page()
    read_at = opened(page, stack, "patient")
    answered_by(page, too_slow)
    page.get_by_label("Search campaigns").fill("patient 1")

    Keyboard(page).heard(f"It was read at {read_at}.")
    expect(page.locator("#trouble")).to_contain_text("This search takes too long")
    keeps_its_rows(page, "patient", read_at)
    expect(page.get_by_label("Search campaigns")).to_be_focused()
    page.unroute(LIST)
    page.get_by_role("link", name="Load again").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#trouble")).to_be_hidden()


def test_the_next_search_that_comes_through_takes_the_trouble_away(
    new_page: NewPage, stack: Stack, answered_by: Arrange
) -> None:
    page = new_page()
    opened(page, stack, "passing")
    answered_by(page, too_slow)
    page.get_by_label("Search campaigns").fill("passing 1")
    expect(page.locator("#trouble")).to_be_visible()
    page.unroute(LIST)
    page.get_by_label("Search campaigns").fill("passing 2")

    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#trouble")).to_be_hidden()


def test_without_scripts_a_search_that_is_too_slow_says_so_on_a_page(
    new_page: NewPage, stack: Stack, answered_by: Arrange
) -> None:
    page = new_page(java_script_enabled=False)
    opened(page, stack, "plainly")
    answered_by(page, too_slow)
    page.get_by_label("Search campaigns").fill("plainly 1")
    page.get_by_label("Search campaigns").press("Enter")

    expect(page.get_by_role("heading", name="This search takes too long")).to_be_visible()
    page.unroute(LIST)
    page.get_by_role("link", name="Load again").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_when_nothing_can_be_reached_the_rows_stay_too(
    new_page: NewPage, stack: Stack, watch: Watch
) -> None:
    page = new_page()
    read_at = opened(page, stack, "stranded")
    page.route(LIST, lambda route: route.abort())
    page.get_by_label("Search campaigns").fill("stranded 1")

    expect(page.locator("#trouble")).to_contain_text("could not be reached")
    keeps_its_rows(page, "stranded", read_at)
    assert ["htmx:sendError" in problem for problem in watch.problems] == [True]
    watch.problems.clear()
    page.unroute(LIST)
    page.get_by_role("link", name="Load again").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)


def _search_on(page: Page) -> None:
    page.get_by_label("Search campaigns").fill("another")
    expect(page.locator("#trouble")).to_be_visible()


def _open_copies(page: Page) -> None:
    page.get_by_text("Copy as", exact=True).click()
    expect(page.get_by_role("button", name="Copy").first).to_be_visible()


STATES = {
    "search takes too long": ("/campaigns?q=state", too_slow, None),
    "search takes too long, over rows": ("/campaigns", too_slow, _search_on),
    "every campaign is in the archive": ("/campaigns?view=all", nothing(archived=7), None),
    "no campaigns yet": ("/campaigns?view=all", nothing(archived=0), None),
    "copied as": ("/campaigns?per_page=25", listing.list_with_archived, _open_copies),
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_is_sound(
    new_page: NewPage, answered_by: Arrange, state: str, size: dict[str, int]
) -> None:
    path, found, act = STATES[state]
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    answered_by(page, found)
    page.goto(path, wait_until="networkidle")
    if act:
        act(page)
    elif found is not listing.list_with_archived:
        expect(page.locator("#results .empty h2")).to_be_visible()

    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []
