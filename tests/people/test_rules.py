"""The rules of the house: who sets them, and that two admins do not undo each other unseen."""

import pytest

from tests import factories
from tests.auth.factors import has_factor, is_signed_in, type_password
from tests.support.client import Client, signed_in
from tests.support.pages import get_page
from webapp.audit.models import AuditEvent
from webapp.auth import second_factor
from webapp.auth.models import Operator
from webapp.core.db import db

SAVE = "Save the rules"
PAGE = "/people/rules"


@pytest.fixture
def admin() -> Operator:
    admin = factories.operator("admin", email="admin@example.com")
    has_factor(admin)
    return admin


@pytest.fixture
def admin_client(client: Client, admin: Operator) -> Client:
    return signed_in(client, admin)


def test_an_admin_asks_a_second_factor_of_everybody_and_takes_it_back(
    admin_client: Client,
) -> None:
    page = get_page(admin_client, PAGE)
    page = page.submit(SAVE, {"for_all": "y"})
    assert second_factor.for_all()
    assert "changed" in page.notices
    page.submit(SAVE, {"for_all": None})
    assert not second_factor.for_all()

    on, off = db.session.query(AuditEvent).order_by(AuditEvent.id)
    assert (on.action, on.actor, on.object_type) == ("rule changed", "admin@example.com", "rule")
    assert (on.field, on.before, on.after) == ("second factor", "as each likes", "required")
    assert (off.before, off.after) == ("required", "as each likes")


def test_a_rule_saved_as_it_was_leaves_no_entry(admin_client: Client) -> None:
    page = get_page(admin_client, PAGE).submit(SAVE)
    assert "already" in page.notices
    assert db.session.query(AuditEvent).count() == 0


def test_a_rule_changed_meanwhile_is_not_changed_back_unseen(admin_client: Client) -> None:
    old = get_page(admin_client, PAGE)
    get_page(admin_client, PAGE).submit(SAVE, {"for_all": "y"})
    page = old.submit(SAVE, {"for_all": None})

    assert "meanwhile" in page.notices
    assert second_factor.for_all()
    assert db.session.query(AuditEvent).count() == 1


@pytest.mark.parametrize(
    ("others", "words"), [(0, "Everybody"), (1, "One who may"), (2, "2 who may")]
)
def test_the_page_says_how_many_it_would_ask(admin_client: Client, others: int, words: str) -> None:
    for _ in range(others):
        factories.operator()
    factories.operator(active=False)
    assert words in get_page(admin_client, PAGE).text


def test_a_manager_sets_no_rules(manager_client: Client) -> None:
    get_page(manager_client, PAGE, status=403)


def test_who_is_signed_in_goes_on_until_the_next_sign_in(
    admin_client: Client, viewer: Operator
) -> None:
    other = signed_in(admin_client.application.test_client(), viewer)
    get_page(admin_client, PAGE).submit(SAVE, {"for_all": "y"})
    assert is_signed_in(other)
    anew = admin_client.application.test_client()
    assert type_password(anew, viewer.email).h1 == "Set up a second factor"
