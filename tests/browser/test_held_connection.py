"""A connection that fails and whose sending is paused: its pages, and resuming by keyboard."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import MANAGER, Stack
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import COMPLETE, SyncRun


@pytest.fixture
def held(stack: Stack) -> Iterator[str]:
    """The address of the stack's connection, in trouble for as long as the test runs."""
    with stack.data():
        run = db.session.query(SyncRun).filter_by(state=COMPLETE).first()
        assert run
        connection = db.session.get_one(Connection, run.connection_id)
        connection.held_at, connection.held_by = utc_now(), MANAGER
        connection.hold_reason = "The prices of the spring campaigns are wrong."
        connection.failures, connection.retry_tokens = 9, 0.4
        connection.trial_at = utc_now() + timedelta(minutes=1)
        campaign = factories.campaign(title="Waits", budget=(450_000, "USD"))
        campaign.total_budget_minor = 480_000
        # Released by a test, it must not go out: the sandbox knows no such campaign.
        tomorrow = utc_now() + timedelta(days=1)
        change = factories.change(campaign, fields=["budget"], not_before=tomorrow)
        address, change_id = f"/connections/{connection.id}", change.id
    yield address
    with stack.data():
        change = db.session.get_one(type(change), change_id)
        change.state, change.finished_at = "cancelled", utc_now()
        connection = db.session.get_one(Connection, int(address.rpartition("/")[2]))
        connection.held_at = connection.held_by = connection.hold_reason = None
        connection.failures, connection.retry_tokens, connection.trial_at = 0, 10.0, None


def problems(page: Page) -> list[str]:
    return violations(page, "light") + violations(page, "dark") + page.evaluate(SMALL_TARGETS)


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["", "/release"])
def test_its_pages_are_sound(new_page: NewPage, held: str, path: str, screen) -> None:
    page = new_page(viewport=screen)
    page.context.add_init_script(path=AXE)

    page.goto(f"{held}{path}")

    assert problems(page) == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"


def test_what_goes_out_is_seen_before_it_is_released_by_keyboard_alone(
    new_page: NewPage, held: str
) -> None:
    page = new_page()
    page.goto(held)
    page.get_by_role("link", name="See what goes out, and resume").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/release")
    assert page.get_by_role("row", name="Waits").inner_text().count("USD") == 2

    page.get_by_role("button", name="Resume sending to Megaphone").focus()
    page.keyboard.press("Enter")

    page.get_by_text("Sending goes on.").wait_for()
    assert page.get_by_label("Why sending should pause").is_visible()
