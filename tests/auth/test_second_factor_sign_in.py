"""The second step of signing in: a code, a recovery code, or setting it up where it is required."""

from datetime import timedelta

import pyotp
import pytest
import segno
import time_machine
from flask import Flask
from sqlalchemy import Engine

from tests import factories
from tests.auth.factors import (
    App,
    codes_on,
    has_factor,
    is_signed_in,
    secret_on,
    type_password,
)
from tests.support.client import Client, signed_in
from tests.support.listening import listening
from tests.support.pages import get_page
from tests.support.threads import in_threads
from webapp.audit.models import AuditEvent
from webapp.auth import recovery, second_factor, service, throttle, totp
from webapp.auth.models import Operator, OperatorSession, RecoveryCode, Rule
from webapp.auth.second_factor import FOR_ALL, WrongCode, is_on
from webapp.auth.signing_in import PENDING_FOR
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

REFUSED = "does not fit or was used before, or there were too many tries"


@pytest.fixture
def app_of(manager: Operator) -> tuple[App, list[str]]:
    return has_factor(manager)


@pytest.fixture
def phone(app_of: tuple[App, list[str]]) -> App:
    return app_of[0]


@pytest.fixture
def recovery_codes(app_of: tuple[App, list[str]]) -> list[str]:
    return app_of[1]


def actions() -> list[str]:
    db.session.rollback()
    return [event.action for event in db.session.query(AuditEvent).order_by(AuditEvent.id)]


def test_a_right_password_alone_signs_nobody_in_who_has_a_second_factor(
    client: Client, manager: Operator, phone: App
) -> None:
    page = type_password(client, manager.email)

    assert page.h1 == "Code of your app"
    assert not is_signed_in(client)
    assert db.session.query(OperatorSession).count() == 0


def test_the_code_signs_in_and_leads_where_one_wanted_to_go(
    client: Client, manager: Operator, phone: App
) -> None:
    page = type_password(client, manager.email, "?next=/advertisers")
    page = page.submit("Go on", {"code": phone.code()})

    assert page.url == "/advertisers"
    assert manager.last_sign_in_at is not None


@pytest.mark.parametrize("typed", ["{} {}", " {}{} ", "{}-{}"])
def test_blanks_in_a_code_do_not_matter(
    client: Client, manager: Operator, phone: App, typed: str
) -> None:
    code = phone.code()
    type_password(client, manager.email).submit("Go on", {"code": typed.format(code[:3], code[3:])})
    assert is_signed_in(client)


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_code_may_be_one_step_early_or_late(
    client: Client, manager: Operator, phone: App, steps: int, fits: bool
) -> None:
    with time_machine.travel(utc_now(), tick=False):
        page = type_password(client, manager.email)
        page.submit("Go on", {"code": phone.code(steps)}, status=200 if fits else 422)
        assert is_signed_in(client) == fits


def test_a_code_opens_once(app: Flask, manager: Operator, phone: App) -> None:
    with time_machine.travel(utc_now(), tick=False):
        code = phone.code()
        type_password(app.test_client(), manager.email).submit("Go on", {"code": code})
        again = app.test_client()
        page = type_password(again, manager.email).submit("Go on", {"code": code}, status=422)
        assert REFUSED in page.text
        assert not is_signed_in(again)
        earlier = {"code": phone.code(-1)}
        type_password(again, manager.email).submit("Go on", earlier, status=422)
        type_password(again, manager.email).submit("Go on", {"code": phone.code(1)})
        assert is_signed_in(again)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_code_is_of_no_use_when_the_password_changed_as_it_was_sent(
    app: Flask, client: Client, manager: Operator, phone: App
) -> None:
    """Between looking whose password was right and locking their row. SQLite has one writer."""
    page = type_password(client, manager.email)

    def change() -> None:
        with app.app_context(), transaction():
            service.set_password(manager.email, "quite another password of theirs")

    works = [change]

    def change_before_the_lock(*arguments: object) -> None:
        if works and "FOR NO KEY UPDATE" in str(arguments[2]):
            in_threads([works.pop()])

    with listening(Engine, "before_cursor_execute", change_before_the_lock):
        page.submit("Go on", {"code": phone.code()})

    assert not works
    assert not is_signed_in(client)
    assert db.session.query(OperatorSession).count() == 0


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "٣٣٣٣٣٣", "x" * 60])
def test_what_is_no_code_of_theirs_is_refused(
    client: Client, manager: Operator, phone: App, typed: str
) -> None:
    with time_machine.travel(utc_now(), tick=False):
        sent = {"code": typed or phone.wrong()}
        page = type_password(client, manager.email).submit("Go on", sent, status=422)
        # Tells whose clock is wrong.
        assert f"{utc_now():%H:%M:%S} UTC" in page.text

    assert page.title.startswith("Error: ")
    assert REFUSED in page.errors["code"]
    assert not is_signed_in(client)


