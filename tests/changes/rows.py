"""Pressing what stands in the list of changes as a browser would: its buttons share one form."""

from tests.support.client import Client
from tests.support.pages import Page, get_page


def press(client: Client, page: Page, title: str, words: str) -> Page:
    """Press a row's button; the answer's page."""
    row = next(row for row in page.main.all("tr") if title in row.text)
    button = next(button for button in row.all("button") if button.text == words)
    return _post(client, page, button["formaction"], {})


def press_bulk(client: Client, page: Page, verb: str, change_ids: list[int]) -> Page:
    form = next(form for form in page.forms if "/changes/bulk" in form.action)
    return _post(client, page, form.action, {"verb": verb, "change": change_ids})


def _post(client: Client, page: Page, action: str, data: dict[str, object]) -> Page:
    token = page.root.all("input", name="csrf_token")[0]["value"]
    answer = client.post(action, data={"csrf_token": token, **data}, headers={"Referer": page.url})
    if answer.status_code != 302:
        return Page(client, answer)
    return get_page(client, answer.headers["Location"])
