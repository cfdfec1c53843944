"""Inviting somebody: the link is shown once, replaced by the next, and can be withdrawn."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from tests import factories
from tests.people.told import told
from tests.support.client import Client
from tests.support.pages import Page, get_page
from webapp.auth.models import Invitation, Operator
from webapp.auth.queries import token_digest
from webapp.core.clock import utc_now
from webapp.core.db import db

EMAIL = "kim@example.com"


def invite(client: Client, email: str = EMAIL, role: str = "operator", status: int = 200) -> Page:
    page = get_page(client, "/people/invite")
    return page.submit("Make the link", {"email": email, "role": role}, status=status)


def secret_on(page: Page) -> str:
    found = re.search(r'value="http://localhost/join/(fdk_join_[\w-]{43})"', page.html)
    assert found
    return found[1]


def invitations() -> list[Invitation]:
    db.session.rollback()
    return list(db.session.scalars(select(Invitation).order_by(Invitation.id)))


def test_the_link_is_shown_once_and_only_its_digest_is_kept(
    admin_client: Client, admin: Operator
) -> None:
    page = invite(admin_client, "Kim@Example.com", "manager")
    secret = secret_on(page)

    (kept,) = invitations()
    assert (kept.email, kept.role, kept.invited_by_id) == (EMAIL, "manager", admin.id)
    assert kept.digest == token_digest(secret)
    assert kept.expires_at - kept.created_at == timedelta(days=7)
    listed = get_page(admin_client, "/people")
    assert "kim@example.com" in listed.text
    assert secret not in listed.html
    assert told() == [("admin@example.com", "invited", EMAIL, None, "manager")]


def test_the_link_begins_as_is_set_whatever_the_request_says(admin_client: Client) -> None:
    admin_client.application.config["SETTINGS"].base_url = "https://flightdeck.example"
    page = invite(admin_client)
    assert 'value="https://flightdeck.example/join/fdk_join_' in page.html
    assert "http://localhost/join" not in page.html


def test_inviting_again_makes_a_new_link_and_the_old_one_opens_nothing(
    admin_client: Client, other: Client
) -> None:
    old = secret_on(invite(admin_client, role="viewer"))
    again = get_page(admin_client, get_page(admin_client, "/people").links[f"New link for {EMAIL}"])
    form = again.form("Make the link")
    assert (form.values["email"], form.values["role"]) == (EMAIL, "viewer")
    new = secret_on(again.submit("Make the link"))

    assert other.get(f"/join/{old}").status_code == 410
    assert other.get(f"/join/{new}").status_code == 200
    assert [action for _, action, *_ in told()] == ["invited", "invitation withdrawn", "invited"]


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("no address", "This is not an e-mail address."),
        ("", "Enter their e-mail address."),
        ("HERE@example.com", "here@example.com has an account already."),
        ("gone@example.com", "They are switched off: switch them on instead."),
    ],
)
def test_who_cannot_be_invited_is_said_at_the_field(
    admin_client: Client, email: str, words: str
) -> None:
    factories.operator(email="here@example.com")
    factories.operator(email="gone@example.com", active=False)

    assert words in invite(admin_client, email, status=422).errors["email"]
    assert not invitations()


def test_a_role_that_is_none_is_refused(admin_client: Client) -> None:
    invite(admin_client, role="emperor", status=422)
    assert not invitations()


def test_a_withdrawn_invitation_opens_nothing_and_is_listed_no_more(
    admin_client: Client, other: Client
) -> None:
    secret = secret_on(invite(admin_client))
    withdraw = get_page(admin_client, "/people").links[f"Withdraw the invitation of {EMAIL}"]
    asked, asked_too = get_page(admin_client, withdraw), get_page(admin_client, withdraw)
    page = asked.submit("Withdraw the invitation")

    assert "is withdrawn" in page.notices
    assert "Nobody is invited at the moment." in page.text
    assert other.get(f"/join/{secret}").status_code == 410
    assert "is not open any more" in asked_too.submit("Withdraw the invitation").notices
    assert [action for _, action, *_ in told()] == ["invited", "invitation withdrawn"]


def test_what_is_over_is_not_listed(admin_client: Client) -> None:
    factories.invitation(email="over@example.com", expires_at=utc_now() - timedelta(seconds=1))
    factories.invitation(email="used@example.com", used_at=utc_now())

    assert "Nobody is invited at the moment." in get_page(admin_client, "/people").text


def test_inviting_asks_for_the_password_when_that_was_typed_a_while_ago(
    admin_client: Client,
) -> None:
    with time_machine.travel(utc_now() + timedelta(minutes=16)):
        page = get_page(admin_client, "/people/invite", status=200)
    assert "Make the link" not in page.html
