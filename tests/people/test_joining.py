"""Joining by a link: once, with a password of one's own, and with nothing left in a log."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.people.told import told
from tests.support.client import Client, signed_in
from tests.support.pages import Page, get_page
from tests.support.threads import in_threads
from webapp.audit.service import Actor
from webapp.auth import queries as auth_queries
from webapp.auth import sessions
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.ops import logs
from webapp.people import invitations
from webapp.people.invitations import NotOpen

EMAIL = "kim@example.com"
WORDS = "seven brown foxes jump"
SHELL = Actor("root", "cli")


def join(client: Client, secret: str, status: int = 200, **typed: Any) -> Page:
    page = get_page(client, f"/join/{secret}")
    return page.submit("Join", {"password": WORDS, "repeated": WORDS, **typed}, status=status)


def person(email: str = EMAIL) -> Operator | None:
    db.session.rollback()
    return auth_queries.operator_by_email(email)


def test_who_joins_is_signed_in_as_what_they_were_invited_for(
    client: Client, admin: Operator
) -> None:
    secret = factories.invitation(email=EMAIL, role="viewer", invited_by_id=admin.id)
    page = join(client, secret)

    assert page.h1 == "Overview"
    joined = person()
    assert joined
    assert (joined.role, joined.active) == ("viewer", True)
    assert joined.password_set_at is not None
    assert len(sessions.list_of(joined.id)) == 1
    assert told() == [
        (EMAIL, "joined", EMAIL, None, "viewer"),
        (EMAIL, "joined", EMAIL, None, "admin@example.com"),
    ]


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"repeated": "something else entirely"}, "repeated", "The two passwords are not"),
        ({"password": "short", "repeated": "short"}, "password", "at least 12 characters"),
        ({"password": EMAIL, "repeated": EMAIL}, "password", "more than your e-mail address"),
        ({"password": "password1234", "repeated": "password1234"}, "password", ""),
        ({"password": "", "repeated": ""}, "password", "Choose a password."),
    ],
)
def test_a_password_that_cannot_be_is_said_at_its_field(
    client: Client, typed: dict[str, str], field: str, words: str
) -> None:
    secret = factories.invitation(email=EMAIL)

    assert words in join(client, secret, status=422, **typed).errors[field]
    assert person() is None
    assert join(client, secret).h1 == "Overview"


def closed(client: Client, secret: str) -> str:
    page = get_page(client, f"/join/{secret}", status=410)
    assert "ask whoever invited you for a new link" in page.text
    return page.text


def test_a_link_that_opens_nothing_says_the_same_whyever_that_is(client: Client) -> None:
    now = utc_now()
    said = {
        closed(client, factories.invitation(used_at=now)),
        closed(client, factories.invitation(withdrawn_at=now)),
        closed(client, factories.invitation(expires_at=now)),
        closed(client, "fdk_join_nobody-made-this"),
    }
    assert len(said) == 1


def test_a_link_is_good_for_seven_days_and_once(client: Client, other: Client) -> None:
    secret = factories.invitation(email=EMAIL)
    with time_machine.travel(utc_now() + timedelta(days=7, seconds=1)):
        closed(client, secret)
    opened = get_page(other, f"/join/{secret}")
    join(client, secret)

    closed(other, secret)
    typed = {"password": WORDS, "repeated": WORDS}
    assert "opens nothing any more" in opened.submit("Join", typed, status=410).text


def test_the_invited_address_stays_theirs_whatever_is_sent(client: Client) -> None:
    secret = factories.invitation(email=EMAIL)
    page = get_page(client, f"/join/{secret}")
    form = page.form("Join")
    sent = {**form.values, "email": "mallory@example.com", "password": WORDS, "repeated": WORDS}
    client.post(form.action, data=sent)

    assert person("mallory@example.com") is None
    assert person()


def test_an_account_made_meanwhile_is_not_taken_over(client: Client) -> None:
    secret = factories.invitation(email=EMAIL)
    factories.operator("viewer", email=EMAIL)

    page = join(client, secret, status=422)
    assert "kim@example.com has an account already." in page.errors["password"]


def test_who_is_signed_in_is_told_to_sign_out_first(admin_client: Client) -> None:
    page = get_page(admin_client, f"/join/{factories.invitation(email=EMAIL)}")
    assert page.h1 == "You are signed in"
    assert person() is None
    assert page.submit("Sign out").h1 == "Sign in"


def joining(app: Flask, secret: str, email: str) -> str | None:
    """One of several, in a session of its own."""
    try:
        with app.app_context(), transaction():
            return invitations.accept(secret, email, WORDS, request_id="r").email
    except NotOpen:
        return None


def test_of_some_who_open_one_link_at_once_one_joins(app: Flask) -> None:
    secret = factories.invitation(email=None, role="admin")
    db.session.commit()
    works = [partial(joining, app, secret, f"{n}@example.com") for n in range(4)]

    assert len([email for email in in_threads(works) if email]) == 1
    assert len(auth_queries.list_operators()) == 1


def first_admin_link() -> str:
    with transaction():
        return invitations.invite_first_admin(SHELL)[1]


def test_the_first_admin_says_who_they_are_within_an_hour(client: Client) -> None:
    with time_machine.travel(utc_now() - timedelta(minutes=61)):
        old = first_admin_link()
    closed(client, old)
    secret = first_admin_link()

    assert "Enter your e-mail" in join(client, secret, status=422, email="").errors["email"]
    join(client, secret, email="Boss@Example.com")
    joined = person("boss@example.com")
    assert joined
    assert joined.role == "admin"


def test_there_is_no_link_for_a_first_admin_beside_an_admin(client: Client) -> None:
    secret = first_admin_link()
    factories.operator("admin", email="admin@example.com")
    db.session.commit()

    closed(client, secret)
    with pytest.raises(TooLate, match=r"already: admin@example\.com"):
        first_admin_link()


def test_a_new_link_for_the_first_admin_replaces_the_old_one(client: Client) -> None:
    old, new = first_admin_link(), first_admin_link()
    closed(client, old)
    assert get_page(client, f"/join/{new}").h1 == "Join Flightdeck"


def test_no_log_database_or_error_page_holds_a_link_s_secret(
    app: Flask, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure(settings.model_copy(update={"log_level": "DEBUG"}))
    with transaction():
        _, secret = invitations.invite(SHELL, EMAIL, "viewer")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with monkeypatch.context() as patch:
        # As an error of a library does, it names the address that was asked for.
        patch.setitem(app.view_functions, "people.join", _failing)
        broken = client.get(f"/join/{secret}")
    join(client, secret)
    closed(client, secret)

    assert (broken.status_code, secret in broken.text) == (500, False)
    written = "".join(p.read_text() for p in Path(settings.logs).glob("*") if p.is_file())
    assert "people.join" in written
    assert "request_failed" in written
    assert secret not in written
    with db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            assert secret not in repr(connection.execute(table.select()).all())


def _failing(secret: str) -> str:
    raise ValueError(f"cannot open /join/{secret}")


def test_the_address_is_told_to_no_other_host(client: Client) -> None:
    answer = client.get(f"/join/{factories.invitation()}")
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_session_begins_with_joining_and_replaces_what_the_browser_had(
    client: Client, manager: Operator
) -> None:
    signed_in(client, manager)
    secret = factories.invitation(email=EMAIL)
    get_page(client, f"/join/{secret}").submit("Sign out")
    join(client, secret)
    assert EMAIL in get_page(client, "/campaigns").html
