"""People in each state, and what an admin does on their pages."""

from datetime import timedelta
from uuid import uuid4

from playwright.sync_api import Browser, Page, StorageState

from tests import factories
from tests.auth.factors import has_factor
from tests.support.stack import Stack
from webapp.auth import queries, sessions
from webapp.core.clock import utc_now
from webapp.people.queries import open_invitations

ADMIN = "admin@example.com"
LONG = "somebody.with.a.name.that.goes.on.and.on.and.on@department.example.com"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"


def signed_in_as_admin(browser: Browser, stack: Stack) -> StorageState:
    """The cookies of an admin. How one signs in is looked at elsewhere."""
    with stack.data():
        admin = queries.operator_by_email(ADMIN) or factories.operator("admin", email=ADMIN)
        secret = sessions.begin(admin, address="127.0.0.1", agent=AGENT, now=utc_now())
        signing = stack.app.session_interface.get_signing_serializer(stack.app)
        cookie = signing.dumps({"_user_id": secret, "_fresh": True})
        name = stack.app.config["SESSION_COOKIE_NAME"]
    context = browser.new_context(base_url=stack.url)
    context.add_cookies([{"name": name, "value": cookie, "url": stack.url}])
    state = context.storage_state()
    context.close()
    return state


def prepare() -> dict[str, str]:
    """The addresses of people, and of invitations, in each state."""
    busy = factories.operator("manager", email=LONG)
    has_factor(busy)
    for agent in (AGENT, "curl/8 " * 12):
        sessions.begin(busy, address="2001:db8::12", agent=agent, now=utc_now())
    for name in ("Nightly report", "A script with a name that has no end " * 2):
        factories.api_token(name=f"{name} {uuid4()}", operator_id=busy.id)
    off = factories.operator("viewer", email="off@example.com", active=False)
    factories.api_token(name="Of somebody switched off", operator_id=off.id)
    factories.invitation(email="invited@example.com", role="viewer")
    factories.invitation(email=None, role="admin", expires_at=utc_now() + timedelta(minutes=30))
    newest, _ = open_invitations(utc_now())[0]
    return {
        "person": f"/people/{busy.id}",
        "switched_off": f"/people/{off.id}",
        "invitation": f"/people/invitations/{newest.id}",
        "join": f"/join/{factories.invitation(email='joining@example.com', role='manager')}",
        "join_as_admin": f"/join/{factories.invitation(email='boss@example.com', role='admin')}",
    }


def invite(page: Page) -> None:
    page.get_by_label("E-mail").fill(f"{uuid4()}@example.com")
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_selector("#link")


def invite_nobody(page: Page) -> None:
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_selector("#error-summary")


def join_with_a_slip(page: Page) -> None:
    page.get_by_label("Password").fill("short")
    page.get_by_label("The same again").fill("other")
    page.get_by_role("button", name="Join").click()
    page.wait_for_selector("#error-summary")


def give_the_same_role(page: Page) -> None:
    page.get_by_role("button", name="Give this role").click()
    page.wait_for_selector("[data-done]")
