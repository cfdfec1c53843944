"""Between a right password and the second step: what ends it before its ten minutes are over."""

import pytest

from tests import factories
from tests.auth.factors import has_factor, is_signed_in, type_password
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.auth import service
from webapp.auth.models import Operator

NEW = "a walk along the river"


@pytest.fixture
def admin(db_session) -> Operator:
    return factories.operator("admin", email="admin@example.com")


def test_whoever_had_the_password_before_sets_no_second_factor_up(
    client: Client, admin: Operator
) -> None:
    page = type_password(client, admin.email)
    assert "second factor" in page.h1
    service.set_password(admin.email, NEW)

    assert client.get("/sign-in/set-up").headers["Location"].startswith("/sign-in?")
    assert not is_signed_in(client)


def test_whoever_had_the_password_before_types_no_code(client: Client, manager: Operator) -> None:
    phone, _ = has_factor(manager)
    page = type_password(client, manager.email)
    service.set_password(manager.email, NEW)

    assert page.submit("Go on", {"code": phone.code()}).h1 == "Sign in"
    assert not is_signed_in(client)


def test_the_next_step_is_open_again_with_the_new_password(
    client: Client, manager: Operator
) -> None:
    phone, _ = has_factor(manager)
    service.set_password(manager.email, NEW)
    typed = {"email": manager.email, "password": NEW}
    page = get_page(client, "/sign-in").submit("Sign in", typed)
    page.submit("Go on", {"code": phone.code()})
    assert is_signed_in(client)