def test_a_recovery_code_opens_once_and_is_written_down(
    app: Flask, manager: Operator, recovery_codes: list[str]
) -> None:
    first, again = app.test_client(), app.test_client()
    page = type_password(first, manager.email).follow("Use a recovery code")
    page = page.submit("Go on", {"code": recovery_codes[3].upper()})

    assert "9 more are left" in page.notices
    assert is_signed_in(first)
    type_password(again, manager.email).submit("Go on", {"code": recovery_codes[3]}, status=422)
    assert not is_signed_in(again)
    assert actions() == ["recovery code used"]


def test_nobody_elses_recovery_code_opens(client: Client, manager: Operator, phone: App) -> None:
    _, others = has_factor(factories.operator())
    type_password(client, manager.email).submit("Go on", {"code": others[0]}, status=422)
    assert not is_signed_in(client)


def test_a_codes_digest_alone_is_kept(manager: Operator, recovery_codes: list[str]) -> None:
    kept = {row.digest for row in db.session.query(RecoveryCode)}

    assert len(kept) == recovery.COUNT == len(set(recovery_codes))
    assert all(len(digest) == 64 for digest in kept)
    assert not {code.replace("-", "") for code in recovery_codes} & kept


def test_guessing_codes_is_slowed_down(client: Client, manager: Operator, phone: App) -> None:
    page = type_password(client, manager.email)
    for _ in range(throttle.MOST_PER_EMAIL):
        page = page.submit("Go on", {"code": phone.wrong()}, status=422)
    page = page.submit("Go on", {"code": phone.code()}, status=422)
    assert REFUSED in page.text

    with time_machine.travel(utc_now() + throttle.WINDOW + timedelta(minutes=1)):
        type_password(client, manager.email).submit("Go on", {"code": phone.code()})
        assert is_signed_in(client)


def test_a_right_password_gives_no_new_tries_at_the_code(manager: Operator, phone: App) -> None:
    for number in range(throttle.MOST_PER_EMAIL):
        with pytest.raises(WrongCode):
            second_factor.check(manager, phone.wrong(), f"192.0.2.{number}")
        throttle.forget_failures(manager.email)
    with pytest.raises(WrongCode):
        second_factor.check(manager, phone.code(), "192.0.2.200")


def test_a_step_not_taken_in_time_starts_again(
    client: Client, manager: Operator, phone: App
) -> None:
    page = type_password(client, manager.email)
    with time_machine.travel(utc_now() + PENDING_FOR + timedelta(seconds=1)):
        page = page.submit("Go on", {"code": phone.code()})
        assert page.h1 == "Sign in"
        assert "took too long" in page.text
        assert not is_signed_in(client)


def test_a_new_sign_in_takes_the_place_of_one_half_done(
    client: Client, manager: Operator, phone: App
) -> None:
    other = factories.operator(email="other@example.com")
    theirs, _ = has_factor(other)
    type_password(client, manager.email)
    page = type_password(client, other.email)

    page.submit("Go on", {"code": phone.code()}, status=422)
    page.submit("Go on", {"code": theirs.code()})
    assert {row.operator_id for row in db.session.query(OperatorSession)} == {other.id}


def test_a_person_switched_off_between_the_steps_stays_out(
    client: Client, manager: Operator, phone: App
) -> None:
    page = type_password(client, manager.email)
    manager.active = False
    db.session.commit()

    assert page.submit("Go on", {"code": phone.code()}).h1 == "Sign in"
    assert not is_signed_in(client)


def test_a_stranger_has_nothing_to_do_at_the_second_step(client: Client) -> None:
    for path in ("/sign-in/code", "/sign-in/set-up"):
        assert get_page(client, path).h1 == "Sign in"


def test_whoever_is_signed_in_is_sent_on(manager_client: Client) -> None:
    for path in ("/sign-in/code?next=/advertisers", "/sign-in/set-up?next=/advertisers"):
        assert get_page(manager_client, path).url == "/advertisers"


def test_a_target_elsewhere_is_not_followed(client: Client, manager: Operator, phone: App) -> None:
    type_password(client, manager.email)
    form = get_page(client, "/sign-in/code?next=https://example.com/").form("Go on")
    answer = client.post(form.action, data={**form.values, "code": phone.code()})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_an_admin_without_a_second_factor_sets_one_up_before_anything_else(
    client: Client,
) -> None:
    admin = factories.operator("admin")
    page = type_password(client, admin.email, "?next=/advertisers")
    assert page.h1 == "Set up a second factor"
    assert not is_signed_in(client)

    phone = secret_on(page)
    page = page.submit("Set up and go on", {"code": phone.code()})
    codes = codes_on(page)
    assert len(codes) == recovery.COUNT
    page = page.submit("I have kept them: go on")
    assert page.url == "/advertisers"
    assert is_on(admin)
    assert actions() == ["second factor on"]


