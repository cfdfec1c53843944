"""What others do while a password is being compared, which takes long on purpose."""

from collections.abc import Callable

import argon2
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from tests.support.threads import in_threads
from webapp.auth import passwords, service, sessions
from webapp.auth.models import Operator, OperatorSession
from webapp.auth.service import SignInFailed
from webapp.core.clock import utc_now
from webapp.core.db import db, transaction

JO, HERE = "jo@example.com", "192.0.2.1"
ANOTHER = "quite another password of theirs"
Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def jo(db_session) -> Operator:
    return factories.operator(email=JO)


@pytest.fixture
def meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have something done once, by another thread, while the real Argon2 compares."""
    works: list[Callable[[], object]] = []
    real = argon2.PasswordHasher.verify

    def in_a_transaction(work: Callable[[], object]) -> None:
        with app.app_context(), transaction():
            work()

    def verify(hasher: argon2.PasswordHasher, digest: str, password: str) -> bool:
        if works:
            work = works.pop()
            in_threads([lambda: in_a_transaction(work)])
        return bool(real(hasher, digest, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return works.append


def give_another() -> None:
    service.set_password(JO, ANOTHER)


def switch_off() -> None:
    db.session.query(Operator).filter_by(email=JO).update({"active": False})


@pytest.mark.parametrize("change", [give_another, switch_off])
def test_a_password_that_was_right_when_the_sign_in_began_is_not_enough(
    client: Client, jo: Operator, meanwhile: Meanwhile, change: Callable[[], None]
) -> None:
    typed = {"email": JO, "password": factories.PASSWORD}
    page = get_page(client, "/sign-in")
    meanwhile(change)
    page = page.submit("Sign in", typed, status=422)

    assert str(SignInFailed()) in page.text
    assert db.session.query(OperatorSession).count() == 0


def test_an_outdated_digest_is_not_written_over_another_password(
    jo: Operator, meanwhile: Meanwhile
) -> None:
    jo.password_hash = argon2.PasswordHasher(time_cost=1).hash(factories.PASSWORD)
    db.session.commit()
    meanwhile(give_another)
    with pytest.raises(SignInFailed):
        service.sign_in(JO, factories.PASSWORD, HERE)

    db.session.rollback()
    assert passwords.fits(jo.password_hash, ANOTHER)


def test_an_outdated_digest_is_renewed_by_a_sign_in(jo: Operator) -> None:
    jo.password_hash = argon2.PasswordHasher(time_cost=1).hash(factories.PASSWORD)
    db.session.commit()
    service.sign_in(JO, factories.PASSWORD, HERE)
    db.session.commit()

    assert not passwords.is_outdated(jo.password_hash)
    assert passwords.fits(jo.password_hash, factories.PASSWORD)


def test_typing_again_what_is_the_password_no_more_confirms_nothing(
    jo: Operator, meanwhile: Meanwhile
) -> None:
    sessions.begin(jo, address=HERE, agent="x", now=utc_now())
    db.session.commit()
    row = db.session.query(OperatorSession).one()
    before = row.confirmed_at
    meanwhile(give_another)

    assert service.check_password(row, factories.PASSWORD) == "wrong"
    assert row.confirmed_at == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_another_password_waits_for_a_sign_in_that_is_through(app: Flask, jo: Operator) -> None:
    """So it ends that session too. SQLite has one writer at a time."""
    db.session.commit()
    service.sign_in(JO, factories.PASSWORD, HERE)

    def change() -> None:
        with app.app_context(), transaction():
            db.session.execute(text("SET LOCAL lock_timeout = 100"))
            give_another()

    with pytest.raises(OperationalError):
        in_threads([change])
