"""Second factors in each state, and what somebody does about theirs."""

from playwright.sync_api import Page

from tests import factories
from tests.auth.factors import has_factor
from tests.browser.people import ADMIN
from webapp.auth import queries

WITH_APP, WITHOUT = "with-an-app@example.com", "admin-without@example.com"
WRONG = "000000"


def prepare() -> None:
    admin = queries.operator_by_email(ADMIN)
    assert admin
    has_factor(admin)
    has_factor(factories.operator(email=WITH_APP))
    factories.operator("admin", email=WITHOUT)


def type_password(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def be_asked(page: Page) -> None:
    type_password(page, WITH_APP)
    page.wait_for_selector("h1:has-text('Code of your app')")


def be_refused(page: Page) -> None:
    be_asked(page)
    page.get_by_label("Code", exact=True).fill(WRONG)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_selector("#error-summary")


def lack_the_app(page: Page) -> None:
    be_asked(page)
    page.get_by_role("link", name="Use a recovery code").click()
    page.wait_for_selector("h1:has-text('Recovery code')")


def have_to_set_up(page: Page) -> None:
    type_password(page, WITHOUT)
    page.wait_for_selector("svg.qr")


def type_wrong_code(page: Page) -> None:
    page.get_by_label("Code that the app shows").fill(WRONG)
    page.get_by_role("button", name="Set up a second factor").click()
    page.wait_for_selector("#error-summary")
