"""One's own second factor: setting up, moving, new recovery codes, switching off; and a reset."""

from threading import Barrier, Thread

import pytest
import time_machine
from flask import Flask

from tests import factories
from tests.auth.factors import codes_on, has_factor, is_signed_in, secret_on, type_password
from tests.support import routes
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from tests.support.routes import address, guarded
from webapp.audit.models import AuditEvent
from webapp.auth import recovery, second_factor, sessions, totp
from webapp.auth.models import Operator, RecoveryCode, Rule
from webapp.auth.second_factor import FOR_ALL, WrongCode, is_on
from webapp.core.clock import utc_now
from webapp.core.crypt import CannotOpen, decrypt
from webapp.core.db import db
from webapp.people import factor

HOME = "/account/second-factor"
SET_UP, MOVE = "Set up a second factor", "Move to another app"
RENEW, OFF = "Make new recovery codes", "Switch off the second factor"


def events() -> list[AuditEvent]:
    db.session.rollback()
    return db.session.query(AuditEvent).order_by(AuditEvent.id).all()


def elsewhere(app: Flask, operator: Operator) -> Client:
    """Another browser in which this operator is signed in."""
    other = signed_in(app.test_client(), operator)
    assert is_signed_in(other)
    return other


def later() -> time_machine.travel:
    """So late that the app shows a code that was not used yet."""
    return time_machine.travel(utc_now() + 4 * totp.STEP)


def test_setting_up_needs_a_code_shows_codes_once_and_ends_other_sessions(
    app: Flask, manager_client: Client, manager: Operator
) -> None:
    other = elsewhere(app, manager)
    page = get_page(manager_client, HOME).follow(SET_UP)
    phone = secret_on(page)
    page = page.submit(SET_UP, {"code": phone.wrong()}, status=422)
    assert not is_on(manager)
    page = page.submit(SET_UP, {"code": phone.code()})
    codes = codes_on(page)

    assert len(codes) == recovery.COUNT
    assert is_on(manager)
    assert is_signed_in(manager_client)
    assert not is_signed_in(other)
    home = get_page(manager_client, HOME)
    assert "10 of 10 left" in home.text
    assert not [code for code in codes if code in home.html]
    (event,) = events()
    assert (event.action, event.actor) == ("second factor on", manager.email)
    assert (event.object_type, event.object_id) == ("operator", manager.id)


def test_the_secret_is_locked_in_its_row_and_shown_in_groups(
    manager_client: Client, manager: Operator
) -> None:
    page = get_page(manager_client, f"{HOME}/set-up")
    shown = page.main.one("code").text
    phone = secret_on(page)
    page.submit(SET_UP, {"code": phone.code()})

    assert {len(group) for group in shown.split()} == {4}
    assert len(phone.secret) == 32
    assert manager.totp_secret
    assert phone.secret not in manager.totp_secret
    assert decrypt(manager.totp_secret, bound_to=f"operator:{manager.id}:totp") == phone.secret
    with pytest.raises(CannotOpen):
        decrypt(manager.totp_secret, bound_to=f"operator:{manager.id + 1}:totp")


def test_opening_the_page_saves_nothing(manager_client: Client, manager: Operator) -> None:
    first = secret_on(get_page(manager_client, f"{HOME}/set-up"))
    second = secret_on(get_page(manager_client, f"{HOME}/set-up"))

    assert first.secret != second.secret
    db.session.refresh(manager)
    assert manager.totp_secret is None


def test_setting_up_twice_at_once_keeps_the_first(
    manager_client: Client, manager: Operator
) -> None:
    page = get_page(manager_client, f"{HOME}/set-up")
    phone, form = secret_on(page), page.form(SET_UP)
    page.submit(form, {"code": phone.code()})
    kept = manager.totp_secret

    with pytest.raises(AssertionError, match="422"):
        page.submit(form, {"code": phone.code()})
    db.session.refresh(manager)
    assert manager.totp_secret == kept


