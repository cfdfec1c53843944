"""Tokens in each state, and what is done with them on their pages."""

from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Page

from tests import factories
from tests.support.stack import MANAGER
from webapp.auth import queries
from webapp.core.clock import utc_now


def prepare() -> dict[str, str]:
    """The address of the token that can be given a new secret."""
    mine = queries.operator_by_email(MANAGER)
    assert mine
    now = utc_now()
    factories.api_token(name="Of nobody, with a name that has no end " * 2)
    factories.api_token(name="Expired", expires_at=now, operator_id=mine.id)
    factories.api_token(name="Revoked", revoked_at=now, operator_id=mine.id)
    factories.api_token(
        name="Rotated",
        operator_id=mine.id,
        last_used_at=now,
        expires_at=now + timedelta(days=90),
        previous_digest=uuid4().hex,
        previous_until=now + timedelta(hours=5),
    )
    return {"token": f"/tokens/{queries.token_named('Rotated').id}"}


def make(page: Page) -> None:
    page.get_by_label("Name").fill(f"Script {uuid4()}")
    page.get_by_role("button", name="Make the token").click()
    page.wait_for_selector("#secret")


def make_without_a_scope(page: Page) -> None:
    page.locator("input[name=scopes]:checked").uncheck()
    page.get_by_role("button", name="Make the token").click()
    page.wait_for_selector("#error-summary")
