"""A person who has a keyboard and nothing else."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests import factories
from tests.support.stack import Stack
from webapp.core.clock import utc_now

MANY = 150
# What htmx calls an element while an answer to it is under way, or is being put into the page.
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
NAMES = """() => {
  const el = document.activeElement;
  const labels = [...(el.labels ?? [])].map((label) => label.textContent);
  return [el.getAttribute("aria-label"), el.textContent, ...labels]
    .filter(Boolean).map((text) => text.trim().replace(/\\s+/g, " "));
}"""


@dataclass(frozen=True)
class Keyboard:
    """Everything is done by keys; what is on the screen is only looked at."""

    page: Page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def go(self, letter: str) -> None:
        """Press g and the letter of a place: within a moment, even if this machine stalls then."""
        self.page.clock.set_fixed_time(utc_now())
        self.press("g", letter)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def ask(self, text: str) -> None:
        """Type all of it at once: half of it, on a machine that stalls, is asked for as well, and
        its answer looks like one to all of it."""
        self.page.keyboard.insert_text(text)

    def tab_to(self, name: str, *, back: bool = False) -> None:
        """Go on until what has the focus is called so."""
        for _ in range(MANY):
            self.press("Shift+Tab" if back else "Tab")
            if name in self.page.evaluate(NAMES):
                return
        raise AssertionError(f"the Tab key never comes to “{name}”")

    def answered(self) -> None:
        """What was asked for by the last key is in the page."""
        expect(self.page.locator(UNDER_WAY)).to_have_count(0)

    def heard(self, words: str) -> None:
        """The live region says so, wherever it is just now."""
        expect(self.page.locator("#live")).to_contain_text(words)

    def find(self, words: str, number: int) -> None:
        """Look for campaigns, and go to the first of so many rows."""
        self.go("c")
        self.page.wait_for_url("**/campaigns")
        self.press("/")
        self.type(words)
        self.press("Enter")
        self.answered()
        rows = self.page.locator("#results tbody tr")
        expect(rows).to_have_count(number)
        self.page.wait_for_url("**q=**")
        self.press("ArrowDown")
        expect(rows.first.locator("th a")).to_be_focused()

    def archive_ticked(self, number: int) -> None:
        """Have the ticked rows of the list archived in bulk, and see it come to its end."""
        self.tab_to("Change the ticked", back=True)
        self.press("Shift+Tab")
        self.type("Arch")
        self.press("Tab", "Enter")
        self.page.wait_for_url("**/bulk/**")
        self.tab_to("See what would change")
        self.press("Enter")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(f"{number} of {number}")
        self.tab_to("Do it here")
        self.press("Enter")
        expect(self.page.locator("#job")).to_contain_text("Finished")

    def at(self, title: str) -> None:
        """The row with this title has the focus."""
        link = self.page.get_by_role("row", name=title).locator("th a")
        expect(link).to_be_focused()


def make(stack: Stack, *titles: str) -> None:
    """Campaigns of these titles, with a budget."""
    with stack.data():
        for title in titles:
            factories.campaign(title=title, budget=(500_000, "USD"))
