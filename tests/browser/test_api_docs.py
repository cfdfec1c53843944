"""The API's documentation in a browser: usable by everyone, and nothing from elsewhere."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from webapp.api.operation import OPERATIONS

PAGES = ["/api/docs/first-script", "/api/redoc", "/api/docs/errors"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound_for_a_stranger(new_page: NewPage, path: str, size: dict[str, int]) -> None:
    page = new_page(as_=None, viewport=size)
    page.context.add_init_script(path=AXE)
    page.goto(path)

    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []


def test_the_api_is_tried_out_under_the_strict_policy(new_page: NewPage) -> None:
    page = new_page(as_=None)
    page.goto("/api/docs")
    expect(page.locator(".opblock")).to_have_count(len(OPERATIONS))

    page.locator("#operations-Token-get_me .opblock-summary-control").click()

    answers = page.locator("#operations-Token-get_me .responses-wrapper")
    expect(answers).to_contain_text("no_token")


def test_without_javascript_the_reference_is_named(new_page: NewPage) -> None:
    page = new_page(as_=None, java_script_enabled=False)
    page.goto("/api/docs")
    page.get_by_role("main").get_by_role("link", name="reference").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("API reference")
