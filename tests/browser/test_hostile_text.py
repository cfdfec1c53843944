"""Hostile text in every stored field, seen by a real browser: no script of it runs anywhere.

The console, and with it each line about the content security policy, is listened to.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import people
from tests.browser.conftest import Watch, patient
from tests.security.hostile import LONG, poison
from tests.support import routes
from tests.support.stack import Stack, running_stack
from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import Campaign
from webapp.core.db import db

# Whatever a text managed to run would be heard as this.
TRAP = "window.xss = () => console.error('a script of a text ran')"
MADE = "xss-made, img[src=x], [onclick], [onerror], [onfocus], script:not([src^='/static/'])"


@pytest.fixture(scope="module")
def hostile(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, whose every text is hostile. Its worker calls nobody while it is seen."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    with running_stack(folder) as stack:
        yield stack


def everything(stack: Stack) -> list[str]:
    """Makes every text hostile, and tells the addresses of all pages."""
    with stack.data():
        given = routes.values()
        for campaign in db.session.query(Campaign).limit(40):
            campaign.notes = "x"
        db.session.flush()
        addresses = [
            routes.address(stack.app, rule, given)
            for rule in routes.rules(stack.app, "GET")
            if not routes.takes_tokens(rule)
            and rule.endpoint != "static"
            and not rule.rule.endswith((".csv", ".json"))
            and rule.endpoint.partition(".")[0] not in ("ops", "metrics", "oidc", "contact")
        ]
        poison(LONG)
        assert db.session.query(Advertiser).first()
    return addresses


def test_no_script_of_a_text_runs_and_the_policy_has_nothing_to_stop(
    browser: Browser, hostile: Stack
) -> None:
    context = signed_in(browser, hostile)
    addresses = everything(hostile)
    watch, page, seen = Watch(), context.new_page(), 0
    page.add_init_script(TRAP)
    watch.follow(context)
    for path in addresses:
        page.goto(path)
        assert page.locator(MADE).count() == 0, path
        seen += "<xss-made" in page.content().replace("&lt;", "<")
    context.close()
    assert [each for each in watch.problems if "404" not in each] == []
    assert seen > 15


def signed_in(browser: Browser, stack: Stack) -> BrowserContext:
    """As an admin where that is had, for every page to be open."""
    state = people.signed_in_as_admin(browser, stack)
    return patient(browser.new_context(base_url=stack.url, storage_state=state))
