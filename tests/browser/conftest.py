"""A real Chromium on the whole running product; each test's page is watched for what must not be.

After every test: no request left this machine, nothing was answered badly behind the page's back,
and the console shows no error and no line about the content security policy.
"""

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    StorageState,
    expect,
    sync_playwright,
)
from sqlalchemy import update

from tests import factories
from tests.browser import people
from tests.browser.keyboard import Keyboard
from tests.support import required
from tests.support.stack import MANAGER, VIEWER, Stack, running_stack
from webapp.auth.models import OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# For what is pressed and what is looked for. A busy machine takes its time, and a page asks for
# news every half a minute at last; only what fails waits.
TIMEOUT_MS = 90_000
expect.set_options(timeout=TIMEOUT_MS)
# Statuses are looked at with the responses. The others are how htmx says that a newer search took
# the place of one under way; when it cannot reach us it says htmx:sendError as well.
HARMLESS = ("Failed to load resource", "htmx:afterRequest,", "htmx:sendAbort,")

NewPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker("browser")


class Watch:
    """What happened in a browser context that a person would not see."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []

    def follow(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("response", self._response)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"page error: {error.error}"))

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.hostname != "127.0.0.1":
            self.problems.append(f"left this machine: {request.url}")

    def _response(self, response: Response) -> None:
        # A page may be a 404 on purpose, and a fragment may ask to sign in; what it loads may not.
        asked = response.request.resource_type == "document" or "hx-redirect" in response.headers
        if response.status >= 400 and not asked:
            self.problems.append(f"{response.status} for {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(HARMLESS):
            self.problems.append(f"console: {message.text}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        required.do_without(required.CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=FLAGS, timeout=2 * TIMEOUT_MS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its worker reads the ad server at its start and when a test asks for it, not in between."""
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder, sync_interval_minutes=24 * 60) as stack:
        yield stack


@pytest.fixture(scope="session")
def sessions(browser: Browser, stack: Stack) -> dict[str, StorageState]:
    """The cookies of each operator, signed in through the page once."""
    states: dict[str, StorageState] = {}
    for email in (MANAGER, VIEWER):
        context = patient(browser.new_context(base_url=stack.url))
        sign_in(context.new_page(), email)
        states[email] = context.storage_state()
        context.close()
    states[people.ADMIN] = people.signed_in_as_admin(browser, stack)
    return states


def patient(context: BrowserContext) -> BrowserContext:
    """The same; what is done in it may take as long as anything else."""
    context.set_default_timeout(TIMEOUT_MS)
    return context


def sign_in(page: Page, email: str = MANAGER) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def post(page: Page, button: Locator) -> None:
    """Press a button that sends a form, and go on when the server has answered.

    Whoever goes to another address before that may take the press back.
    """
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        button.click()


@pytest.fixture(autouse=True)
def _signed_in_just_now(stack: Stack) -> None:
    """However long all tests take: nobody was signed out, or has to type a password again."""
    now = utc_now()
    times = {"created_at": now, "last_seen_at": now, "confirmed_at": now}
    with stack.data():
        open_ones = update(OperatorSession).where(OperatorSession.ended_at.is_(None))
        db.session.execute(open_ones.values(times))


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.problems == []


@pytest.fixture
def new_page(
    browser: Browser, stack: Stack, watch: Watch, sessions: dict[str, StorageState]
) -> Iterator[NewPage]:
    """Makes watched pages: ``new_page(as_=None)`` is a stranger's; options are Playwright's."""
    contexts: list[BrowserContext] = []

    def make(as_: str | None = MANAGER, **options: Any) -> Page:
        options.setdefault("viewport", DESKTOP)
        state = sessions[as_] if as_ else None
        context = patient(browser.new_context(base_url=stack.url, storage_state=state, **options))
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def keys(page: Page) -> Keyboard:
    """Of the ``page`` that a test's own file opens."""
    return Keyboard(page)
