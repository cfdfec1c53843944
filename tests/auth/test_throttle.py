"""Guessing is slowed down: by e-mail address, by network address, and over all; nobody for ever."""

from datetime import timedelta

import pytest
import structlog
import time_machine

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth import service, sessions, throttle
from webapp.auth.models import Operator, SignInThrottle
from webapp.core.clock import utc_now
from webapp.core.db import db

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
JO = "jo@example.com"
WRONG = "not the password"


def fail(times: int, email: str = JO, address: str = ELSEWHERE) -> None:
    for _ in range(times):
        throttle.count_failure(email, address)


def attack() -> None:
    """As many failures as make it one, none of which is of anybody here."""
    throttle.count_failure("somebody@example.com", "203.0.113.1")
    key = throttle._EVERYONE
    row = db.session.get_one(SignInThrottle, key)
    row.failures = throttle.MOST_OF_ALL - 1
    throttle.count_failure("somebody else@example.com", "203.0.113.2")


def sign_in(operator: Operator, address: str, password: str = factories.PASSWORD) -> bool:
    # What is not committed by then is lost: the database is left alone while hashing.
    db.session.commit()
    try:
        service.sign_in(operator.email, password, address)
    except service.SignInFailed:
        return False
    return True


@pytest.fixture
def jo(db_session) -> Operator:
    return factories.operator(email=JO)


def test_under_attack_less_is_let_pass_and_who_types_right_gets_in(db_session, jo) -> None:
    attack()
    assert not throttle.is_blocked(JO, HERE)
    fail(throttle.MOST_PER_EMAIL_THEN, address=ELSEWHERE)
    assert throttle.is_blocked(JO, HERE)

    other = factories.operator(email="kim@example.com")
    assert sign_in(other, HERE)


def test_under_attack_one_network_address_may_fail_less_often(db_session) -> None:
    attack()
    for number in range(throttle.MOST_PER_ADDRESS_THEN):
        assert not throttle.is_blocked("new@example.com", HERE)
        throttle.count_failure(f"{number}@example.com", HERE)
    assert throttle.is_blocked("new@example.com", HERE)
    assert not throttle.is_blocked("new@example.com", ELSEWHERE)


def test_one_failure_less_is_no_attack(db_session) -> None:
    attack()
    row = db_session.get_one(SignInThrottle, throttle._EVERYONE)
    row.failures = throttle.MOST_OF_ALL - 1
    fail(throttle.MOST_PER_EMAIL - 1)
    row.failures = throttle.MOST_OF_ALL - 1
    assert not throttle.is_blocked(JO, HERE)


def test_an_attack_is_over_after_fifteen_minutes_and_is_told_once(db_session) -> None:
    with time_machine.travel(utc_now(), tick=False) as clock:
        with structlog.testing.capture_logs() as logs:
            attack()
            fail(1)
        assert [line["event"] for line in logs] == ["sign_ins_under_attack"]
        fail(1)
        assert throttle.is_blocked(JO, HERE)
        clock.shift(throttle.WINDOW)
        assert not throttle.is_blocked(JO, HERE)


def test_strangers_cannot_lock_out_somebody_who_signed_in_from_there_before(
    db_session, jo: Operator
) -> None:
    sessions.begin(jo, address=HERE, agent="x", now=utc_now() - timedelta(days=3))
    fail(40, address=ELSEWHERE)
    attack()

    assert throttle.is_blocked(JO, ELSEWHERE)
    assert throttle.is_blocked(JO.upper(), "203.0.113.9")
    assert not throttle.is_blocked(JO.upper(), HERE)
    assert sign_in(jo, HERE)


def test_a_network_of_ipv6_is_one_place(db_session, jo: Operator) -> None:
    for number in range(throttle.MOST_PER_ADDRESS):
        throttle.count_failure(f"{number}@example.com", f"2001:db8:1:2::{number:x}")
    assert throttle.is_blocked("new@example.com", "2001:db8:1:2:ffff::1")
    assert not throttle.is_blocked("new@example.com", "2001:db8:1:3::1")


def test_another_address_of_a_known_network_is_known_and_has_the_same_tries(
    db_session, jo: Operator
) -> None:
    sessions.begin(jo, address="2001:db8:1:2::1", agent="x", now=utc_now())
    sessions.begin(jo, address="::ffff:192.0.2.1", agent="x", now=utc_now())
    fail(throttle.MOST_PER_EMAIL, address=ELSEWHERE)
    assert not throttle.is_blocked(JO, HERE)
    for number in range(throttle.MOST_PER_EMAIL):
        assert not throttle.is_blocked(JO, "2001:db8:1:2::ffff")
        throttle.count_failure(JO, f"2001:db8:1:2::{number:x}")
    assert throttle.is_blocked(JO, "2001:db8:1:2::ffff")
    throttle.forget_failures(JO, address="2001:db8:1:2::abc")
    assert not throttle.is_blocked(JO, "2001:db8:1:2::ffff")
    assert sessions.list_of(jo.id)[0].address == "::ffff:192.0.2.1"


def test_a_known_place_has_a_limit_too(db_session, jo: Operator) -> None:
    sessions.begin(jo, address=HERE, agent="x", now=utc_now())
    for _ in range(throttle.MOST_PER_EMAIL):
        assert not sign_in(jo, HERE, WRONG)
    assert not sign_in(jo, HERE)
    assert not throttle.is_blocked(JO, ELSEWHERE)


def test_a_sign_in_that_succeeds_forgets_what_failed_in_a_known_place(
    db_session, jo: Operator
) -> None:
    sessions.begin(jo, address=HERE, agent="x", now=utc_now())
    for _ in range(3):
        for _ in range(throttle.MOST_PER_EMAIL - 1):
            assert not sign_in(jo, HERE, WRONG)
        assert sign_in(jo, HERE)


def test_codes_of_a_second_factor_are_counted_by_person(db_session, jo: Operator) -> None:
    for number in range(throttle.MOST_PER_EMAIL):
        assert not throttle.is_blocked(JO, HERE, jo.id)
        throttle.count_failure(JO, f"192.0.2.{number + 10}", jo.id)
        # The password was right each time.
        throttle.forget_failures(JO)
    assert throttle.is_blocked(JO, HERE, jo.id)
    throttle.forget_failures(JO, jo.id)
    assert not throttle.is_blocked(JO, HERE, jo.id)


def test_who_is_signed_in_is_not_touched_by_an_attack(
    manager_client: Client, manager: Operator
) -> None:
    attack()
    fail(40, email=manager.email, address="127.0.0.1")
    assert throttle.is_blocked("new@example.com", "127.0.0.1")

    assert manager_client.get("/campaigns").status_code == 200
    page = get_page(manager_client, "/confirm?next=/campaigns")
    assert page.submit("Go on", {"password": factories.PASSWORD}).url == "/campaigns"


def test_a_blocked_sign_in_is_an_event(db_session, jo: Operator) -> None:
    fail(throttle.MOST_PER_EMAIL)
    number = jo.id
    with structlog.testing.capture_logs() as logs:
        assert not sign_in(jo, HERE)
    blocked = {"event": "sign_in_blocked", "operator_id": number, "log_level": "warning"}
    assert logs == [blocked | {"address": throttle.mark_of(HERE)}]
