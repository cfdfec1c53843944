"""Signing in and out through the pages."""

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth import throttle
from webapp.auth.models import Operator, SignInThrottle
from webapp.auth.service import SignInFailed
from webapp.core.clock import utc_now
from webapp.core.db import db

REFUSED = str(SignInFailed())
WRONG = "not the password at all"


def try_to_sign_in(
    client: Client, email: str, password: str = factories.PASSWORD, query: str = ""
) -> TestResponse:
    """Fill in the form; the answer to it, not followed."""
    form = get_page(client, f"/sign-in{query}").form("Sign in")
    typed = {**form.values, "email": email, "password": password}
    return client.post(form.action, data=typed)


def is_signed_in(client: Client) -> bool:
    answer = client.get("/campaigns")
    assert answer.status_code in (200, 302)
    return answer.status_code == 200


def test_the_right_password_signs_in_and_is_noted(client: Client, manager: Operator) -> None:
    answer = try_to_sign_in(client, manager.email)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_signed_in(client)
    assert manager.last_sign_in_at is not None
    assert utc_now() - manager.last_sign_in_at < timedelta(minutes=1)


def test_blanks_around_a_password_are_part_of_it(client: Client) -> None:
    factories.operator(email="jo@example.com", password="  twelve characters  ")

    assert try_to_sign_in(client, "jo@example.com", "twelve characters").status_code == 422
    assert try_to_sign_in(client, "jo@example.com", "  twelve characters  ").status_code == 302


@pytest.mark.parametrize("email", ["MANAGER@Example.COM", "  manager@example.com  "])
def test_case_and_blanks_in_the_email_do_not_matter(
    client: Client, manager: Operator, email: str
) -> None:
    try_to_sign_in(client, email)
    assert is_signed_in(client)


def test_every_refusal_says_the_same(client: Client, manager: Operator) -> None:
    factories.operator(email="gone@example.com", active=False)
    for _ in range(throttle.MOST_PER_EMAIL):
        throttle.count_failure("locked@example.com", "192.0.2.1")
    factories.operator(email="locked@example.com")

    answers = {
        "wrong password": try_to_sign_in(client, manager.email, WRONG),
        "unknown": try_to_sign_in(client, "nobody@example.com", WRONG),
        "switched off": try_to_sign_in(client, "gone@example.com"),
        "throttled": try_to_sign_in(client, "locked@example.com"),
    }

    for cause, answer in answers.items():
        assert answer.status_code == 422, cause
        assert REFUSED in answer.text, cause
        assert not is_signed_in(client), cause


def test_a_refusal_keeps_the_email_and_not_the_password(client: Client, manager: Operator) -> None:
    page = get_page(client, "/sign-in")
    page = page.submit("Sign in", {"email": manager.email, "password": WRONG}, status=422)

    assert page.title.startswith("Error: ")
    assert REFUSED in page.text
    assert page.form("Sign in").values["email"] == manager.email
    assert WRONG not in page.html


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": "", "password": WRONG}, "email"),
        ({"email": "   ", "password": WRONG}, "email"),
        ({"email": "x" * 300, "password": WRONG}, "email"),
        ({"email": "a@example.com", "password": ""}, "password"),
        ({"email": "a@example.com", "password": "x" * 1001}, "password"),
    ],
)
def test_an_empty_or_endless_field_is_marked(client: Client, typed, field: str) -> None:
    page = get_page(client, "/sign-in").submit("Sign in", typed, status=422)
    assert list(page.errors) == [field]


def test_an_unknown_email_is_counted_like_a_known_one(client: Client, manager: Operator) -> None:
    try_to_sign_in(client, manager.email, WRONG)
    known = {row.key: row.failures for row in db.session.query(SignInThrottle)}
    try_to_sign_in(client, "nobody@example.com", WRONG)
    both = {row.key: row.failures for row in db.session.query(SignInThrottle)}

    # One row for the e-mail address, one for the network address they share, one for everybody.
    assert sorted(known.values()) == [1, 1, 1]
    assert sorted(both.values()) == [1, 1, 2, 2]