def test_the_steps_of_a_new_factor_count_from_its_first_code(
    client: Client, manager_client: Client, manager: Operator
) -> None:
    page = get_page(manager_client, f"{HOME}/set-up")
    code = secret_on(page).code()
    page.submit(SET_UP, {"code": code})
    with pytest.raises(WrongCode):
        second_factor.check(manager, code, "192.0.2.1")


def test_moving_to_another_app_needs_a_code_of_the_one_before(
    app: Flask, manager_client: Client, manager: Operator
) -> None:
    old, codes = has_factor(manager)
    other = elsewhere(app, manager)
    page = get_page(manager_client, HOME).follow(MOVE)
    new = secret_on(page)
    page = page.submit(MOVE, {"code": new.code(), "current": old.wrong()}, status=422)
    assert page.errors.keys() == {"current"}
    page = page.submit(MOVE, {"code": new.wrong(), "current": old.code()}, status=422)
    assert page.errors.keys() == {"code"}
    # A slip with the new app has not used up the code of the old one.
    page = page.submit(MOVE, {"code": new.code(), "current": old.code()})

    assert set(codes_on(page)).isdisjoint(codes)
    assert not is_signed_in(other)
    assert [event.action for event in events()] == ["second factor replaced"]
    with later():
        page = type_password(app.test_client(), manager.email)
        page = page.submit("Go on", {"code": old.code()}, status=422)
        assert page.submit("Go on", {"code": new.code()}).url == "/"


def test_new_recovery_codes_end_the_old_ones(
    app: Flask, manager_client: Client, manager: Operator
) -> None:
    phone, old = has_factor(manager)
    other = elsewhere(app, manager)
    page = get_page(manager_client, HOME).follow(RENEW)
    page.submit(RENEW, {"code": phone.wrong()}, status=422)
    new = codes_on(page.submit(RENEW, {"code": phone.code()}))

    assert len(new) == recovery.COUNT
    assert not is_signed_in(other)
    assert is_signed_in(manager_client)
    page = type_password(app.test_client(), manager.email)
    page.submit("Go on", {"code": old[0]}, status=422)
    page.submit("Go on", {"code": new[0]})
    assert [event.action for event in events()] == ["recovery codes made", "recovery code used"]


def test_switching_off_needs_a_code(app: Flask, manager_client: Client, manager: Operator) -> None:
    phone, _ = has_factor(manager)
    other = elsewhere(app, manager)
    page = get_page(manager_client, HOME).follow("Switch it off")
    page = page.submit(OFF, {"code": phone.wrong()}, status=422)
    assert is_on(manager)
    page = page.submit(OFF, {"code": phone.code()})

    assert "is off" in page.notices
    db.session.refresh(manager)
    assert (manager.totp_secret, manager.totp_since, manager.totp_last_step) == (None, None, None)
    assert db.session.query(RecoveryCode).count() == 0
    assert not is_signed_in(other)
    assert is_signed_in(manager_client)
    assert [event.action for event in events()] == ["second factor off"]


@pytest.mark.parametrize("required_by", ["role", "rule"])
def test_who_may_not_do_without_cannot_switch_it_off(
    client: Client, manager: Operator, required_by: str
) -> None:
    phone, _ = has_factor(manager)
    signed_in(client, manager)
    form = get_page(client, f"{HOME}/off").form(OFF)
    if required_by == "role":
        manager.role = "admin"
    else:
        db.session.add(Rule(name=FOR_ALL, value=True, changed_at=utc_now()))
    db.session.commit()

    client.post(form.action, data={**form.values, "code": phone.code()})
    db.session.refresh(manager)
    assert is_on(manager)
    assert "Switch it off" not in get_page(client, HOME).links
    assert "cannot do without" in get_page(client, f"{HOME}/off").notices


def test_what_became_required_meanwhile_is_not_switched_off(app: Flask) -> None:
    admin = factories.operator("admin")
    phone, _ = has_factor(admin)
    sessions.begin(admin, address="192.0.2.1", agent="tests", now=utc_now())
    here = sessions.list_of(admin.id)[0]

    with pytest.raises(factor.StillRequired):
        factor.switch_off(factories.ACTOR, admin, phone.code(), "192.0.2.1", but=here)
    assert is_on(admin)


