"""Changes in the states that the pages about them show, none of which the worker touches."""

from datetime import timedelta

from playwright.sync_api import Page

from tests import factories
from tests.support.stack import MANAGER
from webapp.campaigns.fields import GROUPS, snapshot
from webapp.campaigns.models import APPLIED, HELD, READY, STUCK
from webapp.campaigns.queries import MADE_THERE
from webapp.core.clock import utc_now

BUDGET = {"before": {"budget": [450_000, "USD"]}, "after": {"budget": [500_000, "USD"]}}


def prepare() -> dict[str, str]:
    """Make the changes; the addresses of their pages by the names that the states use."""
    held = _edit("Held back", HELD, held_by=MANAGER)
    _edit("Put off", READY, not_before=utc_now() + timedelta(days=2))
    arrived = _edit("Arrived", APPLIED, attempts=1, sent_at=utc_now())
    return {
        "held_change": f"/changes/{held.id}",
        "arrived_change": f"/changes/{arrived.id}",
        "lost_booking": _lost_booking(),
        "gone_record": _gone_record(),
        "made_there": _made_there(),
        "twice": f"/needs-you/duplicates/{_duplicate().id}",
    }


def _edit(title: str, state: str, **values: object) -> factories.Change:
    owner = factories.campaign(title=title, budget=(500_000, "USD"), sync_state="waiting")
    return factories.change(owner, state=state, fields=["budget"], **BUDGET, **values)


def _lost_booking() -> str:
    lost = factories.campaign(title="Lost booking", waiting=True, budget=(5_000, "USD"))
    lost.sync_state, lost.marker = "parked", "fd-bcdfghjkmn"
    factories.change(
        lost,
        state=STUCK,
        fields=list(GROUPS),
        sent_payload=snapshot(lost),
        sent_at=utc_now(),
        last_error="It was never listed.",
    )
    factories.campaign(
        title="Lost booking",
        advertiser_id=lost.advertiser_id,
        budget=(5_000, "USD"),
        remote_created_at=utc_now(),
    )
    return f"/changes/parked/{lost.uuid}"


def _made_there() -> str:
    lost = factories.campaign(title="Booked and listed", waiting=True)
    lost.sync_state = "parked"
    factories.change(
        lost,
        state=STUCK,
        sent_payload=snapshot(lost),
        sent_at=utc_now(),
        error_code=MADE_THERE,
        last_error="Someone has worked on the other one.",
    )
    return f"/changes/parked/{lost.uuid}"


def _gone_record() -> str:
    gone = factories.campaign(title="Gone there", sync_state="parked")
    factories.change(gone, state=STUCK, error_code="not_found", last_status=404)
    return f"/changes/parked/{gone.uuid}"


def _duplicate() -> factories.Duplicate:
    other = factories.campaign(title="Once more")
    return factories.duplicate(factories.campaign(title="Once"), remote_id=other.remote_id)


def hold_what_is_held(page: Page) -> None:
    """Press a button above the list for a change that is on hold already."""
    page.get_by_label("Select the change of Held back").check()
    page.get_by_role("button", name="Hold", exact=True).first.click()
    page.wait_for_selector("h1:has-text('Put on hold')")


def select_the_page(page: Page) -> None:
    page.get_by_label("Select the whole page").check()
    page.get_by_text("ticked:").wait_for()
