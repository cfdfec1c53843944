"""How much a page costs to load, and how it keeps its place in the address."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from tests import factories
from tests.browser.conftest import MANAGER, NewPage

FIRST_LOAD_BYTES, FIRST_LOAD_REQUESTS = 60 * 1024, 6
FRAGMENT_BYTES = 25 * 1024


def load(page: Page, path: str) -> list[Response]:
    """Every answer that a first visit to this address fetches."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        # What a page asks for after a while, to bring news, is not of its first load.
        if "x-unattended" not in answer.request.headers:
            answers.append(answer)

    page.on("response", note)
    page.goto(path, wait_until="networkidle")
    return answers


def sent(answer: Response) -> int:
    """What came over the wire, headers and all: as compressed as the server makes it."""
    sizes = answer.request.sizes()
    return sizes["responseHeadersSize"] + sizes["responseBodySize"]


@pytest.mark.parametrize(
    "path", ["/campaigns", "/", "/campaigns/new", "/sync", "/advertisers", "/timeline", "/palette"]
)
def test_a_first_load_is_light(new_page: NewPage, path: str) -> None:
    answers = load(new_page(), path)

    # By address: what may be kept for good, as icons are, comes once, however often it is used.
    sizes = dict.fromkeys((answer.url for answer in answers), 0)
    for answer in answers:
        sizes[answer.url] += sent(answer)
    assert len(sizes) <= FIRST_LOAD_REQUESTS, sizes
    # Nothing was left out of the sum, and the page itself was made smaller.
    assert min(sizes.values()) > 0
    assert len(answers[0].body()) > sizes[answers[0].url]
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES, sizes


def test_a_fragment_of_fifty_rows_is_light_and_is_all_that_a_search_fetches(
    new_page: NewPage,
) -> None:
    page = new_page()
    load(page, "/campaigns")
    page.get_by_label("Rows", exact=True).select_option("50")
    # Of the last question: the answer to the one before is broken off in the middle.
    with page.expect_response(lambda answer: "archived=all" in answer.url) as fetched:
        page.get_by_label("Archived").select_option("all")
    fragment = fetched.value
    expect(page.locator("#results tbody tr")).to_have_count(50)

    assert "<html" not in fragment.text()
    assert len(fragment.body()) > sent(fragment) > 0
    assert sent(fragment) <= FRAGMENT_BYTES


def test_the_address_says_what_is_on_screen_and_back_undoes_it(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/campaigns")
    first = page.locator("#results tbody th").first.inner_text()
    page.get_by_label("Search campaigns").fill("xyzzy")
    expect(page.locator("#results")).to_contain_text("No campaign matches")
    expect(page).to_have_url(re.compile("/campaigns[?]q=xyzzy$"))
    # What happened is said to those who do not see it.
    expect(page.locator("#live")).to_contain_text("No campaigns")

    page.reload()
    expect(page.locator("#results")).to_contain_text("No campaign matches")
    page.go_back()
    expect(page.locator("#results tbody th").first).to_have_text(first)
    expect(page.get_by_label("Search campaigns")).to_have_value("")


def test_sorting_by_a_press_tells_which_way(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/campaigns")
    header = page.get_by_role("columnheader", name="Campaign")
    header.get_by_role("link").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("link").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(page).to_have_url(re.compile("sort=-title"))


def test_a_session_that_ended_asks_to_sign_in_and_leads_back(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/campaigns")
    page.context.clear_cookies()
    page.get_by_label("Rows", exact=True).select_option("25")

    page.wait_for_url("**/sign-in?**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("E-mail").fill(MANAGER)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/campaigns?**")
    assert "per_page=25" in page.url
