"""What must be there before anything is served, and what is said when it cannot be."""

import errno
import socket
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from tests import factories
from webapp.audit.models import AuditEvent
from webapp.auth import service as auth
from webapp.auth.models import Operator
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.ops import firststart, ports
from webapp.ops.firststart import Problem


def test_folders_are_made_for_the_owner_only(tmp_path: Path) -> None:
    settings = Settings(instance_dir=tmp_path / "a" / "b", log_dir=tmp_path / "log")
    firststart.prepare_folders(settings)
    firststart.prepare_folders(settings)
    for folder in (settings.instance_dir, settings.logs):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["instance_dir", "log_dir"])
def test_a_folder_that_cannot_be_is_named_with_its_setting(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    folders = {"instance_dir": tmp_path / "instance"} | {name: tmp_path / "file" / "folder"}
    with pytest.raises(Problem) as caught:
        firststart.prepare_folders(Settings(**folders))
    assert str(caught.value) == f"{name.upper()}: {folders[name]} cannot be used (Not a directory)."
    assert caught.value.exit_status == 2


def test_an_instance_is_held_by_one_until_it_lets_go(tmp_path: Path) -> None:
    held = firststart.hold_instance(tmp_path)
    with pytest.raises(Problem) as caught:
        firststart.hold_instance(tmp_path)
    assert "is running already" in str(caught.value)
    assert caught.value.exit_status == 1
    held.close()
    firststart.hold_instance(tmp_path).close()


def test_a_first_password_that_is_guessed_first_is_refused_in_a_sentence(app: Flask) -> None:
    with pytest.raises(Problem, match="FIRST_OPERATOR_PASSWORD: This password") as caught:
        firststart.create_first_operator(Settings(first_operator_password="password1234"))
    assert "password1234" not in str(caught.value)
    assert db.session.scalar(select(func.count(Operator.id))) == 0


def test_migrating_twice_changes_nothing(app: Flask) -> None:
    firststart.migrate()
    assert db.session.scalar(select(func.count(Operator.id))) == 0


def test_a_database_of_a_newer_version_is_said_in_a_sentence(app: Flask) -> None:
    version = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.session.commit()
    try:
        with pytest.raises(Problem, match="used by a newer version of Flightdeck"):
            firststart.migrate()
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        db.session.commit()


def test_a_file_that_is_no_database_is_said_in_a_sentence(app: Flask) -> None:
    if db.engine.name != "sqlite":
        return
    db.session.remove()
    db.engine.dispose()
    Path(db.engine.url.database or "").write_text("This is a letter, not a database. " * 99)
    with pytest.raises(Problem, match="The database cannot be used: file is not a database"):
        firststart.migrate()


def test_the_first_operator_is_made_once(app: Flask, settings: Settings) -> None:
    account = firststart.create_first_operator(settings)
    assert account is not None
    assert account.password is not None
    assert len(account.password) >= 20
    assert auth.sign_in("operator@example.com", account.password, "127.0.0.1")
    assert firststart.create_first_operator(settings) is None
    event = db.session.scalars(select(AuditEvent)).one()
    assert (event.source, event.actor, event.object_label) == (
        "cli",
        "Flightdeck",
        "operator@example.com",
    )


def test_with_an_operator_there_the_first_ones_settings_mean_nothing(
    app: Flask, settings: Settings
) -> None:
    factories.operator(email="someone@example.com")
    given = settings.model_copy(update={"first_operator_email": "other@example.com"})
    assert firststart.create_first_operator(given) is None
    assert db.session.scalars(select(Operator.email)).all() == ["someone@example.com"]


def test_a_secret_is_made_once_and_kept_privately(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = firststart.kept_secret(path)
    assert len(token) >= 32
    assert firststart.kept_secret(path) == token
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_free_port_is_no_problem() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ports.problem("127.0.0.1", port, "PORT") is None


def test_a_port_in_use_is_a_problem_that_names_the_setting() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert ports.problem("127.0.0.1", port, "PORT") == (
            f"Port {port} is in use by another program. Set PORT to another port."
        )


def test_an_address_of_another_machine_is_a_problem() -> None:
    assert ports.problem("192.0.2.1", 0, "PORT") == (
        "192.0.2.1 is not an address of this machine. Set BIND_ADDRESS."
    )


def test_a_port_for_root_only_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(ports, "_listen_once", refuse)
    assert ports.problem("127.0.0.1", 80, "PORT") == (
        "Port 80 may not be used by this account; those from 1024 on may. Set PORT to another port."
    )


@pytest.mark.parametrize(
    ("bound", "opened"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing listens here
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_the_address_shown_can_be_opened(bound: str, opened: str) -> None:
    assert ports.reachable_host(bound) == opened
