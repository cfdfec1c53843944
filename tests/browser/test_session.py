"""A session that is about to end: the page says so, and whoever is there stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, NewPage, sign_in
from tests.browser.test_every_state import AXE, OVERFLOW, violations
from tests.support.stack import VIEWER, Stack, until
from webapp.auth import sessions
from webapp.auth.models import OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db

MINUTE = timedelta(minutes=1)
STAY = "Stay signed in"


@pytest.fixture
def signed_in(new_page: NewPage) -> Callable[..., Page]:
    """A browser with a session of its own, whose clock the test moves."""

    def make(**options: object) -> Page:
        page = new_page(as_=None, **options)
        page.context.add_init_script(path=AXE)
        page.clock.install()
        sign_in(page, VIEWER)
        to(page, "/campaigns")
        return page

    return make


def to(page: Page, address: str) -> None:
    """Also what the page loads afterwards: that would be seen as somebody at work, or sign in."""
    page.goto(address, wait_until="networkidle")


def the_session() -> OperatorSession:
    """The one that was begun last."""
    return db.session.query(OperatorSession).order_by(OperatorSession.id.desc()).limit(1).one()


def unseen_for(stack: Stack, ago: timedelta) -> None:
    with stack.data():
        the_session().last_seen_at = utc_now() - ago


def wait(page: Page, span: timedelta) -> None:
    page.clock.fast_forward(int(span.total_seconds() * 1000))


def is_warned(page: Page) -> bool:
    """Whether it is, after another while has passed."""
    wait(page, sessions.IDLE - 5 * MINUTE)
    return warning(page).is_visible()


def warning(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Session")


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_five_minutes_before_the_end_a_page_warns_and_whoever_stays_stays(
    signed_in: Callable[..., Page], stack: Stack, size: dict[str, int] | None
) -> None:
    page = signed_in(**({"viewport": size} if size else {}))
    expect(warning(page)).to_be_hidden()
    # Told in whole minutes: these are four for most of a minute to come.
    unseen_for(stack, sessions.IDLE - 4.4 * MINUTE)
    wait(page, sessions.IDLE - 5 * MINUTE)

    expect(warning(page)).to_contain_text("You are signed out in 4 minutes")
    expect(page.locator("#live")).to_contain_text("You are signed out in 4 minutes")
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0

    page.get_by_role("button", name=STAY).press("Enter")
    expect(warning(page)).to_be_hidden()
    expect(page.locator("#main")).to_be_focused()
    assert stack.read(lambda: utc_now() - the_session().last_seen_at) < MINUTE


def test_somebody_busy_in_another_window_is_not_warned_in_this_one(
    signed_in: Callable[..., Page], stack: Stack
) -> None:
    page = signed_in()
    with page.expect_response("**/session") as asked:
        wait(page, sessions.IDLE - 5 * MINUTE)
    assert asked.value.json()["seconds"] > 1700
    expect(warning(page)).to_be_hidden()

    # Later it is the end here too: the page asked how long it lasts, and did not make it last.
    unseen_for(stack, sessions.IDLE - 1.4 * MINUTE)
    until(lambda: is_warned(page), "it warns, when it has taken in the answer and the time is up")
    expect(warning(page)).to_contain_text("in 1 minute,")


def test_a_page_says_when_its_session_has_ended_and_leads_back_to_itself(
    signed_in: Callable[..., Page], stack: Stack
) -> None:
    page = signed_in()
    to(page, "/campaigns?q=spring")
    unseen_for(stack, sessions.IDLE)
    wait(page, sessions.IDLE - 5 * MINUTE)

    expect(warning(page)).to_contain_text("Your session has ended")
    expect(page.get_by_role("button", name=STAY)).to_be_hidden()
    page.clock.resume()
    warning(page).get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(f"{stack.url}/sign-in?next=%2Fcampaigns%3Fq%3Dspring")


def test_twelve_hours_cannot_be_made_longer(signed_in: Callable[..., Page], stack: Stack) -> None:
    page = signed_in()
    with stack.data():
        the_session().created_at = utc_now() - sessions.ABSOLUTE + 3 * MINUTE
    wait(page, sessions.IDLE - 5 * MINUTE)

    expect(warning(page)).to_contain_text("a session lasts 12 hours")
    expect(page.get_by_role("button", name=STAY)).to_be_hidden()


def test_without_scripts_the_warning_is_not_there(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/campaigns")
    expect(warning(page)).to_be_hidden()
    expect(page.get_by_role("button", name=STAY)).to_be_hidden()
