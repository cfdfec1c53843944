"""A connection in trouble: its pages, and resuming one whose sending is paused by keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import MANAGER, Stack, until
from webapp.campaigns.models import CLAIMED, PROBING, SENT, Change
from webapp.connections.models import ACTIVE, PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import OPEN_STATES, SyncRun

CALLING = (CLAIMED, SENT, PROBING)


def hold() -> dict[str, Any]:
    reason = "The prices of the spring campaigns are wrong."
    held = {"held_at": utc_now(), "held_by": MANAGER, "hold_reason": reason}
    return held | silence() | {"retry_tokens": 0.4}


def silence() -> dict[str, Any]:
    return {"failures": 9, "trial_at": utc_now() + timedelta(minutes=1)}


def pause() -> dict[str, Any]:
    reason = "Megaphone does not accept the token (401)."
    # Looked at a moment ago: the worker does not mend it while the test runs.
    paused = {"state": PAUSED, "pause_kind": "auth_failed", "state_reason": reason}
    return paused | {"last_attempt_at": utc_now()}


@contextmanager
def trouble(stack: Stack, values: dict[str, Any]) -> Iterator[str]:
    """The address of the stack's connection, with these values for as long as the block runs."""
    began: list[tuple[int, dict[str, Any]]] = []
    until(lambda: _began(stack, values, began), "nothing is on its way")
    [(number, before)] = began
    try:
        yield f"/connections/{number}"
    finally:
        with stack.data():
            _set(number, before)


def _began(stack: Stack, values: dict[str, Any], began: list[tuple[int, dict[str, Any]]]) -> bool:
    """Bring it about, unless something is under way: its good answer would end the trouble."""
    with stack.data():
        connection = db.session.query(Connection).filter_by(state=ACTIVE).one()
        of_it = {"connection_id": connection.id}
        calls = db.session.query(Change).filter_by(**of_it).filter(Change.state.in_(CALLING))
        runs = db.session.query(SyncRun).filter_by(**of_it).filter(SyncRun.state.in_(OPEN_STATES))
        if calls.count() or runs.count():
            return False
        began.append((connection.id, {name: getattr(connection, name) for name in values}))
        _set(connection.id, values)
        return True


def _set(number: int, values: dict[str, Any]) -> None:
    db.session.query(Connection).filter_by(id=number).update(values)


@pytest.fixture
def held(stack: Stack) -> Iterator[str]:
    """Paused by an operator, with a change that waits."""
    with stack.data():
        campaign = factories.campaign(title="Waits", budget=(450_000, "USD"))
        campaign.total_budget_minor = 480_000
        # Released by a test, it must not go out: the sandbox knows no such campaign.
        tomorrow = utc_now() + timedelta(days=1)
        change_id = factories.change(campaign, fields=["budget"], not_before=tomorrow).id
    with trouble(stack, hold()) as address:
        yield address
    with stack.data():
        change = db.session.get_one(factories.Change, change_id)
        change.state, change.finished_at = "cancelled", utc_now()


def assert_sound(page: Page) -> None:
    problems = violations(page, "light") + violations(page, "dark") + page.evaluate(SMALL_TARGETS)
    assert problems == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize(
    ("values", "words"),
    [(hold, "Sending paused"), (silence, "Does not answer"), (pause, "Paused")],
    ids=["held", "silent", "paused"],
)
def test_every_page_that_tells_of_it_is_sound_and_calls_it_by_its_name(
    new_page: NewPage, stack: Stack, values, words: str, screen
) -> None:
    page = new_page(viewport=screen)
    page.context.add_init_script(path=AXE)

    for path in (None, "/", "/changes", "/needs-you"):
        # Each time anew: after a minute a call is tried, which would end it.
        with trouble(stack, values()) as address:
            page.goto(path or address)
            assert_sound(page)
            if path in (None, "/"):
                named = page.locator(".head", has=page.get_by_text("Megaphone", exact=True))
                expect(named).to_contain_text(words)
                expect(named).not_to_contain_text("Fresh")


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_what_goes_out_is_shown_soundly(new_page: NewPage, held: str, screen) -> None:
    page = new_page(viewport=screen)
    page.context.add_init_script(path=AXE)

    page.goto(f"{held}/release")

    assert_sound(page)


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

    page.locator("#main").get_by_text("Sending goes on.").wait_for()
    assert page.get_by_label("Why sending should pause").is_visible()