@pytest.mark.parametrize(
    ("role", "rule", "words"),
    [
        ("manager", False, "No"),
        ("manager", True, "Yes: a rule asks it of everybody"),
        ("admin", False, "Yes: you are an admin"),
    ],
)
def test_the_page_says_since_when_and_why(
    client: Client, role: str, rule: bool, words: str
) -> None:
    someone = factories.operator(role)
    db.session.add(Rule(name=FOR_ALL, value=rule, changed_at=utc_now()))
    signed_in(client, someone)
    facts = get_page(client, HOME).main.one("dl").text
    assert f"State Off Required {words}" in facts
    with time_machine.travel(utc_now(), tick=False):
        has_factor(someone)
        facts = get_page(client, HOME).main.one("dl").text
    assert f"Required {words} Recovery codes 10 of 10 left" in facts
    assert "On since yesterday" in facts


def test_without_a_second_factor_there_is_nothing_to_renew_or_switch_off(
    manager_client: Client,
) -> None:
    assert "set one up first" in get_page(manager_client, f"{HOME}/codes").notices
    assert "no second factor" in get_page(manager_client, f"{HOME}/off").notices


def test_a_reset_takes_it_away_and_ends_every_session(
    app: Flask, client: Client, manager: Operator
) -> None:
    _, codes = has_factor(manager)
    other = elsewhere(app, manager)

    assert factor.reset(factories.ACTOR, manager)
    assert not factor.reset(factories.ACTOR, manager)
    db.session.commit()
    assert not is_signed_in(other)
    assert type_password(client, manager.email).url == "/"
    (event,) = events()
    assert (event.actor, event.action) == (factories.ACTOR.label, "second factor reset")
    assert not recovery.use(manager.id, totp.plain(codes[0]), utc_now())


def test_nothing_secret_is_in_the_timeline(manager_client: Client, manager: Operator) -> None:
    page = get_page(manager_client, f"{HOME}/set-up")
    phone = secret_on(page)
    codes = codes_on(page.submit(SET_UP, {"code": phone.code()}))

    told = " ".join(str(vars(event)) for event in events())
    assert not [secret for secret in (phone.secret, *codes) if secret in told]


def test_a_secret_no_key_opens_lets_recovery_codes_in_and_nothing_else(manager: Operator) -> None:
    phone, codes = has_factor(manager)
    other = factories.operator()
    has_factor(other)
    manager.totp_secret = other.totp_secret
    db.session.flush()

    with pytest.raises(WrongCode):
        second_factor.check(manager, phone.code(), "192.0.2.1")
    assert second_factor.check(manager, codes[0], "192.0.2.1") == "recovery code"


def both_at_once(app: Flask, operator_id: int, typed: str) -> list[str]:
    """Two requests, each with a connection of its own, use one code; how each went."""
    start, went = Barrier(2), []

    def use() -> None:
        with app.app_context():
            start.wait()
            operator = db.session.get_one(Operator, operator_id)
            try:
                went.append(second_factor.check(operator, typed, "192.0.2.1"))
            except WrongCode:
                went.append("refused")
            db.session.commit()

    threads = [Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(went)


def test_of_two_requests_with_one_code_one_is_let_in(app: Flask, manager: Operator) -> None:
    phone, codes = has_factor(manager)
    number = manager.id
    db.session.commit()

    assert both_at_once(app, number, phone.code()) == ["code", "refused"]
    assert both_at_once(app, number, codes[0]) == ["recovery code", "refused"]


def test_half_signed_in_reaches_nothing(app: Flask, client: Client, manager: Operator) -> None:
    has_factor(manager)
    values = routes.values()
    type_password(client, manager.email)
    with client.session_transaction() as session:
        assert session["pending"]["operator"] == manager.id
    for method in ("GET", "POST"):
        for rule in guarded(app, method):
            answer = client.open(address(app, rule, values), method=method)
            assert (answer.status_code, answer.headers["Location"][:8]) == (302, "/sign-in"), rule
