"""PostgreSQL keeps count of the campaigns: right in every snapshot, whoever writes meanwhile."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from tests import factories
from tests.support.meeting import meetings
from tests.support.threads import in_threads
from webapp.campaigns import tally
from webapp.campaigns.models import Campaign
from webapp.campaigns.tally import CampaignTally
from webapp.core.clock import utc_now
from webapp.core.db import db

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
TABLE = Campaign.__table__
KEPT = (func.coalesce(func.sum(CampaignTally.campaigns), 0),)
KEPT_ARCHIVED = (func.coalesce(func.sum(CampaignTally.archived), 0),)
# All four of one moment.
BOTH = select(
    select(*KEPT).scalar_subquery(),
    select(*KEPT_ARCHIVED).scalar_subquery(),
    select(func.count()).select_from(TABLE).scalar_subquery(),
    select(func.count(TABLE.c.archived_at)).scalar_subquery(),
)
ROWS = select(func.count()).select_from(CampaignTally)
ANEW = text("SELECT campaign_tally_anew()")

Step = Callable[[Connection], object]


def kept(connection: Connection) -> tuple[int, int]:
    """What is kept, which has to be what there is."""
    campaigns, archived, *there = connection.execute(BOTH).one()
    assert [campaigns, archived] == there
    return campaigns, archived


@pytest.fixture
def row(db_session) -> dict[str, Any]:
    """What the columns of one more campaign may hold; ten are there, three of them archived."""
    factories.campaigns(10, archived_at=lambda n: utc_now() if n < 3 else None)
    db_session.commit()
    found = db_session.execute(select(TABLE).where(TABLE.c.archived_at.is_(None)).limit(1))
    values = dict(found.mappings().one())
    db_session.rollback()
    del values["id"], values["uuid"]
    return values


def rows_like(row: dict[str, Any], *names: str, **values: Any) -> list[dict[str, Any]]:
    return [row | {"uuid": factories.uuid.uuid4(), "remote_id": name} | values for name in names]


def brought(row: dict[str, Any], *names: str, **values: Any) -> Any:
    """An insert of new campaigns that becomes an update of those that are there."""
    statement = upsert(TABLE).values(rows_like(row, *names, **values))
    return statement.on_conflict_do_update(
        index_elements=["connection_id", "remote_id"],
        set_={"archived_at": statement.excluded.archived_at},
    )


def archived_at(value: object) -> Any:
    return update(TABLE).values(archived_at=value)


NOW = utc_now()
STEPS: dict[str, tuple[Callable[[dict[str, Any]], Any], tuple[int, int]]] = {
    "many at once": (lambda row: insert(TABLE).values(rows_like(row, "a", "b")), (12, 3)),
    "archived ones": (
        lambda row: insert(TABLE).values(rows_like(row, "a", "b", archived_at=NOW)),
        (12, 5),
    ),
    "none": (lambda _: insert(TABLE).from_select(["id"], select(TABLE.c.id).limit(0)), (10, 3)),
    "new and known": (lambda row: brought(row, row["remote_id"], "a"), (11, 3)),
    "new and known, archived": (
        lambda row: brought(row, row["remote_id"], "a", archived_at=NOW),
        (11, 5),
    ),
    "archive all": (lambda _: archived_at(NOW), (10, 10)),
    "bring all back": (lambda _: archived_at(None), (10, 0)),
    "another title": (lambda _: update(TABLE).values(title="Other"), (10, 3)),
    "delete the archive": (lambda _: delete(TABLE).where(TABLE.c.archived_at.is_not(None)), (7, 0)),
    "delete all": (lambda _: delete(TABLE), (0, 0)),
}


@ON_POSTGRESQL
@pytest.mark.parametrize(("statement", "expected"), STEPS.values(), ids=STEPS)
def test_what_is_kept_is_what_there_is_after_each_kind_of_statement(row, statement, expected):
    with db.engine.connect() as connection:
        assert kept(connection) == (10, 3)
        with connection.begin_nested() as step:
            connection.execute(statement(row))
            assert kept(connection) == expected
            step.rollback()
        assert kept(connection) == (10, 3)

        connection.execute(statement(row))
        connection.commit()
        assert kept(connection) == expected


@ON_POSTGRESQL
def test_what_changes_neither_number_writes_no_row(row):
    with db.engine.begin() as connection:
        before = connection.scalar(ROWS)
        connection.execute(update(TABLE).values(title="Other", archived_at=TABLE.c.archived_at))
        connection.execute(STEPS["none"][0](row))
        assert connection.scalar(ROWS) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_keeps_none(row):
    assert db.session.scalar(ROWS) == 0
    assert tally.number_in("no") is None
    assert tally.put_together() is False


@ON_POSTGRESQL
def test_few_rows_are_left_and_many_become_one(row, monkeypatch):
    monkeypatch.setattr(tally, "MANY", 10)
    assert tally.put_together() is False, "ten were put in"
    factories.campaign(archived_at=utc_now())
    db.session.commit()

    assert tally.put_together() is True
    with db.engine.connect() as connection:
        assert (connection.scalar(ROWS), kept(connection)) == (1, (11, 4))


@ON_POSTGRESQL
def test_an_empty_tally_stays_empty(app):
    with db.engine.begin() as connection:
        connection.execute(tally._PUT_TOGETHER)
        assert (connection.scalar(ROWS), kept(connection)) == (0, (0, 0))


@ON_POSTGRESQL
def test_neither_writers_nor_putting_together_wait_for_a_writer(row):
    with db.engine.connect() as first, db.engine.connect() as second:
        first.execute(insert(TABLE).values(rows_like(row, "a", "b")))
        second.execute(text("SET lock_timeout = '2s'"))
        second.execute(insert(TABLE).values(rows_like(row, "c", archived_at=utc_now())))
        second.commit()
        second.execute(tally._PUT_TOGETHER)
        second.commit()
        assert kept(second) == (11, 4)
        first.commit()
        assert kept(second) == (13, 4)


def until_somebody_waits(connection: Connection) -> None:
    end = time.monotonic() + 60
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not connection.scalar(waiting):
        assert time.monotonic() < end, "nobody waits"


@ON_POSTGRESQL
def test_two_that_put_together_at_once_lose_nothing(row):
    engine = db.engine
    with meetings() as meeting:

        def first() -> None:
            with engine.connect() as connection:
                connection.execute(tally._PUT_TOGETHER)
                meeting.come_to("put together")
                meeting.wait_for("more came")
                until_somebody_waits(connection)
                connection.commit()

        def second() -> None:
            meeting.wait_for("put together")
            with engine.begin() as connection:
                connection.execute(insert(TABLE).values(rows_like(row, "a")))
            meeting.come_to("more came")
            with engine.begin() as connection:
                connection.execute(tally._PUT_TOGETHER)

        in_threads([first, second])
    with db.engine.connect() as connection:
        assert kept(connection) == (11, 3)


@ON_POSTGRESQL
def test_many_write_at_once_and_every_snapshot_is_right(row):
    engine = db.engine
    names = [[f"{writer}-{n}" for n in range(30)] for writer in range(4)]

    def write(mine: list[str]) -> None:
        for n, name in enumerate(mine):
            with engine.connect() as connection:
                connection.execute(insert(TABLE).values(rows_like(row, name)))
                if n % 2:
                    is_mine = TABLE.c.remote_id == mine[n - 1]
                    connection.execute(archived_at(utc_now()).where(is_mine))
                if n % 5 == 4:
                    connection.execute(delete(TABLE).where(TABLE.c.remote_id == mine[n - 3]))
                (connection.rollback if n % 7 == 6 else connection.commit)()

    def look() -> None:
        for _ in range(60):
            with engine.connect() as connection:
                kept(connection)

    def put_together() -> None:
        for _ in range(60):
            with engine.begin() as connection:
                connection.execute(tally._PUT_TOGETHER)

    writers = [lambda mine=mine: write(mine) for mine in names]
    in_threads([*writers, look, put_together, put_together])
    with engine.connect() as connection:
        campaigns, archived = kept(connection)
    assert campaigns > 10
    assert archived > 3


@ON_POSTGRESQL
def test_counting_anew_mends_it_and_waits_for_who_writes(row):
    with db.engine.connect() as writer, db.engine.connect() as mender:
        mender.execute(text("INSERT INTO campaign_tally (campaigns, archived) VALUES (5, 5)"))
        mender.commit()
        writer.execute(insert(TABLE).values(rows_like(row, "a")))
        mender.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError) as refused:
            mender.execute(ANEW)
        assert isinstance(refused.value.orig, LockNotAvailable)
        mender.rollback()
        writer.commit()
        mender.execute(ANEW)
        mender.commit()
        assert (mender.scalar(ROWS), kept(mender)) == (1, (11, 3))
