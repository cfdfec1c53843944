"""``flask restore``: what it refuses, whom it asks, and what it says it did."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories
from tests.cli.conftest import Terminal
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops.backup import back_up

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def terminal(app: Flask) -> Terminal:
    return Terminal(app)


@pytest.fixture
def kept(app: Flask, tmp_path: Path) -> Path:
    """A backup of six campaigns."""
    with transaction():
        factories.campaigns(6)
    return back_up(app.config["SQLALCHEMY_DATABASE_URI"], tmp_path / "backups", utc_now()).path


def titles() -> list[str]:
    db.session.expire_all()
    found = sorted(db.session.scalars(select(Campaign.title)))
    db.session.rollback()
    return found


def test_the_command_refuses_what_is_not_empty(terminal: Terminal, kept: Path) -> None:
    result = terminal("restore", str(kept))
    assert result.exit_code == 1
    assert "is not empty" in result.stderr
    assert "--replace" in result.stderr


def test_the_command_needs_somebody_to_ask_or_to_be_told(terminal: Terminal, kept: Path) -> None:
    with transaction():
        factories.campaign(title="Later")
    assert terminal("restore", str(kept), "--replace").exit_code == 2
    assert "Later" in titles()
    result = terminal("restore", str(kept), "--replace", "--yes")
    assert result.exit_code == 0, result.output
    assert "Later" not in titles()
    assert "flask connections resume" in result.stdout


@ON_SQLITE
@pytest.mark.parametrize("is_right", [True, False])
def test_on_a_terminal_the_name_is_to_be_typed(
    settings: Settings, app: Flask, kept: Path, is_right: bool
) -> None:
    with transaction():
        factories.campaign(title="Later")
    db.session.remove()
    url = settings.sqlalchemy_url
    typed = url.rsplit("/", 1)[1] if is_right else "another"
    ours, theirs = os.openpty()
    os.write(ours, f"{typed}\n".encode())
    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "restore", str(kept), "--replace"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "INSTANCE_DIR": str(settings.instance_dir)},
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    for descriptor in (ours, theirs):
        os.close(descriptor)
    assert "cannot be undone" in result.stderr
    assert result.returncode == (0 if is_right else 1), result
    assert ("Later" in titles()) is not is_right


def test_the_command_tells_in_json_what_it_did(terminal: Terminal, kept: Path) -> None:
    told = json.loads(terminal("restore", str(kept), "--replace", "--yes", "--json").stdout)
    assert told["connections_held"] == 1
    assert told["upgraded_to"] == told["migration"]
    assert told["rows"] > 6
