"""Every address and method, for everybody: four roles and a stranger; the API for each scope.

What is expected stands in ``who_may.py``. The views are left out of it: only whether they are
reached is looked at. What single views ask besides is tested by ``tests/meta/test_routes.py``.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests import factories
from tests.security.who_may import ANYBODY, OPERATIONS, PAGES
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.auth.permissions import PERMISSION_OF, ROLES, Scope, role_may

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

REACHED = 299
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND")
# From who may least; as it stands here, not as the code has it.
ORDER = ["anybody", "viewer", "operator", "manager", "admin"]


def name_of(method: str, rule: Rule) -> str:
    plain = re.sub(r"<(?:[^<>]*:)?([a-z_]+)>", r"<\1>", rule.rule)
    return f"{method} {plain}"


class Doors:
    """All addresses, whose views only tell that they were reached."""

    def __init__(self, app: Flask) -> None:
        self.app, self.values = app, routes.values()
        self.rules = {
            name_of(method, rule): (method, rule)
            for rule in app.url_map.iter_rules()
            for method in sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})
        }
        for endpoint, real in list(app.view_functions.items()):
            app.view_functions[endpoint] = _in_place_of(real)

    def open(self, client: Client, name: str, **sent: Any) -> int:
        method, rule = self.rules[name]
        address = routes.address(self.app, rule, self.values)
        return client.open(address, method=method, **sent).status_code


def _in_place_of(real: Callable[..., Any]) -> Callable[..., Any]:
    def view(**_given: object) -> tuple[str, int]:
        return "", REACHED

    view.__module__, view.__name__ = real.__module__, real.__name__
    vars(view).update(vars(real))
    return view


def test_the_table_names_every_address_and_nothing_else(app: Flask) -> None:
    found = Doors(app).rules
    api = {name for name, (_, rule) in found.items() if routes.takes_tokens(rule)}
    assert set(found) - api == set(PAGES)
    assert api == set(OPERATIONS)


@pytest.mark.parametrize("role", ORDER[1:])
def test_each_role_reaches_what_the_table_says_and_no_more(
    app: Flask, client: Client, role: str
) -> None:
    signed_in(client, factories.operator(role))
    token = str(get_page(client, "/campaigns").form("Sign out").values["csrf_token"])
    doors = Doors(app)
    for name, least in PAGES.items():
        expected = REACHED if ORDER.index(role) >= ORDER.index(least) else 403
        status = doors.open(client, name, headers={"X-CSRFToken": token})
        assert status == expected, f"{role}: {name}"


def test_a_stranger_reaches_what_is_for_anybody_and_no_more(app: Flask, client: Client) -> None:
    page = get_page(client, "/sign-in")
    token = str(page.forms[0].values["csrf_token"])
    doors = Doors(app)
    for name, least in PAGES.items():
        expected = REACHED if least == ANYBODY else 302
        assert doors.open(client, name, headers={"X-CSRFToken": token}) == expected, name


def test_whoever_was_switched_off_reaches_no_more_than_a_stranger(
    app: Flask, client: Client
) -> None:
    operator = factories.operator("admin")
    signed_in(client, operator)
    token = str(get_page(client, "/campaigns").form("Sign out").values["csrf_token"])
    operator.active = False
    doors = Doors(app)
    for name, least in PAGES.items():
        status = doors.open(client, name, headers={"X-CSRFToken": token})
        assert status == (REACHED if least == ANYBODY else 302), name


@pytest.mark.parametrize("scope", [*Scope, ""])
def test_each_scope_opens_what_the_table_says_and_no_more(
    app: Flask, client: Client, scope: str
) -> None:
    secret = factories.api_token(scope)
    doors = Doors(app)
    for name, needed in OPERATIONS.items():
        status = doors.open(client, name, headers={"Authorization": f"Bearer {secret}"})
        assert status == (REACHED if scope == needed else 403), f"{scope}: {name}"


@pytest.mark.parametrize("role", ROLES)
def test_a_token_opens_no_more_than_its_operator_may(app: Flask, client: Client, role: str) -> None:
    operator = factories.operator(role)
    secret = factories.api_token("read write sync admin", operator_id=operator.id)
    doors = Doors(app)
    for name, needed in OPERATIONS.items():
        status = doors.open(client, name, headers={"Authorization": f"Bearer {secret}"})
        may = role_may(role, PERMISSION_OF[Scope(needed)])
        assert status == (REACHED if may else 403), f"{role}: {name}"


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", "Basic b3BlcmF0b3I6cGFzc3dvcmQ="])
def test_without_a_token_no_operation_is_open(app: Flask, client: Client, sent: str) -> None:
    doors = Doors(app)
    for name in OPERATIONS:
        assert doors.open(client, name, headers={"Authorization": sent}) == 401, name


def test_an_operation_takes_no_session(app: Flask, client: Client) -> None:
    signed_in(client, factories.operator("admin"))
    doors = Doors(app)
    for name in OPERATIONS:
        assert doors.open(client, name) == 401, name


def test_a_method_that_is_not_in_the_table_is_not_taken(app: Flask, client: Client) -> None:
    signed_in(client, factories.operator("admin"))
    bearer = {"Authorization": f"Bearer {factories.api_token('read write sync admin')}"}
    doors = Doors(app)
    addresses = {routes.address(app, rule, doors.values) for _, rule in doors.rules.values()}
    matching = app.url_map.bind("localhost")
    for address in sorted(addresses):
        # Some are an id to another address: /views/home, of the view with that name.
        for method in sorted(set(METHODS) - set(matching.allowed_methods(address))):
            answer = client.open(address, method=method, headers=bearer)
            assert answer.status_code == 405, (method, address)
            assert method not in answer.headers["Allow"], (method, address)


def test_the_roles_are_in_this_order(app: Flask) -> None:
    assert list(ROLES) == ORDER[1:]
    for less, more in pairwise(ORDER[1:]):
        assert ROLES[less] < ROLES[more]
