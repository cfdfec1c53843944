"""Bulk changes in the browser: by keyboard alone, without scripts, and sound in every state."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.jobs import look_until_finished
from tests.browser.keyboard import Keyboard
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.bulk.desk import Desk
from tests.support.stack import MANAGER, Stack
from webapp.advertisers.models import Advertiser
from webapp.auth.models import Operator
from webapp.bulk import service, undoing
from webapp.bulk.models import PAUSED, RUNNING, BulkJob
from webapp.bulk.operations import Archive, ReplaceInTitle, ScaleBudget, SetBudget
from webapp.campaigns.models import CONFLICT, REFUSED
from webapp.core.clock import utc_now
from webapp.core.db import db


@dataclass(frozen=True)
class Made:
    """Addresses of jobs in each state."""

    choosing: str
    preview: str
    conflict: str
    paused: str
    finished: str
    undo: str
    list: str = "/bulk"


def _desk() -> Desk:
    return Desk(db.session.scalars(select(Operator).where(Operator.email == MANAGER)).one())


def _some(title: str, number: int = 3) -> list[int]:
    budgets = [(500_000, "USD"), (90_000, "EUR"), None]
    return [
        factories.campaign(title=f"{title} {n}", budget=budgets[n % 3]).id for n in range(number)
    ]


def _address(job: BulkJob) -> str:
    return f"/bulk/{job.uuid}"


@pytest.fixture(scope="module")
def made(stack: Stack) -> Made:
    with stack.data():
        desk = _desk()
        archived = factories.campaign(
            title="Archived long ago and with a very long title " * 3,
            budget=(100, "USD"),
            archived_at=utc_now(),
        )
        refused = factories.campaign(title="Refused", budget=(100, "USD"), sync_state=REFUSED)
        conflict = factories.campaign(title="Both", budget=(9, "USD"), sync_state=CONFLICT)
        factories.conflict(conflict, "budget", theirs=[10, "USD"])
        every = [*_some("Preview"), archived.id, refused.id, conflict.id]
        paused = desk.plan(_some("Paused"), ReplaceInTitle("Paused", "Late", match_case=True))
        desk.start(paused)
        service.pause(desk.actor, paused)
        finished = desk.do([*_some("Finished"), conflict.id], Archive())
        return Made(
            choosing=_address(desk.pick(_some("Choosing"))),
            preview=_address(desk.plan(every, ScaleBudget("60"))),
            conflict=_address(desk.plan(every, SetBudget(700_000, "USD"))),
            paused=_address(paused),
            finished=_address(finished),
            undo=_address(_undone(desk)),
        )


def _undone(desk: Desk) -> BulkJob:
    job = desk.do(_some("Undone"), Archive())
    draft = undoing.draft_undo(desk.actor, job)
    db.session.commit()
    return draft


STATES = {
    "choosing": lambda made: made.choosing,
    "choosing an amount": lambda made: f"{made.choosing}?operation=add",
    "choosing an advertiser": lambda made: f"{made.choosing}?operation=advertiser",
    "preview": lambda made: made.preview,
    "preview of what is left out": lambda made: f"{made.conflict}?show=left-out",
    "paused": lambda made: made.paused,
    "finished": lambda made: made.finished,
    "undo": lambda made: made.undo,
    "list": lambda made: made.list,
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("state", STATES)
def test_a_state_is_sound(new_page: NewPage, made: Made, state: str, size: dict[str, int]) -> None:
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    page.goto(STATES[state](made))
    _is_sound(page)


def test_an_error_and_a_rise_that_is_not_meant_are_sound(new_page: NewPage, made: Made) -> None:
    page = new_page()
    page.add_init_script(path=AXE)
    page.goto(f"{made.choosing}?operation=percent")
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator("#error-summary")).to_be_focused()
    _is_sound(page)
    page.goto(made.preview)
    page.get_by_role("button", name="Do it, and send it to Megaphone").click()
    expect(page.locator("#error-summary")).to_be_focused()
    _is_sound(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_running_job_is_sound(new_page: NewPage, stack: Stack, size: dict[str, int]) -> None:
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    with stack.data():
        page.goto(_address(_job_held_while_it_runs()))
        expect(page.locator("#job")).to_contain_text("Running")
        _is_sound(page)


def _job_held_while_it_runs() -> BulkJob:
    """Others see it running until the transaction ends; the worker waits for its turn to write."""
    for _ in range(50):
        job, began = _desk().plan(_some("Running"), Archive()), utc_now()
        job.state, job.started_at, job.heartbeat_at = RUNNING, began, began
        db.session.commit()
        untouched = (BulkJob.id == job.id) & (BulkJob.heartbeat_at == began)
        held = db.session.execute(update(BulkJob).where(untouched).values(state=PAUSED))
        if held.rowcount:
            return job
        # The worker was quicker.
        db.session.rollback()
    raise AssertionError("the worker takes each job before it can be held")


def _is_sound(page: Page) -> None:
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []


def test_a_bulk_change_by_keyboard_alone(new_page: NewPage, stack: Stack) -> None:
    address = _draft(stack, "Keyboard")
    page = new_page()
    page.goto(address)

    _tab_to(page, "Find and replace in titles")
    page.keyboard.press("Enter")
    page.wait_for_url("**operation=title")
    _tab_to(page, "find")
    page.keyboard.type("Keyboard")
    _tab_to(page, "replacement")
    page.keyboard.type("Keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(": 3 of 3")
    _tab_to(page, "Do it to Keyboard 1")
    page.keyboard.press("Space")
    _tab_to(page, "Do it, and send it to Megaphone")
    page.keyboard.press("Enter")

    expect(page.locator("#job")).to_contain_text("Finished")
    expect(page.locator("#job")).to_contain_text("2 done")
    expect(page.locator("#job-rows tbody th").first).to_contain_text("Keys 0")
    # Heard by a screen reader without moving to it.
    expect(page.locator("#live")).to_contain_text("2 of 2 handled")
    _tab_to(page, "Undo what was done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Undo “Replace “Keyboard”")


def test_an_advertiser_is_found_while_typing(new_page: NewPage, stack: Stack) -> None:
    with stack.data():
        connection_id = db.session.query(Advertiser).first().connection_id
        for name in ("Bulk buyer one", "Bulk buyer two"):
            factories.advertiser(name=name, connection_id=connection_id, agency_id=None)
    page = new_page()
    page.goto(f"{_draft(stack, 'Bought')}?operation=advertiser")
    keyboard = Keyboard(page)
    keyboard.tab_to("Advertiser")
    keyboard.ask("bulk buyer")
    keyboard.heard("2 advertisers, use the arrow keys")
    keyboard.press("ArrowDown", "ArrowDown", "Enter")
    expect(page.get_by_role("combobox", name="Advertiser")).to_have_value("Bulk buyer two")
    keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Bulk buyer two")


def test_of_several_advertisers_one_is_pressed_without_scripts(
    new_page: NewPage, stack: Stack
) -> None:
    with stack.data():
        connection_id = db.session.query(Advertiser).first().connection_id
        for name in ("Plain buyer one", "Plain buyer two"):
            factories.advertiser(name=name, connection_id=connection_id, agency_id=None)
    page = new_page(java_script_enabled=False)
    page.goto(f"{_draft(stack, 'Pressed')}?operation=advertiser")
    page.get_by_label("Advertiser").fill("plain buyer")
    page.get_by_label("Advertiser").press("Enter")
    page.get_by_role("button", name="Plain buyer two").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Plain buyer two")


def test_a_bulk_change_without_scripts(new_page: NewPage, stack: Stack) -> None:
    address = _draft(stack, "Plain")
    page = new_page(java_script_enabled=False)
    page.goto(address)
    page.get_by_role("link", name="Archive", exact=True).click()
    page.get_by_role("button", name="See what would change").click()
    page.get_by_role("checkbox", name="Do it to Plain 2").uncheck()
    page.get_by_role("button", name="Do it here").click()

    look_until_finished(page)
    expect(page.locator("#job")).to_contain_text("2 done")
    expect(page.locator("#job")).to_contain_text("1 left out")


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_box_starts_nothing(new_page: NewPage, made: Made, scripts: bool) -> None:
    page = new_page(java_script_enabled=scripts)
    posted = []
    page.on(
        "request", lambda each: posted.append(urlsplit(each.url).path) if each.post_data else None
    )
    boxes = (("/campaigns", "pick"), (made.preview, "tick"), (made.preview, "confirmed"))
    for address, name in boxes:
        page.goto(address)
        box = page.locator(f"[name={name}]").first
        was = box.is_checked()
        box.press("Enter")
        # Whatever Enter began would come before what Space does.
        box.press("Space")
        expect(box).to_be_checked(checked=not was)
        assert urlsplit(page.url).path == address
    # A tick that was changed is kept at once, where there are scripts.
    assert posted == [f"{made.preview}/tick"] * scripts
    page.get_by_role("button", name="Keep the ticks").click()
    page.wait_for_url("**page=1**")


def test_what_is_unticked_stays_so_on_the_way_to_a_campaign_and_back(
    new_page: NewPage, stack: Stack
) -> None:
    with stack.data():
        address = _address(_desk().plan(_some("Leaving"), SetBudget(700_000, "GBP")))
    page = new_page()
    page.goto(address)

    for number in (0, 2):
        page.get_by_role("checkbox", name=f"Do it to Leaving {number}").uncheck()

    # What counts the ticks follows them.
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Set the budget to GBP 7,000.00: 1 of 3"
    )
    expect(page.get_by_text("The changes of currency (1) are meant")).to_be_visible()
    expect(page.get_by_role("button", name="Left out 2")).to_be_visible()
    page.get_by_role("link", name="Leaving 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Leaving 1")
    page.go_back()
    expect(page.get_by_role("checkbox", name="Do it to Leaving 0")).not_to_be_checked()
    page.get_by_role("link", name="Leaving 1").click()
    page.get_by_role("link", name="Bulk change", exact=True).click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(1)


def test_the_box_for_what_is_meant_is_there_while_something_is(
    new_page: NewPage, stack: Stack
) -> None:
    with stack.data():
        address = _address(_desk().plan(_some("Meaning"), SetBudget(700_000, "GBP")))
    page = new_page()
    page.goto(address)
    meant = page.get_by_label("The changes of currency")
    meant.check()

    page.get_by_role("checkbox", name="Do it to Meaning 0").uncheck()
    # What was said of more is said of the rest as well.
    expect(page.get_by_label("The changes of currency (1) are meant")).to_be_checked()
    page.get_by_role("checkbox", name="Do it to Meaning 1").uncheck()
    expect(meant).to_have_count(0)
    page.get_by_role("checkbox", name="Do it to Meaning 1").check()
    expect(page.get_by_label("The changes of currency (1) are meant")).not_to_be_checked()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_tab_of_a_preview_keeps_the_ticks(new_page: NewPage, stack: Stack, scripts: bool) -> None:
    with stack.data():
        address = _address(_desk().plan(_some("Tabs"), Archive()))
    page = new_page(java_script_enabled=scripts)
    page.goto(address)
    page.get_by_role("checkbox", name="Do it to Tabs 1").uncheck()

    page.get_by_role("button", name="To be changed").click()

    page.wait_for_url("**show=planned")
    expect(page.get_by_role("button", name="To be changed 2")).to_have_attribute(
        "aria-current", "page"
    )
    expect(page.get_by_role("row").filter(has_text="Tabs")).to_have_count(2)


def test_a_job_pauses_and_goes_on_where_the_focus_stays(new_page: NewPage, made: Made) -> None:
    page = new_page()
    page.goto(made.paused)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#job")).to_contain_text("Finished")
    expect(page.locator("#job")).to_contain_text("3 done")


def _draft(stack: Stack, title: str) -> str:
    with stack.data():
        return _address(_desk().pick(_some(title)))


def _tab_to(page: Page, name: str) -> None:
    """Go on with the Tab key until what has the focus is called so."""
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "[document.activeElement].flatMap((el) => [el.name, el.id, el.textContent.trim(), "
            "el.closest('label')?.textContent.trim()])"
        )
        if name in found:
            return
    raise AssertionError(f"the Tab key never comes to {name}")
