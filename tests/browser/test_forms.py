"""The form of a campaign in the browser: nothing typed is lost, and amounts are weighed in view."""

import itertools
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tests import factories
from tests.browser.conftest import MANAGER, NewPage
from tests.support.stack import Stack
from webapp.advertisers.models import Advertiser
from webapp.campaigns import offers, service
from webapp.campaigns.fields import editable, values_of
from webapp.campaigns.models import Campaign
from webapp.connections.models import ACTIVE, Connection
from webapp.core.db import db

_numbers = itertools.count(30)

SAVE = "Save and send to Megaphone"
BOOK = "Book and send to Megaphone"


@pytest.fixture
def campaign(stack: Stack) -> str:
    """The address of a campaign of USD 4,500 that Megaphone has, a fresh one each time."""
    with stack.data():
        pulled = db.session.query(Campaign).order_by(Campaign.id).offset(next(_numbers)).first()
        assert pulled
        values = {"title": "Typed into", "budget": [450000, "USD"], "notes": None}
        wanted = values_of(editable(pulled) | values)
        service.edit_campaign(factories.ACTOR, pulled, wanted, pulled.version, uuid4())
        return f"/campaigns/{pulled.uuid}"


def name_of(stack: Stack, number: int = 3) -> tuple[int, str]:
    """Id and name of an advertiser that can be chosen: other tests leave some that cannot."""

    def read() -> tuple[int, str]:
        here = select(Connection.id).filter_by(state=ACTIVE)
        theirs = db.session.query(Advertiser).filter(Advertiser.connection_id.in_(here))
        row = theirs.order_by(Advertiser.name_key, Advertiser.id).offset(number).first()
        assert row
        return row.id, row.name

    return stack.read(read)


def stored(stack: Stack, title: str) -> Campaign | None:
    return stack.read(lambda: db.session.query(Campaign).filter_by(title=title).one_or_none())


def saved(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_session_that_ends_while_typing_loses_nothing(
    new_page: NewPage, campaign: str, scripts: bool
) -> None:
    page = new_page(java_script_enabled=scripts)
    page.goto(f"{campaign}/edit")
    page.get_by_label("Title").fill("Typed before the session ended")
    page.get_by_label("Notes").fill("Call first,\nthen book")
    page.context.clear_cookies()
    page.get_by_role("button", name=SAVE).click()

    saved(page, "Sign in to go on")
    page.get_by_label("E-mail").fill(MANAGER)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Show the form").click()

    expect(page.get_by_label("Title")).to_have_value("Typed before the session ended")
    expect(page.get_by_label("Notes")).to_have_value("Call first,\nthen book")
    page.get_by_role("button", name=SAVE).click()
    saved(page, "Typed before the session ended")
    expect(page.locator("dl.facts").last).to_contain_text("Call first")


def test_figures_stay_still_when_the_session_ends_while_typing(
    new_page: NewPage, campaign: str
) -> None:
    page = new_page()
    page.goto(f"{campaign}/edit")
    page.context.clear_cookies()
    with page.expect_response("**/sign-in**"):
        page.get_by_label("Total budget").fill("5000")

    expect(page.get_by_label("Total budget")).to_have_value("5000")
    expect(page.locator("#figures")).to_have_text("USD 4,500.00 – as it is now")


def test_a_second_operator_s_save_is_weighed_and_not_lost(new_page: NewPage, campaign: str) -> None:
    mine, theirs = new_page(), new_page()
    for page, notes in ((mine, "Mine"), (theirs, "Theirs")):
        page.goto(f"{campaign}/edit")
        page.get_by_label("Notes").fill(notes)
    theirs.get_by_role("button", name=SAVE).click()
    saved(theirs, "Typed into")
    mine.get_by_role("button", name=SAVE).click()

    expect(mine.locator("#error-summary")).to_be_focused()
    expect(mine.locator("#choice-notes")).to_contain_text("Theirs")
    mine.get_by_role("button", name=SAVE).click()
    saved(mine, "Typed into")
    expect(mine.locator("dl.facts").last).to_contain_text("Mine")


def test_pressing_save_twice_is_one_change(new_page: NewPage, stack: Stack, campaign: str) -> None:
    page = new_page()
    page.goto(f"{campaign}/edit")
    page.get_by_label("Notes").fill("Pressed twice")
    page.get_by_role("button", name=SAVE).dblclick()

    saved(page, "Typed into")
    expect(page.locator(".timeline li", has_text="Pressed twice")).to_have_count(1)


def test_a_large_rise_is_seen_while_typing_and_ticked_before_saving(
    new_page: NewPage, campaign: str
) -> None:
    page = new_page()
    page.goto(f"{campaign}/edit")
    figures = page.locator("#figures")
    page.get_by_label("Total budget").fill("5000")
    expect(figures).to_have_text("USD 5,000.00 – now USD 4,500.00 (+11 %)")
    expect(page.locator("#live")).to_contain_text("+11 %")
    page.get_by_label("Currency", exact=True).select_option("EUR")
    expect(figures).to_contain_text("in another currency")
    expect(page.get_by_label("(another currency: cannot be compared)")).not_to_be_checked()
    page.get_by_label("Currency", exact=True).select_option("USD")
    page.get_by_label("Total budget").fill("45000")
    page.get_by_label("Yes, raise it from USD 4,500.00 to USD 45,000.00").check()
    page.get_by_role("button", name=SAVE).click()

    saved(page, "Typed into")
    expect(page.locator("dl.facts").last).to_contain_text("45,000.00")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_an_amount_with_two_readings_is_settled_by_a_press(
    new_page: NewPage, campaign: str, scripts: bool
) -> None:
    page = new_page(java_script_enabled=scripts)
    page.goto(f"{campaign}/edit")
    page.get_by_label("Title").fill("Read one way")
    page.get_by_label("Total budget").fill("5.100")
    if not scripts:
        page.get_by_role("button", name=SAVE).click()
    page.get_by_role("button", name="Use USD 5,100.00").click()

    expect(page.get_by_label("Total budget")).to_have_value("5100")
    expect(page.get_by_label("Title")).to_have_value("Read one way")
    expect(page.locator("#figures")).to_contain_text("USD 5,100.00 – now USD 4,500.00 (+13 %)")
    # Enter saves: it never presses a button that only fills in.
    page.get_by_label("Title").press("Enter")
    saved(page, "Read one way")


def test_an_advertiser_is_found_while_typing_and_picked_by_keys(
    new_page: NewPage, stack: Stack
) -> None:
    id_, name = name_of(stack)
    page = new_page()
    page.goto("/campaigns/new")
    page.get_by_label("Title").fill("Found by typing")
    field = page.get_by_role("combobox", name="Advertiser")
    field.fill(name[:6])
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.filter(has_text=name).first).to_be_visible()
    expect(page.locator("#live")).to_contain_text("use the arrow keys")
    field.press("ArrowDown")
    field.press("ArrowUp")
    for _ in range(20):
        active = page.locator(f"#{field.get_attribute('aria-activedescendant')}")
        if active.get_attribute("data-value") == str(id_):
            break
        field.press("ArrowDown")
    field.press("Enter")

    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_value(active.inner_text() if active.count() else field.input_value())
    field.press("Enter")
    saved(page, "Found by typing")
    made = stored(stack, "Found by typing")
    assert made
    assert made.advertiser_id == id_


