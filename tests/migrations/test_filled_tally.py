"""The tally of campaigns begins with those that are there, whoever writes meanwhile."""

import time
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import MetaData, insert, text
from sqlalchemy.engine import Connection

from tests.migrations.test_migrations import config_of, empty_app
from tests.migrations.test_without_a_break import NOW, ROWS
from tests.support.postgres import PATIENCE
from tests.support.threads import in_threads
from webapp.core.db import db

__all__ = ["empty_app"]

pytestmark = [
    pytest.mark.parametrize("empty_app", ["postgresql"], indirect=True),
    pytest.mark.filterwarnings("ignore:.*expression-based index .?uq_operator_email"),
]
KEPT = text("SELECT sum(campaigns), sum(archived) FROM campaign_tally")
CONNECTION, CAMPAIGN = (dict(ROWS)[name] for name in ("connection", "campaign"))


def campaign(number: int, **values: Any) -> dict[str, Any]:
    name = f"7d0f3f7e-41cf-4f0c-9a2e-0f6a2a3f9a{number:02}"
    return CAMPAIGN | {"id": number, "uuid": name, **values}


@pytest.fixture
def before(empty_app: Flask) -> MetaData:
    """The tables of the migration before it, with three campaigns, one of them archived."""
    command.upgrade(config_of(empty_app), "0013")
    tables = MetaData()
    with db.engine.begin() as connection:
        tables.reflect(connection)
        connection.execute(insert(tables.tables["connection"]).values(CONNECTION))
        rows = [campaign(1), campaign(2), campaign(3, archived_at=NOW)]
        for row in rows:
            connection.execute(insert(tables.tables["campaign"]).values(row))
    return tables


def kept() -> tuple[int, ...]:
    with db.engine.connect() as connection:
        return tuple(connection.execute(KEPT).one())


def test_campaigns_that_are_there_are_counted(empty_app: Flask, before: MetaData) -> None:
    command.upgrade(config_of(empty_app), "head")
    assert kept() == (3, 1)


def test_one_that_is_just_being_written_is_counted_once(empty_app: Flask, before: MetaData) -> None:
    with db.engine.connect() as writer:
        writer.execute(insert(before.tables["campaign"]).values(campaign(4, archived_at=NOW)))

        def upgrade() -> None:
            with empty_app.app_context():
                command.upgrade(config_of(empty_app), "head")

        def end_writing() -> None:
            until_somebody_waits(writer)
            writer.commit()

        in_threads([upgrade, end_writing])
    assert kept() == (4, 2)


def until_somebody_waits(connection: Connection) -> None:
    end = time.monotonic() + PATIENCE
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not connection.scalar(waiting):
        assert time.monotonic() < end, "nobody waits"
