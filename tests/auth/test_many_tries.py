"""Many tries at one moment: no more of them count than one after the other."""

from threading import Barrier

import argon2
import pytest
import structlog
from flask import Flask

from tests import factories
from tests.auth.factors import has_factor, type_password
from tests.support.client import Client
from tests.support.statements import count_statements
from tests.support.threads import in_threads
from webapp.auth import second_factor, service, throttle
from webapp.auth.models import Operator, SignInThrottle
from webapp.auth.second_factor import WrongCode
from webapp.auth.service import SignInFailed
from webapp.core.db import db, transaction

JO, HERE = "jo@example.com", "192.0.2.1"
AT_ONCE, SECONDS = 16, 60


@pytest.fixture
def jo(db_session) -> Operator:
    operator = factories.operator(email=JO)
    db_session.commit()
    return operator


def failures() -> list[int]:
    db.session.rollback()
    return sorted(row.failures for row in db.session.query(SignInThrottle))


def test_of_many_passwords_at_once_no_more_than_the_limit_are_let_pass(
    app: Flask, jo: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_here, real = Barrier(AT_ONCE), argon2.PasswordHasher.verify

    def verify(hasher: argon2.PasswordHasher, digest: str, password: str) -> bool:
        # As slow as the slowest: nobody's answer is there before everybody asked.
        all_here.wait(SECONDS)
        return bool(real(hasher, digest, password))

    def fail() -> None:
        with app.app_context():
            with pytest.raises(SignInFailed):
                service.sign_in(JO, "not the password", HERE)
            db.session.commit()

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    with structlog.testing.capture_logs() as logs:
        in_threads([fail] * AT_ONCE)

    events = [line["event"] for line in logs]
    assert events.count("sign_in_failed") == throttle.MOST_PER_EMAIL
    assert events.count("sign_in_blocked") == AT_ONCE - throttle.MOST_PER_EMAIL
    assert throttle.is_blocked(JO, HERE)


def test_a_password_that_is_right_counts_as_no_failure(jo: Operator) -> None:
    throttle.count_failure("somebody@example.com", HERE)
    service.sign_in(JO, factories.PASSWORD, HERE)
    db.session.commit()

    # Of the other's e-mail address, of the network address, and of all.
    assert failures() == [1, 1, 1]


def test_a_right_password_counts_as_no_failure_when_a_code_is_asked_for_next(
    client: Client, jo: Operator
) -> None:
    has_factor(jo)
    db.session.commit()
    assert type_password(client, JO).h1 == "Code of your app"

    assert sum(failures()) == 0


def test_of_many_codes_at_once_no_more_than_the_limit_are_looked_at(
    app: Flask, jo: Operator
) -> None:
    has_factor(jo)
    number = jo.id
    db.session.commit()

    def fail() -> None:
        with app.app_context(), transaction():
            operator = db.session.get_one(Operator, number)
            with pytest.raises(WrongCode):
                second_factor.check(operator, "no code of theirs", HERE)

    with count_statements() as statements:
        in_threads([fail] * AT_ONCE)

    looked_at = [each for each in statements if each.startswith("UPDATE recovery_code")]
    assert len(looked_at) == throttle.MOST_PER_EMAIL
