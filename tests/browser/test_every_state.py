"""Each page in each state: usable by everyone, in light and dark, on a desk and on a phone."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser.conftest import DESKTOP, PHONE, Watch, patient
from tests.browser.states import STATES, Addresses, State, prepare
from tests.support.stack import Stack

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
# Everything but colours is the same in the dark.
RULES = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
Pages = Callable[[str | None, bool], tuple[Page, Watch]]
SMALL_TARGETS = """() => [...document.querySelectorAll("button, select, input, summary")]
  .filter((el) => el.checkVisibility() && el.type !== "hidden" && !el.closest(".visually-hidden"))
  .map((el) => [el.outerHTML.slice(0, 80), el.closest("label") ?? el])
  .filter(([, el]) => !["checkbox", "radio"].includes(el.type))
  .filter(([, el]) => Math.min(el.offsetWidth, el.offsetHeight) < 24)
  .map(([html]) => html)"""


@pytest.fixture(scope="session")
def addresses(stack: Stack) -> Addresses:
    return prepare(stack)


def violations(page: Page, scheme: str) -> list[str]:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found: list[dict[str, Any]] = page.evaluate(
        f"async () => (await axe.run(document, {json.dumps(RULES[scheme])})).violations"
    )
    return [
        f"{scheme} {rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module")
def pages(browser: Browser, stack: Stack, sessions: dict[str, StorageState]) -> Iterator[Pages]:
    """One page for each person and screen, used by all states: a new one each time is slow."""

    @cache
    def open_page(who: str | None, wide: bool) -> tuple[Page, Watch]:
        context = browser.new_context(
            base_url=stack.url,
            storage_state=sessions[who] if who else None,
            viewport=DESKTOP if wide else PHONE,
        )
        patient(context).add_init_script(path=AXE)
        watch = Watch()
        watch.follow(context)
        return context.new_page(), watch

    yield open_page
    for context in browser.contexts:
        context.close()


@pytest.mark.parametrize("wide", [True, False], ids=["desk", "phone"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_sound(pages: Pages, addresses: Addresses, state: State, wide: bool) -> None:
    page, watch = pages(state.who, wide)
    page.goto(state.path(addresses))
    if state.act:
        state.act(page)

    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []
    assert watch.problems == []
