"""The database's own promises: no lost update, no dangling key, no time without a zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from tests import factories
from tests.support.threads import in_threads
from webapp.connections.models import Connection
from webapp.core.db import db, reading, transaction

only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
THREADS, ROUNDS = 4, 25


@only_sqlite
def test_updates_that_read_first_are_not_lost_between_threads(app: Flask) -> None:
    connection_id = factories.connection().id
    db.session.commit()

    def count_up() -> None:
        with app.app_context():
            for _ in range(ROUNDS):
                with transaction():
                    db.session.get_one(Connection, connection_id).observation += 1

    in_threads([count_up] * THREADS)

    assert db.session.get_one(Connection, connection_id).observation == THREADS * ROUNDS


@only_sqlite
def test_reading_does_not_wait_for_a_writer(app: Flask) -> None:
    factories.connection()

    with app.app_context(), reading():
        # The factory's transaction above still holds the write lock.
        assert db.session.query(Connection).count() == 0


@only_sqlite
def test_sqlite_is_set_up_to_survive_a_power_cut(app: Flask) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    found = {name: db.session.scalar(text(f"PRAGMA {name}")) for name in pragmas}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_key_that_points_nowhere_is_refused(db_session) -> None:
    with pytest.raises(IntegrityError):
        factories.campaign(advertiser_id=None, connection_id=999_999)


def test_a_time_without_a_zone_is_refused(db_session) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        factories.connection(last_attempt_at=datetime(2026, 3, 1, 12, 0))  # noqa: DTZ001


def test_a_time_comes_back_aware_and_in_utc(db_session) -> None:
    tokyo = timezone(timedelta(hours=9))
    connection = factories.connection(last_attempt_at=datetime(2026, 3, 1, 12, 0, tzinfo=tokyo))
    db_session.expire(connection)

    assert connection.last_attempt_at == datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert connection.last_attempt_at.tzinfo is UTC


def test_a_transaction_is_kept_whole_or_not_at_all(app: Flask) -> None:
    def fail() -> None:
        with transaction():
            factories.connection()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert db.session.query(Connection).count() == 0

    with transaction():
        factories.connection()
    db.session.rollback()
    assert db.session.query(Connection).count() == 1
