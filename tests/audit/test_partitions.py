"""The SQL in docs/operations.md that cuts the timeline into months, run as it stands there."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from tests.audit.past_events import do, happen, sealed
from tests.support.databases import application, migrate
from tests.support.postgres import Postgres
from tests.support.sandbox import REPOSITORY
from webapp.audit import listing, pruning, seals, verifying
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction

NAME = "flightdeck_partitions"
LONG_AGO = timedelta(days=500)


def first_of_month(moment: datetime) -> datetime:
    return (moment.replace(day=1) + timedelta(days=32)).replace(day=1)


def run_as_documented(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    section = page.partition("### Partitions")[2]
    text = "\n".join(re.findall(r"```sql\n(.*?)```", section, re.DOTALL))
    edge = first_of_month(utc_now())
    days = {"2027-01-01": f"{edge:%Y-%m-%d}", "2027-02-01": f"{first_of_month(edge):%Y-%m-%d}"}
    # Both at once: in January 2027 the one becomes what the other is called.
    text = re.sub("|".join(days), lambda found: days[found[0]], text)
    parts = re.split(r"(;|\\gexec)\n", text)
    for statement, end in zip(parts[::2], parts[1::2], strict=False):
        done = connection.execute(statement.encode())
        for (made,) in done.fetchall() if end == "\\gexec" else ():
            connection.execute(str(made).encode())


@pytest.fixture
def parted(postgres: Postgres, tmp_path: Path) -> Iterator[Flask]:
    """A history of before, and the months made."""
    url = postgres.create_database(NAME)
    try:
        migrate(url, tmp_path)
        settings = Settings(database_url=url, instance_dir=tmp_path, log_level="WARNING")
        with application(settings) as app:
            for _ in range(2):
                happen(3, ago=LONG_AGO)
                sealed(now=utc_now() - LONG_AGO + timedelta(minutes=5))
            happen(4)
            sealed()
            with postgres.connect(NAME) as connection:
                run_as_documented(connection)
            yield app
    finally:
        postgres.drop_database(NAME)


def test_what_was_and_what_comes_is_one_timeline_and_proven(parted: Flask) -> None:
    happen(2)
    # Of the month that was made beforehand.
    happen(1, ago=utc_now() - first_of_month(utc_now()) - timedelta(days=1))
    with parted.test_request_context():
        assert listing.list_events(listing.EVENTS.parse({"about": "campaign-7"})).total == 13
    db.session.rollback()
    assert seals.keep_up(utc_now, lambda: True) == 1
    found = verifying.verify()
    assert (found.wrong, found.events, found.unsealed) == (None, 12, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event_2027_01",
        "TRUNCATE audit_event",
        "TRUNCATE audit_event_past",
        "TRUNCATE audit_event_2027_01",
    ],
)
def test_it_is_still_only_written_to(parted: Flask, statement: str) -> None:
    happen(1, ago=utc_now() - first_of_month(utc_now()) - timedelta(days=1))
    with pytest.raises(IntegrityError, match="append-only"), transaction():
        do(statement)


def test_what_is_old_is_still_dropped(parted: Flask) -> None:
    due = pruning.due_before(utc_now() - timedelta(days=401), utc_now())
    with transaction():
        assert [pruning.prune(made.id, utc_now()) for made in due] == [3, 3]
    found = verifying.verify()
    assert (found.wrong, found.events, found.pruned) == (None, 4, 6)
