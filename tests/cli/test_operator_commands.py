"""Inviting people, their roles, and switching them off and on, at a shell."""

import re

import pytest

from tests import factories
from tests.auth.factors import has_factor
from tests.cli.conftest import Terminal
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth import queries, sessions
from webapp.auth.models import Operator
from webapp.core.db import db

EMAIL = "kim@example.com"
WORDS = "seven brown foxes jump"


def person(email: str = EMAIL) -> Operator:
    db.session.rollback()
    found = queries.operator_by_email(email)
    assert found
    return found


def link(output: str) -> str:
    found = re.search(r"^http://127\.0\.0\.1:8000(/join/\S+)$", output, re.MULTILINE)
    assert found, output
    return found[1]


def test_the_first_admin_joins_by_a_link(terminal: Terminal, client: Client) -> None:
    result = terminal("operators", "first-admin")
    typed = {"email": EMAIL, "password": WORDS, "repeated": WORDS}
    get_page(client, link(result.output)).submit("Join", typed)

    assert person().role == "admin"
    again = terminal("operators", "first-admin")
    assert (again.exit_code, again.output) == (
        1,
        "Error: There is an admin already: kim@example.com.\n",
    )


def test_somebody_is_invited(terminal: Terminal, client: Client) -> None:
    result = terminal("operators", "invite", "Kim@Example.com", "--role", "viewer")
    typed = {"password": WORDS, "repeated": WORDS}
    get_page(client, link(result.output)).submit("Join", typed)

    assert "kim@example.com joins as viewer by this link, within 7 days:" in result.output
    assert person().role == "viewer"
    assert "has an account already" in terminal("operators", "invite", EMAIL).output


def test_another_role_ends_sessions(terminal: Terminal) -> None:
    kim = factories.operator("viewer", email=EMAIL)
    factories.session(kim)

    assert (
        "is manager now, and signs in anew."
        in terminal("operators", "set-role", EMAIL, "manager").output
    )
    assert person().role == "manager"
    assert not sessions.list_of(person().id)
    assert "is manager already." in terminal("operators", "set-role", EMAIL, "manager").output


def test_somebody_is_switched_off_and_on(terminal: Terminal) -> None:
    factories.session(factories.operator("viewer", email=EMAIL))

    assert terminal("operators", "switch-off", EMAIL).output == f"{EMAIL} is switched off.\n"
    assert not person().active
    assert not sessions.list_of(person().id)
    assert "switched off already" in terminal("operators", "switch-off", EMAIL).output
    assert terminal("operators", "switch-on", EMAIL).output == f"{EMAIL} may sign in again.\n"
    assert person().active


def test_a_lost_second_factor_is_reset(terminal: Terminal) -> None:
    kim = factories.operator("admin", email=EMAIL)
    has_factor(kim)
    factories.session(kim)

    result = terminal("operators", "reset-factor", EMAIL)
    assert result.output == f"{EMAIL} has no second factor now, and signs in anew.\n"
    assert person().totp_secret is None
    assert not sessions.list_of(person().id)
    assert terminal("operators", "reset-factor", EMAIL).output == f"{EMAIL} has no second factor.\n"


def test_an_account_elsewhere_is_unlinked(terminal: Terminal) -> None:
    kim = factories.operator(email=EMAIL)
    kim.oidc_subject = "known there"
    factories.session(kim)

    assert "is linked to no account elsewhere now" in terminal("operators", "unlink", EMAIL).output
    assert person().oidc_subject is None
    assert not sessions.list_of(person().id)
    result = terminal("operators", "unlink", EMAIL)
    assert result.output == f"{EMAIL} is linked to no account elsewhere.\n"


@pytest.mark.parametrize("command", [("switch-off", EMAIL), ("set-role", EMAIL, "viewer")])
def test_the_last_admin_stays_one(terminal: Terminal, command: tuple[str, ...]) -> None:
    factories.operator("admin", email=EMAIL)
    result = terminal("operators", *command)

    assert (result.exit_code, person().role, person().active) == (1, "admin", True)
    assert "Make somebody an admin first." in result.output


def test_nobody_of_that_name_is_said(terminal: Terminal) -> None:
    for command in (("switch-off", EMAIL), ("switch-on", EMAIL), ("set-role", EMAIL, "viewer")):
        result = terminal("operators", *command)
        assert result.exit_code == 1
        assert "There is no operator with the e-mail address kim@example.com." in result.output
