"""The doctor on the database: there, open to us, whole, at our migration, and on time."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests import factories
from tests.support.postgres import Postgres
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db, transaction
from webapp.ops.doctor import database
from webapp.ops.doctor.findings import BROKEN, OK, WARNING, Finding

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def examined(settings: Settings, *, shift: timedelta = timedelta(0)) -> dict[str, Finding]:
    db.session.rollback()
    return {each.part: each for each in database.examine(settings, utc_now() + shift)}


def at(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, instance_dir=folder)


@pytest.fixture
def filled(app: Flask, settings: Settings) -> Settings:
    with transaction():
        factories.campaign(title='Odd "quotes" and –dashes')
        factories.campaigns(250)
    return settings


@pytest.fixture
def file(filled: Settings) -> Path:
    """The file behind the address, with nothing of it in a file beside it."""
    path = Path(make_url(filled.sqlalchemy_url).database or "").resolve()
    db.session.remove()
    db.engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def test_a_database_as_migrations_made_it_is_well(filled: Settings) -> None:
    found = examined(filled)
    assert {each.verdict for each in found.values()} == {OK}, found


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (found,) = database.examine(at(f"sqlite:///{tmp_path / 'no.db'}", tmp_path), utc_now())
    assert (found.verdict, "there is no database at" in found.words) == (BROKEN, True)
    assert not (tmp_path / "no.db").exists()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("minutes of a meeting, " * 100)
    (found,) = database.examine(at(f"sqlite:///{tmp_path / 'x.db'}", tmp_path), utc_now())
    assert (found.verdict, "not a database" in found.words) == (BROKEN, True)


@ON_SQLITE
def test_a_damaged_file(filled: Settings, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'ix_campaign_list_title'"
        root = connection.execute(query).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(file.read_bytes())
    content[(root - 1) * size : root * size] = os.urandom(size)
    file.write_bytes(content)
    found = examined(filled)
    broken = [each for each in found.values() if each.verdict == BROKEN]
    assert broken
    assert "restore the last backup" in broken[0].fix


@ON_SQLITE
def test_a_file_that_is_not_in_wal_mode(filled: Settings, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    found = examined(filled)["file"]
    assert (found.verdict, "not in WAL mode" in found.words) == (BROKEN, True)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@ON_SQLITE
@pytest.mark.parametrize("name", ["campaign_search_insert", "campaign_search_update"])
def test_a_trigger_of_the_search_index_that_is_gone(filled: Settings, name: str) -> None:
    with transaction():
        db.session.execute(text(f"DROP TRIGGER {name}"))
    found = examined(filled)["triggers"]
    assert (found.verdict, name in found.words) == (BROKEN, True)


def test_a_trigger_that_keeps_the_record_from_changes(filled: Settings) -> None:
    on = "" if db.engine.dialect.name == "sqlite" else " ON audit_event"
    before = triggers()
    with transaction():
        db.session.execute(text(f"DROP TRIGGER audit_event_update{on}"))
    found = examined(filled)["triggers"]
    assert (found.verdict, "audit_event_update" in found.words) == (BROKEN, True)
    with transaction():
        for statement in before:
            db.session.execute(text(statement))


def triggers() -> list[str]:
    """What makes the trigger again, for a database that other tests use too."""
    if db.engine.dialect.name == "sqlite":
        return []
    query = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'audit_event_update'"
    return list(db.session.scalars(text(query)))


@ON_SQLITE
def test_a_search_index_that_is_out_of_step(filled: Settings) -> None:
    with transaction():
        db.session.execute(text("DROP TRIGGER campaign_search_update"))
        db.session.execute(text("UPDATE campaign SET search_text = 'nowhere in the index'"))
        db.session.execute(
            text(
                "CREATE TRIGGER campaign_search_update AFTER UPDATE OF search_text ON campaign "
                "BEGIN SELECT 1; END"
            )
        )
    found = examined(filled)["search"]
    assert (found.verdict, "rebuild" in found.fix) == (BROKEN, True)
    with transaction():
        statement = "INSERT INTO campaign_search(campaign_search) VALUES('rebuild')"
        db.session.execute(text(statement))
    assert examined(filled)["search"].verdict == OK


@pytest.fixture
def version(app: Flask) -> Iterator[None]:
    before = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    db.session.rollback()
    yield
    set_version(str(before))


def set_version(number: str) -> None:
    with transaction():
        db.session.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": number})


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(("number", "verdict"), [("0010", BROKEN), ("9999", WARNING)])
def test_migrations_behind_and_ahead(filled: Settings, number: str, verdict: str) -> None:
    set_version(number)
    found = examined(filled)["migrations"]
    assert (found.verdict, number in found.words) == (verdict, True)
    assert ("flask db upgrade" in found.fix) == (verdict == BROKEN)


def test_a_file_in_which_nothing_was_made_yet(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE other (x)")
    found = examined_file(tmp_path / "empty.db")
    assert (found["migrations"].verdict, "no tables" in found["migrations"].words) == (BROKEN, True)


def examined_file(path: Path) -> dict[str, Finding]:
    settings = at(f"sqlite:///{path}", path.parent)
    return {each.part: each for each in database.examine(settings, utc_now())}


def test_a_server_in_which_nothing_was_made_yet(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.create_database("flightdeck_nothing")
    found = {each.part: each for each in database.examine(at(url, tmp_path), utc_now())}
    postgres.drop_database("flightdeck_nothing")
    assert found["migrations"].verdict == BROKEN


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"postgresql+psycopg://flightdeck@127.0.0.1:{port}/flightdeck"
        (found,) = database.examine(at(url, tmp_path), utc_now())
    assert found.verdict == BROKEN
    assert f"no database server answers at 127.0.0.1:{port}" in found.words


def test_a_database_that_the_server_does_not_have(postgres: Postgres, tmp_path: Path) -> None:
    (found,) = database.examine(at(postgres.url("flightdeck_nowhere"), tmp_path), utc_now())
    assert (found.verdict, "has no database flightdeck_nowhere" in found.words) == (BROKEN, True)


@pytest.fixture
def locked(postgres: Postgres) -> Iterator[str]:
    """A user that the server asks for a password."""
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    postgres.run("CREATE ROLE locked LOGIN PASSWORD 'the right one'")
    rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{before}")
    postgres.run("SELECT pg_reload_conf()")
    yield f"postgresql+psycopg://locked:{{}}@127.0.0.1:{postgres.port}/postgres"
    rules.write_text(before)
    postgres.run("SELECT pg_reload_conf()")
    postgres.run("DROP ROLE locked")


def test_a_wrong_password_is_named_and_not_shown(locked: str, tmp_path: Path) -> None:
    right = database.examine(at(locked.format("the%20right%20one"), tmp_path), utc_now())
    assert right[0].verdict == OK
    (found,) = database.examine(at(locked.format("hunter2hunter2"), tmp_path), utc_now())
    assert (found.verdict, "refuses the user locked" in found.words) == (BROKEN, True)
    assert "DATABASE_URL" in found.fix
    assert "hunter2" not in found.words + found.fix


@ON_POSTGRESQL
@pytest.mark.parametrize(("minutes", "side"), [(2, "ahead of"), (-2, "behind")])
def test_a_clock_that_is_off_from_the_database_s(filled: Settings, minutes: int, side: str) -> None:
    found = examined(filled, shift=timedelta(minutes=minutes))["clock"]
    assert (found.verdict, side in found.words) == (BROKEN, True)
    assert "NTP" in found.fix
