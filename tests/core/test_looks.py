"""Looks at PostgreSQL: no transaction, no writing, kept plans, and a server that went away."""

from typing import Any, cast

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.exc import DBAPIError

from tests import factories
from webapp.connections.models import Connection
from webapp.core import postgresql
from webapp.core.db import db, reading, transaction, writing
from webapp.core.postgresql import PREPARED

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# Nothing here is given up: a machine that stalls must not make it so.
SECONDS = 60.0
NAMES = text("SELECT name FROM connection ORDER BY id").execution_options(**PREPARED)


def driver() -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", db.session.connection().connection.dbapi_connection)


def prepared() -> list[str]:
    """What this session's connection has prepared."""
    found = db.session.scalars(text("SELECT statement FROM pg_prepared_statements"))
    return [each for each in found if "pg_prepared_statements" not in each]


def end_on_server(pid: int, app: Flask) -> None:
    url = app.config["SETTINGS"].database_url.get_secret_value()
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
        # Answers when the other's process has ended.
        ended = other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])
        assert ended.fetchone() == (True,)


def test_a_look_begins_no_transaction(app: Flask) -> None:
    with reading(SECONDS):
        db.session.execute(NAMES)
        assert driver().info.transaction_status.name == "IDLE"


def test_a_look_cannot_write(app: Flask) -> None:
    connection_id = factories.connection(name="Before").id
    db.session.commit()

    with reading(SECONDS):
        db.session.get_one(Connection, connection_id).name = "After"
        with pytest.raises(DBAPIError, match="read-only"):
            db.session.commit()
    db.session.rollback()

    assert db.session.get_one(Connection, connection_id).name == "Before"


def test_after_a_look_the_same_connection_writes_all_or_nothing(app: Flask) -> None:
    connection_id = factories.connection(name="Before").id
    db.session.commit()
    with reading(SECONDS):
        pid = driver().info.backend_pid
        db.session.rollback()

    def write_and_fail() -> None:
        assert driver().info.backend_pid == pid
        db.session.get_one(Connection, connection_id).name = "After"
        db.session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), transaction():
        write_and_fail()

    assert db.session.get_one(Connection, connection_id).name == "Before"


def test_after_a_look_there_may_be_work_that_no_transaction_can_do(app: Flask) -> None:
    with reading(SECONDS):
        db.session.execute(NAMES)
        db.session.remove()

    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as cleaning:
        cleaning.execute(text("VACUUM connection"))
    db.session.execute(NAMES)
    assert driver().info.transaction_status.name == "INTRANS"


def test_what_is_written_beside_a_look_is_written(app: Flask) -> None:
    with reading(SECONDS):
        db.session.execute(NAMES)
        with writing(), db.engine.begin() as other:
            other.execute(text("INSERT INTO rate_budget (key, state) VALUES ('beside', '{}')"))
        assert db.session.scalar(text("SELECT count(*) FROM rate_budget")) == 1


def test_the_plans_of_what_every_page_asks_are_kept_between_looks(app: Flask) -> None:
    for _ in range(2):
        with reading(SECONDS):
            db.session.execute(NAMES)
            assert prepared() == [NAMES.text]
            db.session.rollback()


def test_what_is_asked_for_with_words_is_planned_each_time(app: Flask) -> None:
    with reading(SECONDS):
        for word in "abcdefgh":
            db.session.execute(select(Connection.id).where(Connection.name == word))
        assert prepared() == []


def test_a_connection_that_the_server_ended_is_not_used_again(app: Flask) -> None:
    with reading(SECONDS):
        pid = driver().info.backend_pid
        db.session.remove()
        end_on_server(pid, app)

        assert db.session.scalar(text("SELECT 1")) == 1


def test_a_connection_that_was_silent_for_long_is_asked_whether_it_still_is(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something on the way may have forgotten it without a word to us."""
    monkeypatch.setattr(postgresql, "ASKED_AFTER_SECONDS", 0.0)
    with reading(SECONDS):
        pid = driver().info.backend_pid
        db.session.remove()
        taken = db.engine.raw_connection()
        inner = cast("psycopg.Connection[Any]", taken.dbapi_connection)
        assert (inner.info.backend_pid, postgresql.answers(inner)) == (pid, True)
        end_on_server(pid, app)
        assert not postgresql.answers(inner)
        taken.invalidate()


def test_a_plan_of_a_column_that_has_another_type_now_is_made_anew(app: Flask) -> None:
    other = create_engine(app.config["SETTINGS"].database_url.get_secret_value())
    alter = "ALTER TABLE connection ALTER COLUMN name TYPE varchar({})"
    with reading(SECONDS):
        db.session.execute(NAMES)
        db.session.remove()
    try:
        with other.begin() as changing:
            changing.execute(text(alter.format(400)))
        with reading(SECONDS):
            with pytest.raises(DBAPIError):
                db.session.execute(NAMES)
            db.session.remove()
            assert db.session.execute(NAMES).all() == []
            db.session.remove()
    finally:
        with other.begin() as changing:
            changing.execute(text(alter.format(100)))
        other.dispose()


def test_a_connection_lost_before_a_look_is_told_as_any_error_of_the_database(app: Flask) -> None:
    db.session.execute(text("SELECT 1"))
    pid = driver().info.backend_pid
    db.session.remove()

    def end_it(*_arguments: object) -> None:
        end_on_server(pid, app)

    event.listen(db.engine, "engine_connect", end_it)
    try:
        with reading(SECONDS), pytest.raises(DBAPIError):
            db.session.execute(NAMES)
    finally:
        event.remove(db.engine, "engine_connect", end_it)
