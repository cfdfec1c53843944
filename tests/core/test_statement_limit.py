"""Reading gives up a statement that takes too long, on both databases."""

import pytest
from flask import Flask
from sqlalchemy import text

from webapp.core.db import TO_SAY_SO_SECONDS, db, giving_up, reading
from webapp.core.errors import TooSlow

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
)
BRIEF = 0.2
# Not met by what is asked here, on a machine that stalls neither.
LONG = 60.0


def test_a_statement_without_end_is_given_up(app: Flask) -> None:
    with reading(BRIEF), pytest.raises(TooSlow, match="Ask for less"), giving_up():
        db.session.execute(ENDLESS)


def test_the_next_transaction_works_and_has_no_limit(app: Flask) -> None:
    with reading(BRIEF), pytest.raises(TooSlow), giving_up():
        db.session.execute(ENDLESS)

    assert db.session.scalar(text("SELECT 1")) == 1
    if db.engine.dialect.name == "postgresql":
        assert db.session.scalar(text("SHOW statement_timeout")) == "0"


def test_other_errors_of_the_database_stay_what_they_are(app: Flask) -> None:
    with reading(LONG), pytest.raises(Exception, match="no_such_table"), giving_up():
        db.session.execute(text("SELECT * FROM no_such_table"))


def test_there_is_time_left_to_say_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page with the words asks the database for more than a moment's work."""
    assert TO_SAY_SO_SECONDS >= 1
    monkeypatch.setattr("webapp.core.db.TO_SAY_SO_SECONDS", LONG)
    # PostgreSQL counts anew for each statement: its limit is that of the work as well.
    seconds = BRIEF if db.engine.dialect.name == "sqlite" else 10 * BRIEF
    some_work = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) "
        "SELECT count(*) FROM n"
    )
    with reading(seconds):
        with pytest.raises(TooSlow), giving_up():
            db.session.execute(ENDLESS)

        assert db.session.scalar(some_work) == 40_000