def test_an_advertiser_is_picked_by_the_pointer_and_escape_changes_nothing(
    new_page: NewPage, stack: Stack
) -> None:
    _, name = name_of(stack, 5)
    page = new_page()
    page.goto("/campaigns/new")
    field = page.get_by_role("combobox", name="Advertiser")
    field.fill(name)
    page.get_by_role("option", name=name).first.click()
    chosen = field.input_value()
    assert chosen.startswith(name)
    field.click()
    expect(page.get_by_role("listbox")).to_be_visible()
    field.press("Escape")

    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_value(chosen)
    assert page.locator("#advertiser-chosen").input_value()


def test_words_that_choose_no_advertiser_are_kept_and_told(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/campaigns/new")
    page.get_by_label("Title").fill("Nobody’s")
    page.get_by_role("combobox", name="Advertiser").fill("xyzzy")
    expect(page.locator("#advertiser-list").get_by_role("option")).to_contain_text(
        "No advertiser matches"
    )
    page.get_by_role("button", name=BOOK).click()

    summary = page.locator("#error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Pick an advertiser").click()
    field = page.get_by_role("combobox", name="Advertiser")
    expect(field).to_be_focused()
    expect(field).to_have_value("xyzzy")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_without_scripts_an_advertiser_is_picked_from_a_list(
    new_page: NewPage, stack: Stack
) -> None:
    id_, _ = name_of(stack)
    page = new_page(java_script_enabled=False)
    page.goto("/campaigns/new")
    page.get_by_label("Title").fill("Picked from a list")
    page.get_by_label("Advertiser").select_option(str(id_))
    page.get_by_role("button", name=BOOK).click()

    saved(page, "Picked from a list")


def test_of_very_many_advertisers_one_is_searched_for_without_scripts_and_with(
    new_page: NewPage, stack: Stack
) -> None:
    with stack.data():
        connection_id = db.session.query(Advertiser).first().connection_id
        many = [
            factories.advertiser(name=f"Many {number:03}", connection_id=connection_id)
            for number in range(offers.MOST_LISTED + 1)
        ]
        ids = [each.id for each in many]
    try:
        plain = new_page(java_script_enabled=False)
        plain.goto("/campaigns/new")
        plain.get_by_label("Title").fill("One of many")
        plain.get_by_label("Find an advertiser").fill("many 27")
        plain.get_by_role("button", name="Find").click()
        plain.get_by_label("Advertiser", exact=True).select_option(index=4)
        expect(plain.get_by_label("Title")).to_have_value("One of many")

        page = new_page()
        page.goto("/campaigns/new")
        expect(page.get_by_role("button", name="Find")).to_have_count(0)
        page.get_by_role("combobox", name="Advertiser").fill("many 499")
        # Agencies are searched as well, and one may have such a number in its name.
        first = page.locator("#advertiser-list").get_by_role("option").first
        expect(first).to_contain_text("Many 499")
    finally:
        with stack.data():
            db.session.query(Advertiser).filter(Advertiser.id.in_(ids)).delete()
