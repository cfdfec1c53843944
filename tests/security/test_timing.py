"""How long a refusal takes tells nobody whether an e-mail address is known."""

import statistics
import time
from collections.abc import Callable

import argon2
import pytest
from flask import Flask

from tests import factories
from tests.support.client import Client
from tests.support.pages import Page
from webapp.auth import passwords
from webapp.auth.models import Operator
from webapp.core.db import db

WRONG = "a wrong password that is long enough"
# How a digest is worked out is not up to the database.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Attempt = Callable[[str], float]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests that the real Argon2 is asked to compare, each of which costs its full time."""
    compared: list[str] = []
    real = argon2.PasswordHasher.verify

    def verify(hasher: argon2.PasswordHasher, digest: str, password: str) -> bool:
        compared.append(digest)
        return bool(real(hasher, digest, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return compared


def attempt(app: Flask, email: str, password: str = WRONG) -> tuple[float, str]:
    """A sign-in of a stranger through the page: how long its answer took, and what it said.

    Counted is what was computed for it: how long it waited for a processor is up to the machine.
    """
    client = app.test_client()
    assert isinstance(client, Client)
    page = Page(client, client.get("/sign-in"))
    (form,) = [each for each in page.forms if each.method == "post"]
    typed = {**form.values, "email": email, "password": password}
    began = time.process_time()
    answer = client.post(form.action, data=typed)
    took = time.process_time() - began
    assert answer.status_code in (401, 422, 429)
    said = Page(client, answer).main.text
    return took, said.replace(email, "")


def cost_of(digest: str) -> argon2.Parameters:
    return argon2.extract_parameters(digest)


@pytest.mark.parametrize("state", ["unknown", "switched off", "without password"])
@ONE_DATABASE
def test_one_digest_of_the_same_cost_is_compared_whoever_it_is(
    app: Flask, hashed: list[str], state: str
) -> None:
    known = factories.operator(email="known@example.com", password=factories.PASSWORD)
    other = someone(state)
    db.session.commit()
    hashed.clear()
    _, said_of_known = attempt(app, known.email)
    (first,) = hashed
    hashed.clear()
    _, said_of_other = attempt(app, other)
    (second,) = hashed
    assert cost_of(second) == cost_of(first) == cost_of(passwords.hash_of(WRONG))
    assert said_of_other == said_of_known


def someone(state: str) -> str:
    if state == "unknown":
        return "nobody@example.com"
    made: Operator = factories.operator(active=state != "switched off")
    if state == "without password":
        made.password_hash = passwords.NONE
    return made.email


@ONE_DATABASE
def test_a_password_of_any_length_costs_no_more_than_one_of_a_person(app: Flask) -> None:
    """A text of a megabyte is not digested."""
    operator = factories.operator()
    db.session.commit()
    usual, _ = attempt(app, operator.email)
    longest, _ = attempt(app, operator.email, "x" * 500_000)
    assert longest < usual * 5 + 1


@ONE_DATABASE
def test_the_median_of_many_refusals_is_alike(app: Flask) -> None:
    """One without a digest would take a tenth of the time: the bound is far from both."""
    known, took = [], []
    for number in range(7):
        operator = factories.operator()
        db.session.commit()
        known.append(attempt(app, operator.email)[0])
        took.append(attempt(app, f"nobody-{number}@example.com")[0])
    ratio = statistics.median(took) / statistics.median(known)
    assert 0.4 < ratio < 2.5
