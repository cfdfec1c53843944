"""Nothing is changed by a request that one of our own pages did not send.

Every address is tried with every method that may change something, as a form sends it and as htmx
does. The API takes no session at all, which is why it asks for no token of the page's.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.auth.access import PUBLIC_ENDPOINTS

# Which request is let in does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HTMX = {"HX-Request": "true"}
BY_HTTPS = "https://localhost"
REACHED = 299


class Watched:
    """The views that change something, of which only is told that they were reached."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.reached: list[str] = []
        self.pages = [
            (method, rule) for method, rule in routes.unsafe(app) if not routes.takes_tokens(rule)
        ]
        self.values = routes.values()
        for _, rule in self.pages:
            app.view_functions[rule.endpoint] = self._in_place_of(rule.endpoint)

    def _in_place_of(self, endpoint: str) -> Callable[..., Any]:
        def view(**_given: object) -> tuple[str, int]:
            self.reached.append(endpoint)
            return "", REACHED

        real = self.app.view_functions[endpoint]
        view.__module__, view.__name__ = real.__module__, real.__name__
        vars(view).update(vars(real))
        return view

    def refuses(self, client: Client, **sent: Any) -> None:
        """Every address refuses what is sent, and does nothing."""
        for method, rule in self.pages:
            answer = client.open(self.address(rule), method=method, **sent)
            assert answer.status_code == 400, (method, rule)
            assert not self.reached, (method, rule)

    def takes(self, client: Client, **sent: Any) -> None:
        """Every address takes what is sent."""
        for method, rule in self.pages:
            answer = client.open(self.address(rule), method=method, **sent)
            assert answer.status_code == REACHED, (method, rule, answer.text)
        assert sorted(self.reached) == sorted(rule.endpoint for _, rule in self.pages)

    def address(self, rule: Rule) -> str:
        return routes.address(self.app, rule, self.values)


@pytest.fixture
def admin_client(client: Client) -> Client:
    return signed_in(client, factories.operator("admin"))


@pytest.fixture
def token(admin_client: Client) -> str:
    """That of a page of this session."""
    values = get_page(admin_client, "/campaigns").form("Sign out").values
    return str(values["csrf_token"])


@pytest.fixture
def foreign_token(app: Flask) -> str:
    """Someone else's, who may be signed in as well."""
    other = app.test_client()
    assert isinstance(other, Client)
    return str(get_page(other, "/sign-in").forms[0].values["csrf_token"])


@pytest.fixture
def watched(app: Flask, token: str, foreign_token: str) -> Watched:
    return Watched(app)


def test_there_are_many_of_them(watched: Watched) -> None:
    assert len(watched.pages) > 40
    assert "auth.sign_in" in {rule.endpoint for _, rule in watched.pages}


def test_a_form_without_a_token_is_refused_everywhere(
    watched: Watched, admin_client: Client
) -> None:
    watched.refuses(admin_client, data={"title": "Theirs"})


def test_a_request_by_htmx_without_a_token_is_refused_everywhere(
    watched: Watched, admin_client: Client
) -> None:
    watched.refuses(admin_client, headers=HTMX)


def test_a_form_with_the_token_of_another_session_is_refused_everywhere(
    watched: Watched, admin_client: Client, foreign_token: str
) -> None:
    watched.refuses(admin_client, data={"csrf_token": foreign_token})


def test_htmx_with_the_token_of_another_session_is_refused_everywhere(
    watched: Watched, admin_client: Client, foreign_token: str
) -> None:
    watched.refuses(admin_client, headers=HTMX | {"X-CSRFToken": foreign_token})


def test_a_token_in_the_address_is_no_token(
    watched: Watched, admin_client: Client, token: str
) -> None:
    watched.refuses(admin_client, query_string={"csrf_token": token})


def test_a_token_in_a_body_of_json_is_no_token(
    watched: Watched, admin_client: Client, token: str
) -> None:
    watched.refuses(admin_client, json={"csrf_token": token})


def test_a_form_with_its_token_is_taken_everywhere(
    watched: Watched, admin_client: Client, token: str
) -> None:
    watched.takes(admin_client, data={"csrf_token": token})


def test_htmx_with_the_token_in_a_header_is_taken_everywhere(
    watched: Watched, admin_client: Client, token: str
) -> None:
    watched.takes(admin_client, headers=HTMX | {"X-CSRFToken": token})


@pytest.mark.parametrize("referer", [None, "https://elsewhere.example/", "http://localhost/"])
def test_by_https_a_form_must_come_from_a_page_of_ours(
    watched: Watched, admin_client: Client, token: str, referer: str | None
) -> None:
    headers = {"Referer": referer} if referer else {}
    sent = {"base_url": BY_HTTPS, "data": {"csrf_token": token}}
    watched.refuses(admin_client, headers=headers, **sent)
    watched.takes(admin_client, headers={"Referer": f"{BY_HTTPS}/campaigns"}, **sent)


def test_addresses_that_ask_for_no_token_take_no_session(
    app: Flask, admin_client: Client, token: str
) -> None:
    """Else a foreign page could have a signed-in browser send to them."""
    values = routes.values()
    api = [(method, rule) for method, rule in routes.unsafe(app) if routes.takes_tokens(rule)]
    assert len(api) > 10
    for method, rule in api:
        answer = admin_client.open(
            routes.address(app, rule, values),
            method=method,
            headers={"X-CSRFToken": token},
            json={},
        )
        assert answer.status_code == 401, rule
        assert "Set-Cookie" not in answer.headers, rule


def test_nothing_but_the_api_is_exempt(app: Flask) -> None:
    csrf = app.extensions["csrf"]
    assert not csrf._exempt_views
    assert {blueprint.name for blueprint in csrf._exempt_blueprints} == {"api"}
    assert app.config["WTF_CSRF_METHODS"] == {"POST", "PUT", "PATCH", "DELETE"}


def test_signing_in_asks_for_a_token_too(client: Client) -> None:
    """Else a foreign page could sign someone in as another, and see what they do."""
    operator = factories.operator()
    sent = {"email": operator.email, "password": factories.PASSWORD}
    assert client.post("/sign-in", data=sent).status_code == 400
    assert get_page(client, "/campaigns").h1 == "Sign in"


def test_every_public_address_that_changes_something_was_tried(watched: Watched) -> None:
    public = {rule.endpoint for _, rule in routes.unsafe(watched.app)} & PUBLIC_ENDPOINTS
    assert public <= {rule.endpoint for _, rule in watched.pages}
