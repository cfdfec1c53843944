"""What someone types into the forms of campaigns, for the states that they come to by that."""

from playwright.sync_api import Page


def raise_budget(page: Page) -> None:
    page.get_by_label("Total budget").fill("900000")
    page.locator("form.form button.primary").click()
    page.wait_for_selector("#budget_tick-error")


def type_two_readings(page: Page) -> None:
    page.get_by_label("Total budget").fill("1.234")
    page.wait_for_selector("#figures button")


def look_for_advertiser(page: Page) -> None:
    page.get_by_role("combobox", name="Advertiser").press("ArrowDown")
    page.wait_for_selector("#advertiser-list li")
    page.get_by_role("combobox", name="Advertiser").press("ArrowDown")


def look_for_nobody(page: Page) -> None:
    page.get_by_role("combobox", name="Advertiser").fill("xyzzy")
    page.wait_for_selector("#advertiser-option-none")


def send_form(page: Page) -> None:
    """Send a form without a session that fits it."""
    page.evaluate(
        """() => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = "/campaigns/new";
          form.innerHTML = "<input name=title value=Typed>";
          document.body.append(form);
          form.submit();
        }"""
    )
    page.wait_for_selector("main:has-text('kept')")


def look_for_term(page: Page) -> None:
    page.get_by_role("combobox", name="Search campaigns").fill("sync:")
    page.wait_for_selector("#suggestions li")
    page.keyboard.press("ArrowDown")


def ask_how_to_search(page: Page) -> None:
    page.get_by_text("How to search").click()
