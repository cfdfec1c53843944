"""What an admin does to others asks for the password when that was typed a while ago."""

import pytest

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth import sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db

ASKED = "Is it you?"
ACTS = ("role", "switch-off", "switch-on", "end-sessions", "reset-factor")


@pytest.fixture
def kim(admin: Operator) -> Operator:
    return factories.operator("operator", email="kim@example.com")


def wait() -> None:
    """As long as a password counts."""
    db.session.query(OperatorSession).update({"confirmed_at": utc_now() - sessions.FRESH})


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_not_done_before_the_password(
    admin_client: Client, kim: Operator, act: str
) -> None:
    wait()
    assert get_page(admin_client, f"/people/{kim.id}/{act}").h1 == ASKED


def test_nobody_is_invited_before_the_password(admin_client: Client) -> None:
    wait()
    assert get_page(admin_client, "/people/invite?email=kim@example.com").h1 == ASKED


def test_taking_one_thing_away_is_quick(admin_client: Client, kim: Operator) -> None:
    """A session, a token, an invitation: in an emergency nobody looks for a password first."""
    factories.session(kim)
    factories.session(kim)
    factories.api_token("read", name="theirs", operator_id=kim.id)
    factories.invitation(email="new@example.com")
    wait()

    page = get_page(admin_client, f"/people/{kim.id}").submit("Sign it out")
    assert "is signed out" in page.notices
    page = get_page(admin_client, "/tokens").follow("Revoke theirs").submit("Revoke the token")
    assert "is revoked" in page.notices
    page = get_page(admin_client, "/people").follow("Withdraw the invitation of new@example.com")
    assert "is withdrawn" in page.submit("Withdraw the invitation").notices


def test_looking_asks_for_nothing(admin_client: Client, kim: Operator) -> None:
    wait()
    assert get_page(admin_client, "/people").h1 == "People"
    assert get_page(admin_client, f"/people/{kim.id}").h1 == "kim@example.com"


def test_what_was_chosen_is_kept_over_the_password_and_then_done(
    admin_client: Client, kim: Operator
) -> None:
    form = get_page(admin_client, f"/people/{kim.id}/role")
    wait()
    page = form.submit("Give this role", {"role": "viewer"}, status=401)
    assert page.h1 == ASKED
    page = page.submit("Go on", {"password": factories.PASSWORD}).submit("Show the form")

    assert kim.role == "operator"
    assert page.form("Give this role").values["role"] == "viewer"
    page.submit("Give this role")
    assert kim.role == "viewer"


def test_what_changed_while_the_password_was_typed_is_noticed(
    admin_client: Client, kim: Operator
) -> None:
    form = get_page(admin_client, f"/people/{kim.id}/switch-off")
    wait()
    page = form.submit("Switch off", status=401)
    kim.role = "manager"
    page = page.submit("Go on", {"password": factories.PASSWORD}).submit("Show the form")

    assert "Somebody changed kim@example.com meanwhile" in page.submit("Switch off").notices
    assert kim.active


def test_what_was_typed_to_invite_is_kept_over_the_password(admin_client: Client) -> None:
    form = get_page(admin_client, "/people/invite")
    wait()
    typed = {"email": "new@example.com", "role": "manager"}
    page = form.submit("Make the link", typed, status=401)
    page = page.submit("Go on", {"password": factories.PASSWORD}).submit("Show the form")

    kept = page.form("Make the link").values
    assert (kept["email"], kept["role"]) == ("new@example.com", "manager")
    assert page.submit("Make the link").h1 == "new@example.com is invited"
