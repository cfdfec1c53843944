"""Before what is dangerous, the password is asked for when it was typed a while ago."""

import pytest

from tests import factories
from tests.support.client import Client
from tests.support.pages import Page, get_page
from webapp.auth import passwords, sessions
from webapp.auth.models import ApiToken, Operator, OperatorSession
from webapp.core.clock import utc_now
from webapp.core.db import db

FRAGMENT = {"HX-Request": "true"}
MAKE = "Make the token"


@pytest.fixture
def late(manager_client: Client) -> Client:
    """Signed in, and the password was typed as long ago as it counts."""
    db.session.query(OperatorSession).one().confirmed_at = utc_now() - sessions.FRESH
    return manager_client


def tokens() -> int:
    db.session.rollback()
    return db.session.query(ApiToken).count()


def confirm(page: Page, password: str = factories.PASSWORD, status: int = 200) -> Page:
    return page.submit("Go on", {"password": password}, status=status)


def test_a_dangerous_page_is_shown_after_the_password(late: Client) -> None:
    page = get_page(late, "/tokens/new?x=1")
    assert page.h1 == "Is it you?"
    page = confirm(page)
    assert (page.url, page.h1) == ("/tokens/new?x=1", "New token")
    # Once is enough for a while.
    assert get_page(late, "/tokens/new").h1 == "New token"


def test_right_after_signing_in_nothing_is_asked(manager_client: Client) -> None:
    assert get_page(manager_client, "/tokens/new").h1 == "New token"


def test_what_was_typed_is_kept_and_done_only_when_pressed_again(manager_client: Client) -> None:
    form = get_page(manager_client, "/tokens/new")
    db.session.query(OperatorSession).one().confirmed_at = utc_now() - sessions.FRESH
    typed = {"name": "Nightly “report”", "scopes": ["read"], "expires": "30"}

    page = form.submit(MAKE, typed, status=401)
    assert page.h1 == "Is it you?"
    page = confirm(page, "not the password", status=422)
    assert list(page.errors) == ["password"]
    page = confirm(page)
    assert "Nothing of it is saved yet" in page.text
    page = page.submit("Show the form")

    assert tokens() == 0
    assert page.form(MAKE).values["name"] == "Nightly “report”"
    assert page.form(MAKE).values["expires"] == "30"
    page.submit(MAKE)
    assert tokens() == 1


def test_a_wrong_password_confirms_nothing_and_is_not_shown(late: Client) -> None:
    page = confirm(get_page(late, "/tokens/new"), "typed by mistake", status=422)
    assert "typed by mistake" not in page.html
    assert get_page(late, "/tokens/new").h1 == "Is it you?"


def test_the_fifth_wrong_password_signs_out(late: Client) -> None:
    for _ in range(4):
        confirm(get_page(late, "/tokens/new"), "not the password", status=422)
    page = confirm(get_page(late, "/tokens/new"), "not the password")

    assert page.h1 == "Sign in"
    assert "you are signed out" in page.notices
    assert late.get("/campaigns").status_code == 302
    db.session.rollback()
    assert db.session.query(OperatorSession).one().ended_at is not None


def test_a_fragment_request_is_sent_to_the_question(late: Client) -> None:
    headers = FRAGMENT | {"HX-Current-URL": "http://localhost/tokens?page=2"}
    answer = late.get("/tokens/new", headers=headers)
    assert answer.headers["HX-Redirect"] == "/confirm?next=/tokens?page%3D2"


@pytest.mark.parametrize("where", ["https://evil.example/tokens", "//evil.example", "x", ""])
def test_from_elsewhere_nobody_is_led_back_there(late: Client, where: str) -> None:
    answer = late.get("/tokens/new", headers=FRAGMENT | {"HX-Current-URL": where})
    assert answer.headers["HX-Redirect"] == "/confirm"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_after_the_password_nobody_is_sent_elsewhere(late: Client, target: str) -> None:
    form = get_page(late, "/confirm").form("Go on")
    answer = late.post(
        "/confirm", query_string={"next": target}, data=form.values | {"password": "x"}
    )
    assert answer.status_code == 422
    answer = late.post(
        "/confirm",
        query_string={"next": target},
        data=form.values | {"password": factories.PASSWORD},
    )
    assert answer.headers["Location"] == "/"


def test_a_form_that_another_site_sends_is_not_kept(late: Client) -> None:
    values = {"name": "planted", "scopes": "read"}
    answer = late.post("/tokens/new", data=values, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/confirm")


def test_a_token_s_new_secret_is_asked_about_too(late: Client, manager: Operator) -> None:
    factories.api_token(operator_id=manager.id)
    number = db.session.query(ApiToken).one().id
    assert get_page(late, f"/tokens/{number}/rotate").h1 == "Is it you?"
    # Ending one is no danger, and may be urgent.
    assert get_page(late, f"/tokens/{number}/revoke").h1.startswith("Revoke")


def test_who_has_no_password_is_told_how(late: Client, manager: Operator) -> None:
    manager.password_hash = passwords.NONE
    page = get_page(late, "/tokens/new")
    assert page.submit("Sign out").h1 == "Sign in"
