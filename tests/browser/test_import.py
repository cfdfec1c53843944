"""Export and import in the browser: sound in every state, without scripts, and by keyboard."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage, post
from tests.browser.jobs import look_until_finished
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.exchange.files import cells_of, retyped, saved
from tests.support.stack import Stack

_numbers = itertools.count()
LONG = "A title that goes on and on, as some do " * 5


@pytest.fixture(scope="module")
def exported(stack: Stack) -> bytes:
    """Campaigns to change, as a file: written by hand, so that the server need not be asked."""
    with stack.data():
        advertiser = factories.advertiser(name="Import House")
        made = [
            factories.campaign(
                title=title, advertiser_id=advertiser.id, budget=(500_000, "USD")
            ).uuid
            for title in ("Import one", "Import two", LONG)
        ]
    lines = [["ID", "Title", "Budget", "Colour"], *([str(uuid), "", "", ""] for uuid in made)]
    return saved(lines)


def _another(content: bytes) -> bytes:
    """A file that was never given before, and asks for the same."""
    return retyped(content, 1, Colour=str(next(_numbers)))


def _payload(content: bytes, name: str = "spring plan.csv") -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def _give(page: Page, content: bytes) -> None:
    page.goto("/import")
    page.get_by_label("CSV file").set_input_files(_payload(content))
    post(page, page.get_by_role("button", name="Read the file"))


def _with_problems(page: Page, content: bytes) -> None:
    wrong = retyped(retyped(content, 1, Title="Import 1"), 2, Budget="1.234")
    _give(page, retyped(wrong, 3, Title="x" * 300, Budget="much"))
    expect(page.get_by_role("heading", name="2 rows to mend")).to_be_visible()


def _known(page: Page, content: bytes) -> None:
    for _ in range(2):
        _give(page, retyped(content, 1, Title="Import again"))
    page.get_by_role("button", name="Work out what it would change").click()
    expect(page.locator("#error-summary")).to_be_focused()


def _nothing_to_do(page: Page, content: bytes) -> None:
    _give(page, content)
    expect(page.get_by_text("Nothing is to be done")).to_be_visible()


def _refused(page: Page, _content: bytes) -> None:
    _give(page, b"PK\x03\x04")
    expect(page.locator("#error-summary")).to_be_focused()


def _asked(page: Page, content: bytes) -> None:
    page.goto("/import")


def _preview(page: Page, content: bytes) -> None:
    _give(page, retyped(retyped(content, 1, Title="Import 1", Budget="9000"), 3, Budget="1"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Import of spring plan.csv")


STATES: tuple[Callable[[Page, bytes], None], ...] = (
    _asked,
    _refused,
    _with_problems,
    _known,
    _nothing_to_do,
    _preview,
)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("come_to", STATES, ids=lambda state: state.__name__)
def test_a_state_is_sound(
    new_page: NewPage,
    exported: bytes,
    come_to: Callable[[Page, bytes], None],
    size: dict[str, int],
) -> None:
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    come_to(page, _another(exported))
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_a_list_goes_out_and_comes_back_changed(
    new_page: NewPage, stack: Stack, tmp_path: Path, scripts: bool
) -> None:
    title = f"Round trip {scripts}"
    with stack.data():
        factories.campaign(title=title, budget=(500_000, "USD"))
    page = new_page(java_script_enabled=scripts)
    page.goto(f"/campaigns?q=%22{title.replace(' ', '+')}%22")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    download.value.save_as(tmp_path / "list.csv")
    content = (tmp_path / "list.csv").read_bytes()
    assert len(cells_of(content)) == 2

    page.get_by_role("link", name="Import", exact=True).click()
    changed = retyped(content, Title=f"{title} and back", Notes="=by hand")
    page.get_by_label("CSV file").set_input_files(_payload(changed))
    page.get_by_role("button", name="Read the file").click()
    expect(page.locator("tbody tr")).to_contain_text(f"{title} and back")
    page.get_by_role("button", name="Do it, and send it to Megaphone").click()

    look_until_finished(page)
    expect(page.locator("#job")).to_contain_text("1 done")
    page.get_by_role("link", name="See the file").click()
    expect(page.get_by_role("link", name="See how it went")).to_be_visible()


def test_rows_to_mend_come_back_as_a_file_by_keyboard(
    new_page: NewPage, exported: bytes, tmp_path: Path
) -> None:
    page = new_page()
    page.goto("/import")
    page.get_by_label("CSV file").focus()
    page.get_by_label("CSV file").set_input_files(
        _payload(retyped(_another(exported), Budget="a lot"))
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Get the rows to mend")
    expect(link).to_be_visible()
    link.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "mend.csv")
    lines = cells_of((tmp_path / "mend.csv").read_bytes())
    assert lines[0][-1] == "Problem"
    assert "“a lot”" in lines[1][-1]
    assert len(lines) == 2
