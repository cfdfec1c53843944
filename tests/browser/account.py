"""What is done in the states of the account's pages."""

from playwright.sync_api import Page


def type_no_password(page: Page) -> None:
    page.get_by_role("button", name="Change the password").click()
    page.wait_for_selector("#error-summary")


def confirm_with_nothing(page: Page) -> None:
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("#error-summary")
