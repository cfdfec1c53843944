"""Two operators and Megaphone change one budget: nobody's value is lost unseen, page by page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests import factories
from tests.browser.conftest import NewPage, post, sign_in
from tests.support.stack import MANAGER, Stack, until
from webapp.campaigns.models import CONFIRMED, Campaign
from webapp.connections.models import ACTIVE, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db

BEN = "ben@example.com"
SAVE = "Save and send to Megaphone"


@pytest.fixture
def ben(stack: Stack, new_page: NewPage) -> Page:
    with stack.data():
        factories.operator("manager", email=BEN)
    page = new_page(as_=None)
    sign_in(page, BEN)
    return page


@pytest.fixture
def unsent(stack: Stack) -> Iterator[None]:
    """All sending is paused, so that it is a pull that finds what both sides changed."""
    _hold(stack, is_held=True)
    yield
    _hold(stack, is_held=False)


def _hold(stack: Stack, *, is_held: bool) -> None:
    with stack.data():
        connection = db.session.scalars(select(Connection).filter_by(state=ACTIVE)).one()
        connection.held_at = utc_now() if is_held else None
        connection.held_by, connection.hold_reason = (MANAGER, "x") if is_held else (None, None)


def open_form(page: Page, address: str, budget: str) -> None:
    page.goto(f"{address}/edit")
    page.get_by_label("Total budget").fill(budget)


def save(page: Page, button: str = SAVE) -> None:
    page.get_by_role("button", name=button).click()


def pull(page: Page) -> None:
    page.goto("/sync")
    post(page, page.get_by_role("button", name="Sync now"))


def group(page: Page, name: str = "budget") -> str:
    return page.locator(f"#choice-{name}").inner_text()


def agreed(stack: Stack, page: Page) -> tuple[str, str]:
    """The address and the remote id of a campaign that both sides have at USD 5,000."""
    wanted = {"total_budget_currency": "USD", "sync_state": CONFIRMED}
    query = select(Campaign.uuid, Campaign.remote_id).filter_by(**wanted).order_by(Campaign.id)
    uuid, remote_id = stack.read(lambda: db.session.execute(query.limit(1)).one())
    change_there(stack, remote_id, title="Both at once", totalBudgetCents=500_000)
    pull(page)
    found = select(Campaign.id).filter_by(uuid=uuid, title="Both at once")
    until(lambda: stack.read(lambda: db.session.scalar(found)) is not None, "it was read")
    return f"/campaigns/{uuid}", remote_id


def change_there(stack: Stack, remote_id: str, **values: object) -> None:
    stack.sandbox.control("PUT", f"campaigns/{remote_id}", values)


@pytest.mark.usefixtures("unsent")
def test_a_conflict_that_a_pull_brings_into_an_open_form(
    new_page: NewPage, stack: Stack, ben: Page
) -> None:
    ana, reader = new_page(), new_page()
    address, remote_id = agreed(stack, reader)

    # Ana types; Ben saves first; then somebody changes it in Megaphone.
    open_form(ana, address, "5500")
    open_form(ben, address, "6000")
    save(ben)
    expect(ben.locator("#campaign-body")).to_contain_text("USD 6,000.00")
    change_there(stack, remote_id, totalBudgetCents=480_000)
    pull(reader)
    # Ben's page was left open, and tells by itself.
    expect(ben.locator("#sync-line")).to_contain_text("Conflict in budget")
    expect(ben.locator("#campaign-body")).to_contain_text("USD 4,800.00")
    reader.goto("/needs-you")
    expect(reader.locator("main")).to_contain_text("In budget.")

    # Ana, whose form knows of neither, is shown all of it before anything is saved.
    save(ana)
    expect(ana.get_by_role("heading", level=1)).to_have_text("Someone saved while you were typing")
    words = group(ana)
    for said in ("USD 5,000.00", "USD 5,500.00", "USD 6,000.00", BEN, "which has USD 4,800.00"):
        assert said in words
    assert ana.locator("#choice-budget-ours").is_checked()

    # Ben opens the conflict; Ana settles it under his hands.
    ben.get_by_role("link", name="Decide what holds").click()
    assert "USD 6,000.00" in group(ben)
    save(ana)
    expect(ana.get_by_role("heading", level=1)).to_have_text("Both at once")
    expect(ana.locator("#campaign-body")).to_contain_text("USD 5,500.00")
    ben.locator("#choice-budget-theirs").check()
    save(ben, "Settle and send to Megaphone")
    expect(ben.get_by_role("status").first).to_contain_text(MANAGER)
    expect(ben.locator("#campaign-body")).to_contain_text("USD 5,500.00")

    _hold(stack, is_held=False)
    until(lambda: budget_there(stack, remote_id) == 550_000, "what Ana chose is there")
    ana.reload()
    history = ana.locator(".timeline")
    expect(history).to_contain_text(f"{BEN} edited")
    for before, after in (("5,000", "6,000"), ("6,000", "4,800"), ("6,000", "5,500")):
        expect(history).to_contain_text(f"from USD {before}.00 to USD {after}.00")


def budget_there(stack: Stack, remote_id: str) -> int:
    return int(stack.sandbox.control("GET", f"campaigns/{remote_id}")["totalBudgetCents"])