def test_five_failures_lock_the_email_for_fifteen_minutes(
    client: Client, manager: Operator
) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(5):
            assert not is_signed_in(client)
            try_to_sign_in(client, manager.email.upper(), WRONG)
        assert try_to_sign_in(client, manager.email).status_code == 422

        clock.shift(timedelta(minutes=14, seconds=59))
        assert try_to_sign_in(client, manager.email).status_code == 422

        clock.shift(timedelta(seconds=1))
        assert try_to_sign_in(client, manager.email).status_code == 302
        assert is_signed_in(client)


def test_four_failures_do_not_lock_and_success_forgets_them(
    client: Client, manager: Operator
) -> None:
    for _ in range(2):
        for _ in range(4):
            try_to_sign_in(client, manager.email, WRONG)
        assert try_to_sign_in(client, manager.email).status_code == 302
        client.delete_cookie("flightdeck")


def test_one_locked_email_does_not_lock_another(
    client: Client, manager: Operator, viewer: Operator
) -> None:
    for _ in range(5):
        try_to_sign_in(client, manager.email, WRONG)

    assert try_to_sign_in(client, viewer.email).status_code == 302


def test_an_operator_switched_off_is_out_at_once(manager_client: Client, manager: Operator) -> None:
    assert is_signed_in(manager_client)
    manager.active = False
    assert not is_signed_in(manager_client)


def test_signing_out_ends_the_session(manager_client: Client) -> None:
    page = get_page(manager_client, "/campaigns").submit("Sign out")

    assert page.h1 == "Sign in"
    assert "signed out" in page.notices
    assert not is_signed_in(manager_client)


def test_signing_out_takes_a_post(manager_client: Client) -> None:
    assert manager_client.get("/sign-out").status_code == 405
    assert is_signed_in(manager_client)


def test_a_page_asks_to_sign_in_and_is_shown_afterwards(client: Client, manager: Operator) -> None:
    asked = client.get("/campaigns?q=news&page=2")
    assert asked.headers["Location"] == "/sign-in?next=/campaigns?q%3Dnews%26page%3D2"

    page = get_page(client, asked.headers["Location"])
    # One wrong try must not lose the way.
    page = page.submit("Sign in", {"email": manager.email, "password": WRONG}, status=422)
    form = page.form("Sign in")
    typed = {**form.values, "email": manager.email, "password": factories.PASSWORD}

    assert client.post(form.action, data=typed).headers["Location"] == "/campaigns?q=news&page=2"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example/",
        "\t//evil.example/",
        "javascript:alert(1)",
        "http:evil.example",
        "evil.example",
        "",
        "http://[",
        "/x\x00y",
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(
    client: Client, manager: Operator, target: str
) -> None:
    answer = try_to_sign_in(client, manager.email, query=f"?next={quote(target)}")
    assert answer.headers["Location"] == "/"


def test_who_is_signed_in_already_is_sent_on(manager_client: Client) -> None:
    assert manager_client.get("/sign-in").headers["Location"] == "/"
    assert manager_client.get("/sign-in?next=/campaigns").headers["Location"] == "/campaigns"


def test_a_form_without_its_token_does_nothing(client: Client, manager: Operator) -> None:
    typed = {"email": manager.email, "password": factories.PASSWORD}
    answer = client.post("/sign-in", data=typed)

    assert answer.status_code == 400
    assert "reload the page" in answer.text
    assert not is_signed_in(client)


def test_a_session_s_cookie_is_kept_from_scripts_and_other_sites(
    client: Client, manager: Operator
) -> None:
    cookie = try_to_sign_in(client, manager.email).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_forged_session_is_nobody(client: Client) -> None:
    client.set_cookie("flightdeck", "eyJfdXNlcl9pZCI6IjEifQ.forged.forged")
    assert not is_signed_in(client)


@pytest.mark.parametrize("user_id", ["999999", "x", "-1", "1 OR 1=1"])
def test_a_session_of_no_operator_is_nobody(client: Client, manager: Operator, user_id) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = user_id
    assert not is_signed_in(client)
