"""Making operators, and counting failures."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests import factories
from tests.support.threads import in_threads
from webapp.auth import service, throttle
from webapp.auth.models import SignInThrottle
from webapp.core.db import db, transaction
from webapp.core.errors import InvalidInput

PASSWORD = "twelve or more characters"
HERE = "192.0.2.1"


def test_a_new_operator_can_sign_in_and_the_password_is_not_kept(db_session) -> None:
    operator = service.create_operator("Jo@Example.com", PASSWORD, "viewer")
    db_session.commit()

    assert service.sign_in("jo@example.com", PASSWORD, HERE) is operator
    assert operator.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in operator.password_hash


def test_an_email_with_letters_beyond_ascii_signs_in_in_any_case(db_session) -> None:
    operator = service.create_operator("ÄRGER@example.com", PASSWORD)
    db_session.commit()
    assert service.sign_in("ärger@EXAMPLE.com", PASSWORD, HERE) is operator


@pytest.mark.parametrize(
    ("email", "password", "role", "field"),
    [
        ("", PASSWORD, "manager", "email"),
        ("jo", PASSWORD, "manager", "email"),
        ("jo@@example.com", PASSWORD, "manager", "email"),
        ("MANAGER@example.com", PASSWORD, "manager", "email"),
        ("jo@example.com", "eleven char", "manager", "password"),
        ("jo@example.com", PASSWORD, "root", "role"),
    ],
)
def test_a_bad_operator_is_refused_at_the_field(manager, email, password, role, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        service.create_operator(email, password, role)
    assert list(refused.value.fields) == [field]


def test_every_problem_of_an_operator_is_said_at_once(db_session) -> None:
    with pytest.raises(InvalidInput) as refused:
        service.create_operator("jo", "short", "root")
    assert set(refused.value.fields) == {"email", "password", "role"}


def test_two_operators_cannot_share_an_email_in_other_letters(manager) -> None:
    with pytest.raises(IntegrityError):
        factories.operator(email=manager.email.upper())


def test_one_network_address_cannot_try_many_emails(db_session) -> None:
    for number in range(throttle.MOST_PER_ADDRESS):
        assert not throttle.is_blocked("new@example.com", HERE)
        throttle.count_failure(f"{number}@example.com", HERE)

    assert throttle.is_blocked("new@example.com", HERE)
    assert not throttle.is_blocked("new@example.com", "192.0.2.2")


def test_failures_at_the_same_moment_are_all_counted(app: Flask) -> None:
    def fail() -> None:
        with app.app_context(), transaction():
            throttle.count_failure("jo@example.com", HERE)

    in_threads([fail] * 6)

    assert [row.failures for row in db.session.query(SignInThrottle)] == [6, 6, 6]


def test_the_record_of_failures_names_nobody(db_session) -> None:
    throttle.count_failure("jo@example.com", HERE)
    keys = " ".join(row.key for row in db_session.query(SignInThrottle))
    assert "jo" not in keys
    assert HERE not in keys
