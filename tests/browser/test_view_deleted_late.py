"""A view that somebody changes while its end is asked for: asked again, with what was changed."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, NewPage
from tests.browser.test_every_state import AXE, OVERFLOW, SMALL_TARGETS, violations
from tests.support.stack import MANAGER, Stack
from webapp.audit.service import Actor
from webapp.auth.models import Operator
from webapp.core.db import db
from webapp.savedviews import queries, service

BEA = Actor("bea@example.com", "web")


def change(stack: Stack, key: str, arguments: dict[str, str]) -> None:
    with stack.data():
        seen = queries.get_seen(key, _manager())
        service.save_over(BEA, seen, arguments, seen.view.mark)


def _manager() -> Operator:
    return db.session.query(Operator).filter_by(email=MANAGER).one()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_second_sees_what_was_changed_and_decides(
    stack: Stack, new_page: NewPage, size: dict[str, int]
) -> None:
    with stack.data():
        key = str(factories.saved_view(_manager(), name="Late", is_shared=True).uuid)
    page = new_page(viewport=size)
    page.add_init_script(path=AXE)
    page.goto(f"/views/{key}/remove")
    change(stack, key, {"q": "theirs", "owner": "me"})

    page.get_by_role("button", name="Delete the view").click()

    summary = page.locator("#error-summary")
    assert "Nothing was deleted" in summary.inner_text()
    assert "bea@example.com changed this view" in summary.inner_text()
    expect(summary).to_be_focused()
    assert page.locator("tbody tr").all_inner_texts() == ["Search\tspring\ttheirs", "Owner\t–\tme"]
    assert violations(page, "light") + violations(page, "dark") == []
    assert page.evaluate(OVERFLOW) == 0, "the page can be scrolled sideways"
    assert page.evaluate(SMALL_TARGETS) == []
    page.get_by_role("button", name="Delete it all the same").click()
    expect(page.locator("#live")).to_contain_text("“Late” is deleted")
