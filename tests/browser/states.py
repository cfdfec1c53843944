"""Every page in every state that a person can meet, made on the running product."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from playwright.sync_api import Page

from tests import factories
from tests.support.stack import MANAGER, VIEWER, Stack
from webapp.campaigns.models import REJECTED, SETTLING, SYNC_STATES, Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.sync.models import COMPLETE, FAILED, SyncRun


@dataclass(frozen=True)
class Addresses:
    """Addresses of the records that the states show."""

    campaign: str
    conflict: str
    refused: str
    checking: str
    archived: str
    complete_run: str
    failed_run: str


def prepare(stack: Stack) -> Addresses:
    """Make one record for each state that the stack does not come to by itself."""
    with stack.data():
        made = {state: _campaign(f"State {state}", sync_state=state) for state in SYNC_STATES}
        conflict = made["conflict"]
        conflict.sync_detail = "budget, title"
        factories.conflict(conflict, "budget", theirs=[250_000, "EUR"])
        factories.conflict(conflict, "title", theirs="Their title")
        refused = "Megaphone said: the title is taken."
        factories.change(made["refused"], state=REJECTED, last_error=refused)
        soon = utc_now() + timedelta(minutes=2)
        # Its lease is held, so that the worker leaves it alone.
        factories.change(
            made["checking"],
            state=SETTLING,
            sent_at=utc_now(),
            settle_until=soon,
            next_attempt_at=soon,
            lease_until=soon,
        )
        archived = _campaign("Archived one", archived_at=utc_now())
        _campaign("Very long title without an end " * 8, advertiser_id=None)
        _campaign("Nowhere_to_break_" * 14)
        failed = factories.sync_run(
            state=FAILED, problem="Megaphone answered 500 three times.", trigger="operator"
        )
        complete = db.session.query(SyncRun).filter_by(state=COMPLETE).first()
        assert complete
        return Addresses(
            campaign=_address(made["confirmed"]),
            conflict=_address(conflict),
            refused=_address(made["refused"]),
            checking=_address(made["checking"]),
            archived=_address(archived),
            complete_run=f"/sync/{complete.id}",
            failed_run=f"/sync/{failed.id}",
        )


def _campaign(title: str, **values: object) -> Campaign:
    return factories.campaign(title=title, budget=(500_000, "USD"), **values)


def _address(campaign: Campaign) -> str:
    return f"/campaigns/{campaign.uuid}"


@dataclass(frozen=True)
class State:
    """``act`` brings the opened page into the state; ``who`` is signed in (nobody: a stranger)."""

    name: str
    path: Callable[[Addresses], str]
    who: str | None = MANAGER
    act: Callable[[Page], None] | None = None


def _at(path: str) -> Callable[[Addresses], str]:
    return lambda _addresses: path


def _submit_empty(page: Page) -> None:
    page.get_by_label("Total budget").fill("1.234")
    page.locator("form.form button[type=submit]").click()
    page.wait_for_selector("#error-summary")


def _fail_to_sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill("someone@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#error-summary")


def _open_menu(page: Page) -> None:
    if page.locator("details.menu summary").is_visible():
        page.locator("details.menu summary").click()


def _ask_for_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")


def _save_stale(page: Page) -> None:
    page.get_by_label("Title").fill("Typed on an old form")
    page.evaluate("document.querySelector('[name=version]').value = '0'")
    page.locator("form.form button[type=submit]").click()
    page.wait_for_selector("#error-summary")


STATES = (
    State("sign in", _at("/sign-in"), who=None),
    State("sign in refused", _at("/sign-in"), who=None, act=_fail_to_sign_in),
    State("overview", _at("/")),
    State("menu", _at("/"), act=_open_menu),
    State("list", _at("/campaigns")),
    State(
        "list sorted and filtered", _at("/campaigns?q=state&sort=-budget&archived=all&per_page=25")
    ),
    State("list with notes", _at("/campaigns?sort=nothing&page=0&per_page=7&sync=x")),
    State("list empty", _at("/campaigns?q=xyzzy")),
    State("list beyond the end", _at("/campaigns?page=900")),
    State("list for a viewer", _at("/campaigns?per_page=25"), who=VIEWER),
    State("shortcuts", _at("/advertisers?q=xyzzy"), act=_ask_for_keys),
    State("campaign", lambda a: a.campaign),
    State("campaign in conflict", lambda a: a.conflict),
    State("campaign refused", lambda a: a.refused),
    State("campaign being checked", lambda a: a.checking),
    State("campaign archived", lambda a: a.archived),
    State("campaign for a viewer", lambda a: a.conflict, who=VIEWER),
    State("new campaign", _at("/campaigns/new")),
    State("new campaign with errors", _at("/campaigns/new"), act=_submit_empty),
    State("edit", lambda a: f"{a.campaign}/edit"),
    State("edit out of date", lambda a: f"{a.campaign}/edit", act=_save_stale),
    State("advertisers", _at("/advertisers")),
    State("advertisers empty", _at("/advertisers?q=xyzzy")),
    State("sync", _at("/sync")),
    State("run", lambda a: a.complete_run),
    State("run failed", lambda a: a.failed_run),
    State("timeline", _at("/timeline")),
    State("forbidden", _at("/campaigns/new"), who=VIEWER),
    State("not found", _at("/nowhere")),
    State("not found for a stranger", _at("/nowhere"), who=None),
)
