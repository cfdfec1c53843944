"""A second factor in the browser: set up with an app; in by its code, then by a recovery code."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.auth.factors import App
from tests.browser.conftest import NewPage
from tests.browser.factor import type_password
from tests.browser.test_every_state import AXE, violations
from tests.support.stack import Stack

SET_UP = "Set up a second factor"


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").locator("visible=true").click()
    page.wait_for_url("**/sign-in")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_set_up_then_in_by_code_then_by_recovery_code(
    new_page: NewPage, stack: Stack, scripts: bool
) -> None:
    email = f"second-factor-{scripts}@example.com".lower()
    with stack.data():
        factories.operator(email=email)
    page = new_page(as_=None, java_script_enabled=scripts)
    type_password(page, email)
    page.wait_for_url("**/")
    page.goto("/account/second-factor")
    page.get_by_role("link", name=SET_UP).click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    app = App(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_label("Code that the app shows").fill(app.code())
    page.get_by_role("button", name=SET_UP).click()
    expect(page.locator(".codes li")).to_have_count(10)
    codes = page.locator(".codes li").all_inner_texts()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("main")).to_contain_text("10 of 10 left")
    sign_out(page)

    type_password(page, email)
    # The next one: that of before is used up, and one of a moment ago would soon be too old.
    page.get_by_label("Code", exact=True).fill(app.code(1))
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/")
    sign_out(page)

    type_password(page, email)
    page.get_by_role("link", name="Use a recovery code").click()
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/")
    expect(page.locator("main")).to_contain_text("9 more are left")


def test_an_admin_is_led_through_setting_up(new_page: NewPage, stack: Stack) -> None:
    email = "led-through@example.com"
    with stack.data():
        factories.operator("admin", email=email)
    page = new_page(as_=None)
    page.add_init_script(path=AXE)
    page.goto("/advertisers")
    type_password(page, email)
    app = App(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_label("Code that the app shows").fill(app.code())
    page.get_by_role("button", name="Set up and go on").click()
    page.wait_for_selector(".codes")
    assert violations(page, "light") + violations(page, "dark") == []
    page.get_by_role("button", name="I have kept them: go on").click()
    page.wait_for_url("**/")
    page.goto("/people/rules")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rules")
