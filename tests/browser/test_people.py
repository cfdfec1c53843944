"""From nobody to a company: the first admin, whom they invite, and what a new role ends."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.auth.factors import App
from tests.browser.conftest import NewPage
from tests.cli.conftest import Terminal
from tests.support.stack import Stack
from webapp.auth import queries as auth_queries
from webapp.people import queries

WORDS = "seven brown foxes jump"
BOSS, KIM = "boss@example.com", "kim@example.com"


@pytest.fixture
def no_admin(new_page: NewPage, stack: Stack) -> Iterator[NewPage]:
    """Nobody administers yet; afterwards it is who did before."""
    with stack.data():
        before = [each.email for each in queries.locked_admins()]
    _let_in(stack, dict.fromkeys(before, False))
    yield new_page
    _let_in(stack, {BOSS: False, KIM: False, **dict.fromkeys(before, True)})


def _let_in(stack: Stack, wanted: dict[str, bool]) -> None:
    with stack.data():
        for email, active in wanted.items():
            who = auth_queries.operator_by_email(email)
            if who:
                who.active = active


def join(page: Page) -> None:
    page.get_by_label("Password").fill(WORDS)
    page.get_by_label("The same again").fill(WORDS)
    page.get_by_role("button", name="Join").click()


def set_up_factor(page: Page) -> None:
    app = App(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_role("textbox").fill(app.code())
    page.get_by_role("button", name="Set up and go on").click()
    page.get_by_role("button", name="I have kept them").click()


def first_admin_link(stack: Stack) -> str:
    with stack.app.app_context():
        output = Terminal(stack.app)("operators", "first-admin").output
    found = re.search(r"/join/\S+", output)
    assert found, output
    return found[0]


def test_a_company_from_the_first_admin_on(no_admin: NewPage, stack: Stack) -> None:
    boss = no_admin(as_=None)
    boss.goto(first_admin_link(stack))
    boss.get_by_label("E-mail").fill(BOSS)
    join(boss)
    set_up_factor(boss)
    expect(boss.get_by_role("heading", level=1)).to_have_text("Overview")

    boss.locator(".foot-of-rail").get_by_role("link", name="People").click()
    boss.get_by_role("link", name="Invite somebody").click()
    boss.get_by_label("E-mail").fill(KIM)
    boss.get_by_label("Manager:").check()
    boss.get_by_role("button", name="Make the link").click()
    link = boss.get_by_label("Link", exact=True).input_value()

    kim = no_admin(as_=None)
    kim.goto(link)
    expect(kim.get_by_role("main")).to_contain_text(KIM)
    join(kim)
    expect(kim.get_by_role("heading", level=1)).to_have_text("Overview")
    kim.goto("/campaigns/new")
    kim.get_by_label("Title").fill("Typed before it ended")

    boss.goto("/people")
    boss.get_by_role("link", name=KIM).click()
    boss.get_by_role("link", name="Give another role").click()
    boss.get_by_label("Viewer:").check()
    boss.get_by_role("button", name="Give this role").click()
    expect(boss.get_by_role("status").first).to_contain_text("signs in anew")

    kim.get_by_role("button", name="Book").click()
    expect(kim.get_by_role("heading", level=1)).to_have_text("Sign in to go on")
    kim.goto("/sign-in")
    kim.get_by_label("E-mail").fill(KIM)
    kim.get_by_label("Password").fill(WORDS)
    kim.get_by_role("button", name="Sign in").click()
    expect(kim.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(kim.locator(".foot-of-rail").get_by_role("link", name="People")).to_have_count(0)

    stranger = no_admin(as_=None)
    stranger.goto(link)
    expect(stranger.get_by_role("heading", level=1)).to_have_text(
        "This link opens nothing any more"
    )
