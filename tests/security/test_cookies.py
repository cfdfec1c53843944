"""The cookie of a session: what a browser may do with it, and how long it lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask_login import encode_cookie
from itsdangerous import TimestampSigner
from werkzeug.test import TestResponse

from tests import factories
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.app import create_app
from webapp.core.config import Settings
from webapp.core.db import db

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BY_HTTPS = "https://desk.example"


@contextmanager
def visitor(app: Flask, **changed: object) -> Iterator[Client]:
    """Someone at an application with other settings, on the same database."""
    settings: Settings = app.config["SETTINGS"]
    other = create_app(settings.model_copy(update=changed))
    other.test_client_class = Client
    client = other.test_client()
    assert isinstance(client, Client)
    yield client
    with other.app_context():
        db.engine.dispose()


def cookies(answer: TestResponse) -> list[str]:
    return answer.headers.getlist("Set-Cookie")


def sign_in(client: Client, **sent: object) -> TestResponse:
    operator = factories.operator()
    db.session.commit()
    token = get_token(client, **sent)
    typed = {"email": operator.email, "password": factories.PASSWORD, "csrf_token": token}
    headers = {"Referer": f"{sent.get('base_url', 'http://localhost')}/sign-in"}
    answer = client.post("/sign-in", data=typed, headers=headers, **sent)
    assert answer.status_code == 302
    return answer


def get_token(client: Client, **sent: object) -> str:
    page = client.get("/sign-in", **sent).text
    return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


@pytest.mark.parametrize("changed", [{"base_url": BY_HTTPS}, {"secure_cookies": True}])
def test_by_https_a_cookie_is_for_this_host_and_for_requests_of_its_own_pages(
    app: Flask, changed: dict[str, object]
) -> None:
    hosts = {"allowed_hosts": "desk.example"}
    with visitor(app, **changed, **hosts) as client:
        (cookie,) = cookies(sign_in(client, base_url=BY_HTTPS))
        assert client.get("/campaigns", base_url=BY_HTTPS).status_code == 200
    name, _, rest = cookie.partition("=")
    assert name == "__Host-flightdeck"
    # Without Domain, Expires and Max-Age: of this host, and gone with the browser.
    assert sorted(rest.split("; ")[1:]) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


def test_on_this_machine_a_cookie_has_a_plain_name(app: Flask) -> None:
    with visitor(app) as client:
        (cookie,) = cookies(sign_in(client))
    assert cookie.startswith("flightdeck=")
    assert sorted(cookie.split("; ")[1:]) == ["HttpOnly", "Path=/", "SameSite=Lax"]


def test_there_is_no_other_cookie_anywhere(app: Flask, client: Client) -> None:
    values = routes.values()
    signed_in(client, factories.operator("admin"))
    for rule in routes.rules(app, "GET"):
        for cookie in cookies(client.get(routes.address(app, rule, values))):
            assert cookie.startswith("flightdeck="), rule
            assert "expires" not in cookie.lower(), rule
            assert "max-age" not in cookie.lower(), rule


def test_no_cookie_remembers_who_signed_in_once(app: Flask, client: Client) -> None:
    with visitor(app) as other:
        assert not any("remember" in cookie for cookie in cookies(sign_in(other)))
    # One made with our own key opens nothing either.
    operator = factories.operator("admin")
    for known in (str(operator.id), operator.email):
        with app.test_request_context():
            client.set_cookie("remember_token", encode_cookie(known))
        assert client.get("/campaigns").headers["Location"].startswith("/sign-in")


def test_files_health_and_the_api_set_no_cookie(client: Client) -> None:
    for address in ("/static/app.css", "/health", "/health/ready", "/api/v1/me", "/api/docs"):
        assert not cookies(client.get(address)), address


def test_a_new_cookie_is_given_at_sign_in_and_the_old_one_opens_nothing(client: Client) -> None:
    get_page(client, "/sign-in")
    before = client.get_cookie("flightdeck")
    assert before
    sign_in(client)
    after = client.get_cookie("flightdeck")
    assert after
    assert after.value != before.value
    client.set_cookie("flightdeck", before.value)
    assert client.get("/campaigns").headers["Location"].startswith("/sign-in")


class Late(TimestampSigner):
    """Signs as if it were a while ago."""

    ago = timedelta(hours=12, minutes=1)

    def get_timestamp(self) -> int:
        return super().get_timestamp() - int(self.ago.total_seconds())


@pytest.mark.parametrize(("ago", "status"), [(Late.ago, 302), (timedelta(hours=11), 200)])
def test_a_cookie_is_not_read_after_twelve_hours(
    app: Flask, client: Client, monkeypatch: pytest.MonkeyPatch, ago: timedelta, status: int
) -> None:
    signed_in(client, factories.operator())
    monkeypatch.setattr(Late, "ago", ago)
    interface = app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    with client.session_transaction() as session:
        kept = dict(session)
    serializer = interface.get_signing_serializer(app)
    assert serializer
    serializer.signer = Late
    client.set_cookie("flightdeck", str(serializer.dumps(kept)))
    assert client.get("/campaigns").status_code == status


def test_a_cookie_that_was_tampered_with_is_none(client: Client) -> None:
    sign_in(client)
    cookie = client.get_cookie("flightdeck")
    assert cookie
    head, _, tail = cookie.value.partition(".")
    # Not its last letter: of that, some bits mean nothing.
    other = "x" if tail[-2] != "x" else "y"
    signed_otherwise = f"{head}.{tail[:-2]}{other}{tail[-1]}"
    for forged in (f"{head}x.{tail}", signed_otherwise, head, "", "." * 50, "x" * 4000):
        client.set_cookie("flightdeck", forged)
        assert client.get("/campaigns").headers["Location"].startswith("/sign-in"), forged
