"""The flask commands: what they do, what they print, and what they say when it cannot be done."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from tests import factories
from tests.cli.conftest import Terminal
from webapp.audit.models import AuditEvent
from webapp.auth import queries, service, sessions
from webapp.auth.models import Operator
from webapp.core.clock import utc_now
from webapp.core.db import db

EMAIL = "new@example.com"
GOOD = "a long enough password"


def audited() -> list[tuple[str, str, str]]:
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))
    return [(event.source, event.action, event.object_label) for event in events]


def can_sign_in(email: str, password: str) -> bool:
    try:
        return service.sign_in(email, password, "127.0.0.1").email == email
    except service.SignInFailed:
        return False


def test_an_operator_is_made_with_a_random_password_shown_once(terminal: Terminal) -> None:
    result = terminal("operators", "create", EMAIL, "--random")
    assert result.exit_code == 0, result.output
    password = result.stdout.splitlines()[-1].removeprefix("Password: ")
    assert len(password) >= 20
    assert can_sign_in(EMAIL, password)
    assert audited() == [("cli", "created", EMAIL)]


def test_an_operator_is_made_with_a_password_from_a_file(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{GOOD}\nnot this line\n")
    arguments = ("--role", "viewer", "--password-file", str(tmp_path / "password"))
    result = terminal("operators", "create", EMAIL, *arguments)
    assert result.exit_code == 0, result.output
    assert GOOD not in result.output
    assert can_sign_in(EMAIL, GOOD)
    operator = queries.operator_by_email(EMAIL)
    assert operator is not None
    assert operator.role == "viewer"


def test_a_password_may_come_by_standard_input(terminal: Terminal) -> None:
    arguments = ("operators", "create", EMAIL, "--password-file", "-")
    assert terminal(*arguments, input=f"{GOOD}\n").exit_code == 0
    assert can_sign_in(EMAIL, GOOD)


def test_with_nobody_to_ask_a_password_is_asked_for_in_words(terminal: Terminal) -> None:
    result = terminal("operators", "create", EMAIL)
    assert result.exit_code == 2
    assert "Use --password-file or --random" in result.stderr


def test_two_sources_of_a_password_are_one_too_many(terminal: Terminal) -> None:
    arguments = ("operators", "create", EMAIL, "--random", "--password-file", "-")
    assert terminal(*arguments, input=GOOD).exit_code == 2


@pytest.mark.parametrize(
    ("email", "password", "expected"),
    [
        ("nobody", GOOD, "This is not an e-mail address."),
        (EMAIL, "short", "A password needs at least 12 characters."),
        ("TAKEN@example.com", GOOD, "There is an operator with this e-mail address already."),
    ],
)
def test_an_operator_that_cannot_be_is_refused_in_a_sentence(
    terminal: Terminal, email: str, password: str, expected: str
) -> None:
    factories.operator(email="taken@example.com")
    result = terminal("operators", "create", email, "--password-file", "-", input=password)
    assert result.exit_code == 1
    assert result.stderr == f"Error: {expected}\n"
    assert db.session.scalar(select(func.count(Operator.id))) == 1
    assert audited() == []


def test_an_unknown_role_is_a_wrong_command_line(terminal: Terminal) -> None:
    result = terminal("operators", "create", EMAIL, "--random", "--role", "emperor")
    assert result.exit_code == 2
    assert "'viewer', 'operator', 'manager', 'admin'" in result.stderr


def test_operators_are_listed_without_anything_secret(terminal: Terminal) -> None:
    operator = factories.operator(email="b@example.com", role="viewer", active=False)
    factories.operator(email="a@example.com")
    result = terminal("operators", "list")
    assert result.stdout.splitlines() == [
        "a@example.com  manager, last signed in: never",
        "b@example.com  viewer, switched off, last signed in: never",
    ]
    assert operator.password_hash not in result.output


def test_another_password_replaces_the_old_one(terminal: Terminal) -> None:
    factories.operator(email="a@example.com", password="the old password")
    result = terminal("operators", "set-password", "A@example.com", "--random")
    assert result.exit_code == 0, result.output
    password = result.stdout.splitlines()[-1].removeprefix("Password: ")
    assert can_sign_in("a@example.com", password)
    assert not can_sign_in("a@example.com", "the old password")
    assert audited() == [("cli", "password set", "a@example.com")]


def test_another_password_signs_out_everywhere(terminal: Terminal) -> None:
    operator = factories.operator(email=EMAIL)
    sessions.begin(operator, address="192.0.2.1", agent="x", now=utc_now())
    result = terminal("operators", "set-password", EMAIL, "--random")
    assert "signs in anew" in result.stdout
    assert sessions.list_of(operator.id) == []


def test_nobody_gets_no_password(terminal: Terminal) -> None:
    result = terminal("operators", "set-password", EMAIL, "--random")
    assert result.exit_code == 1
    assert result.stderr == f"Error: There is no operator with the e-mail address {EMAIL}.\n"
    assert "Password" not in result.stdout


def test_a_new_password_is_long_enough(terminal: Terminal) -> None:
    factories.operator(email=EMAIL)
    result = terminal("operators", "set-password", EMAIL, "--password-file", "-", input="short")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: A password needs at least 12 characters.\n",
    )


@pytest.mark.parametrize("password", ["password1234", f"{EMAIL}1", "qwertyuiopasdf", "a" * 129])
def test_a_new_password_keeps_the_rules(terminal: Terminal, password: str) -> None:
    operator = factories.operator(email=EMAIL)
    sessions.begin(operator, address="192.0.2.1", agent="x", now=utc_now())
    result = terminal("operators", "set-password", EMAIL, "--password-file", "-", input=password)
    assert result.exit_code == 1
    assert "password" in result.stderr
    assert password not in result.output
    assert len(sessions.list_of(operator.id)) == 1
    assert audited() == []


def test_without_tables_the_command_says_what_to_do(terminal: Terminal) -> None:
    db.session.execute(text("ALTER TABLE api_token RENAME TO gone"))
    try:
        result = terminal("tokens", "list")
    finally:
        # The tests share PostgreSQL's tables.
        db.session.execute(text("ALTER TABLE gone RENAME TO api_token"))
        db.session.commit()
    assert result.exit_code == 1
    assert "flask db upgrade" in result.stderr
