"""Commands beside ``make run`` without a credential: they reach its sandbox, or judge nothing."""

import json

import pytest

from tests.cli.conftest import Terminal, leading_to
from tests.factories import ACTOR
from tests.support.sandbox import Sandbox
from webapp.connections import service
from webapp.connections.models import ACTIVE, Connection
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops import standin


@pytest.fixture
def connection(settings: Settings, sandbox: Sandbox, db_session) -> Connection:
    """As the launcher makes it; the command's own settings know nothing of it."""
    assert settings.uses_sandbox
    with transaction():
        made = service.connect_from_settings(ACTOR, leading_to(sandbox, settings))
    assert made
    return made


@pytest.fixture
def left(settings: Settings, sandbox: Sandbox, connection: Connection) -> Settings:
    standin.leave(settings, sandbox.base_url, sandbox.token, sandbox.organization)
    return settings


def test_a_check_asks_the_sandbox_that_runs(terminal: Terminal, left: Settings) -> None:
    result = terminal("connections", "check")

    assert result.exit_code == 0, result.output
    assert "answers, shows 40 campaigns" in result.stdout


def test_what_is_left_is_for_its_owner_and_for_as_long_as_it_runs(left: Settings) -> None:
    path = left.instance_dir / standin.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text())) == {"base_url", "token", "organization"}

    standin.take_away(left)
    standin.take_away(left)

    assert not path.exists()


def test_without_it_a_check_says_so_and_pauses_nothing(
    terminal: Terminal, connection: Connection
) -> None:
    result = terminal("connections", "check")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "its stand-in runs with “make run” only" in result.stderr
    assert still_active()


@pytest.mark.parametrize("command", ["pull", "push"])
def test_nor_is_anything_read_or_sent_in_the_command_itself(
    terminal: Terminal, connection: Connection, command: str
) -> None:
    result = terminal("sync", command)

    assert result.exit_code == 4
    assert "its stand-in runs with “make run” only" in result.stderr
    assert still_active()


def still_active() -> bool:
    db.session.expire_all()
    return db.session.query(Connection).one().state == ACTIVE
