"""``flask health`` and ``flask worker --healthy``: for probes that start a command."""

import os
import time
from pathlib import Path

import pytest
from flask import Flask

from tests import factories
from webapp import cli
from webapp.cli.worker import health, run_worker
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops import signs
from webapp.sync import leases
from webapp.sync.lead import LASTS, NAME


def test_health_names_each_part_and_ends_by_its_verdict(app: Flask) -> None:
    connection = factories.connection(last_success_at=utc_now())
    db.session.commit()
    told = app.test_cli_runner().invoke(health)
    assert told.exit_code == 1
    assert "BAD worker: nobody leads" in told.output
    assert f"ok  connection {connection.id}: fresh" in told.output
    with transaction():
        leases.take_or_renew(NAME, "somebody", utc_now(), LASTS)
    assert app.test_cli_runner().invoke(health).exit_code == 0


def test_health_looks_at_the_parts_asked_for_only(app: Flask) -> None:
    told = app.test_cli_runner().invoke(health, ["--parts", "database,migrations"])
    assert (told.exit_code, told.output) == (0, "ok  database: answers\nok  migrations: at head\n")
    assert app.test_cli_runner().invoke(health, ["--parts", "sun"]).exit_code == 2


@pytest.mark.parametrize(("age", "status"), [(None, 1), (1, 0), (300, 1)])
def test_a_worker_that_gave_no_sign_lately_does_not_live(
    app: Flask, settings: Settings, age: int | None, status: int
) -> None:
    if age is not None:
        signs.give(settings)
        at = time.time() - age
        os.utime(settings.instance_dir / signs.NAME, (at, at))
    assert app.test_cli_runner().invoke(run_worker, ["--healthy"]).exit_code == status


def test_a_sign_that_cannot_be_given_ends_no_work(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    signs.give(settings.model_copy(update={"instance_dir": tmp_path / "file" / "folder"}))
    fresh = settings.model_copy(update={"instance_dir": tmp_path / "not" / "there"})
    signs.give(fresh)
    assert signs.is_alive(fresh)


def test_the_commands_are_there(app: Flask) -> None:
    cli.init_app(app)
    assert {"health", "worker"} <= set(app.cli.commands)