def test_the_picture_says_the_secret_and_whose_it_is(client: Client) -> None:
    admin = factories.operator("admin", email="jo@example.com")
    page = type_password(client, admin.email)
    picture = page.main.one("svg", role="img")
    secret = secret_on(page).secret

    size = 4 + len(segno.make(totp.address(secret, admin.email), micro=False).matrix) + 4
    assert picture["viewbox"] == f"0 0 {size} {size}"
    assert picture.one("path")["d"] == totp.picture(secret, admin.email).path
    assert not [each for each in page.main.walk() if each.has("style")]
    said = pyotp.parse_uri(totp.address(secret, admin.email))
    assert (said.secret, said.name, said.issuer) == (secret, "jo@example.com", "Flightdeck")


def test_a_code_of_another_secret_sets_nothing_up(client: Client) -> None:
    admin = factories.operator("admin")
    page = type_password(client, admin.email)
    phone = secret_on(page)
    page = page.submit("Set up and go on", {"code": phone.never_shown()}, status=422)

    assert "not the code of this secret" in page.errors["code"]
    assert not is_on(admin)
    assert secret_on(page).secret == phone.secret, "the app has this one already"
    page.submit("Set up and go on", {"code": phone.code()})
    assert is_on(admin)


@pytest.mark.parametrize(("steps", "words"), [(8, "4 minutes ahead"), (-8, "4 minutes behind")])
def test_a_clock_that_goes_wrong_is_told_when_setting_up(
    client: Client, steps: int, words: str
) -> None:
    page = type_password(client, factories.operator("admin").email)
    with time_machine.travel(utc_now(), tick=False):
        code = secret_on(page).code(steps)
        page = page.submit("Set up and go on", {"code": code}, status=422)
    assert words in page.errors["code"]


def test_nobody_is_set_up_with_a_secret_drawn_for_somebody_else(client: Client) -> None:
    other = type_password(client, factories.operator("admin").email)
    admin = factories.operator("admin")
    page = type_password(client, admin.email)
    typed = {"draft": str(other.form("Set up and go on").values["draft"])}
    refused = page.submit("Set up and go on", {**typed, "code": secret_on(other).code()}, 409)
    db.session.refresh(admin)
    assert "This page is no longer valid" in refused.text
    assert (admin.totp_secret, admin.totp_since) == (None, None)
    assert get_page(client, "/account", status=200).h1 == "Sign in"


def test_a_rule_has_everybody_set_one_up(client: Client, viewer: Operator) -> None:
    db.session.add(Rule(name=FOR_ALL, value=True, changed_at=utc_now()))
    assert type_password(client, viewer.email).h1 == "Set up a second factor"


def test_without_a_rule_nobody_but_admins_is_asked(client: Client, manager: Operator) -> None:
    assert type_password(client, manager.email).url == "/"


def test_what_was_typed_before_survives_both_steps(
    client: Client, manager: Operator, phone: App
) -> None:
    campaign = factories.campaign(title="Old title")
    signed_in(client, manager)
    form = get_page(client, f"/campaigns/{campaign.uuid}/edit")
    with client.session_transaction() as session:
        del session["_user_id"]
    page = form.submit("Save and send to Megaphone", {"title": "Typed title"}, status=401)
    page = page.submit("Sign in", {"email": manager.email, "password": factories.PASSWORD})
    page = page.submit("Go on")
    assert page.h1 == "Code of your app"
    page = page.submit("Go on", {"code": phone.wrong()}, status=422)
    page = page.submit("Go on", {"code": phone.code()})
    page = page.submit("Show the form", status=200)
    assert page.form("Save and send to Megaphone").values["title"] == "Typed title"


def test_what_was_typed_survives_setting_up_too(client: Client) -> None:
    admin = factories.operator("admin")
    campaign = factories.campaign(title="Old title")
    signed_in(client, admin)
    form = get_page(client, f"/campaigns/{campaign.uuid}/edit")
    with client.session_transaction() as session:
        del session["_user_id"]
    page = form.submit("Save and send to Megaphone", {"title": "Typed title"}, status=401)
    page = page.submit("Sign in", {"email": admin.email, "password": factories.PASSWORD})
    page = page.submit("Go on")
    page = page.submit("Set up and go on", {"code": secret_on(page).code()})
    page = page.submit("I have kept them: go on").submit("Show the form")
    assert page.form("Save and send to Megaphone").values["title"] == "Typed title"
