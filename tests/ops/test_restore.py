"""Restoring: what was there is there again, whatever else was; and a restore that fails is none."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import func, select, text

from tests import factories
from tests.cli.conftest import Terminal
from tests.support.databases import application
from tests.support.postgres import Postgres
from webapp.audit.models import AuditEvent
from webapp.auth import recovery
from webapp.auth.models import OperatorSession
from webapp.bulk.models import PAUSED, BulkJob
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import Base, db, transaction
from webapp.notices.models import Message
from webapp.ops.backup import back_up
from webapp.ops.copies import archive, postgresql
from webapp.ops.copies.archive import BackupFailed
from webapp.ops.restore import restore
from webapp.people import invitations
from webapp.sync import leases
from webapp.sync.lead import LASTS, NAME
from webapp.sync.models import LOST, REQUESTED, RUNNING, Lease, SyncRun

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ROOT = Path(__file__).resolve().parents[2]
# What a restore itself adds or ends.
TOUCHED = {"audit_event", "connection", "lease", "sync_run", "operator_session", "bulk_job"}


@pytest.fixture
def kept(app: Flask, tmp_path: Path) -> Path:
    """A backup of six campaigns, one with a text that is hard to copy."""
    with transaction():
        factories.campaign(title="Tab\there, line\nthere, \\N and “quotes” 🎧")
        factories.campaigns(5)
    return saved(app, tmp_path)


def saved(app: Flask, folder: Path) -> Path:
    db.session.rollback()
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    return back_up(url, folder / "backups", utc_now()).path


def everything() -> dict[str, list[Any]]:
    """All rows of all tables that a restore leaves as they were."""
    db.session.expire_all()
    found = {
        name: [tuple(row) for row in db.session.execute(select(table)).all()]
        for name, table in Base.metadata.tables.items()
        if name not in TOUCHED
    }
    db.session.rollback()
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def titles() -> list[str]:
    db.session.expire_all()
    found = sorted(db.session.scalars(select(Campaign.title)))
    db.session.rollback()
    return found


def test_what_was_there_is_there_again_and_what_came_later_is_gone(app: Flask, kept: Path) -> None:
    before = everything()
    with transaction():
        factories.campaign(title="Later")
        db.session.execute(Campaign.__table__.update().values(title="Overwritten"))
    restore(factories.ACTOR, kept, utc_now())
    assert everything() == before


def test_what_is_booked_next_gets_a_number_of_its_own(app: Flask, kept: Path) -> None:
    restore(factories.ACTOR, kept, utc_now())
    with transaction():
        made = factories.campaign(title="Next")
        assert made.id not in range(1, 7)
    assert len(titles()) == 7


def test_campaigns_are_found_by_words_again(app: Flask, kept: Path) -> None:
    with transaction():
        db.session.execute(Campaign.__table__.update().values(search_text="nothing at all"))
    restore(factories.ACTOR, kept, utc_now())
    if db.engine.dialect.name == "sqlite":
        found = "SELECT count(*) FROM campaign_search WHERE campaign_search MATCH '\"quotes\"'"
        assert db.session.scalar(text(found)) == 1
        check = "INSERT INTO campaign_search(campaign_search, rank) VALUES('integrity-check', 1)"
        db.session.execute(text(check))
    else:
        names = "SELECT count(*) FROM pg_indexes WHERE indexname = 'ix_campaign_search'"
        assert db.session.scalar(text(names)) == 1


def test_nothing_is_sent_until_somebody_releases_it(app: Flask, kept: Path) -> None:
    done = restore(factories.ACTOR, kept, utc_now())
    found = db.session.scalars(select(Connection)).all()
    assert found
    assert done.held == len(found)
    when = f"{done.manifest.made_at:%Y-%m-%d %H:%M} UTC"
    for connection in found:
        assert connection.held_by == factories.ACTOR.label
        reason = f"restored from a backup of {when}: look first, then release"
        assert connection.hold_reason == reason


def test_a_reason_to_hold_that_was_there_is_kept(app: Flask, tmp_path: Path) -> None:
    with transaction():
        factories.connection(held_at=utc_now(), held_by="Bo", hold_reason="the client called")
    restore(factories.ACTOR, saved(app, tmp_path), utc_now())
    reason = db.session.scalar(select(Connection.hold_reason))
    assert reason is not None
    assert reason.startswith("restored from a backup of ")
    assert "Bo: the client called" in reason


def test_messages_that_waited_then_are_not_sent_now(app: Flask, tmp_path: Path) -> None:
    """They may have been sent since the backup was made."""
    with transaction():
        now = utc_now()
        values = {"subject": "s", "body": "{}", "created_at": now, "due_at": now, "attempts": 0}
        db.session.add(Message(key="k", channel="mail", recipient="a@example.com", **values))
    restore(factories.ACTOR, saved(app, tmp_path), utc_now())

    assert db.session.scalar(select(Message.given_up_at)) is not None


def test_sessions_leases_runs_and_bulk_jobs_are_ended_or_paused(app: Flask, tmp_path: Path) -> None:
    with transaction():
        operator = factories.operator()
        now = utc_now()
        db.session.add(
            OperatorSession(
                digest="d",
                operator_id=operator.id,
                created_at=now,
                last_seen_at=now,
                confirmed_at=now,
                address="",
                agent="",
            )
        )
        connection = factories.connection()
        factories.sync_run(
            connection_id=connection.id, state=RUNNING, started_at=now, heartbeat_at=now
        )
        db.session.add(Lease(name="other", holder="somebody", expires_at=now + timedelta(days=1)))
        job = factories.bulk_job([factories.campaign().id], operator)
        job.state = "running"
        job_id = job.id
    done = restore(factories.ACTOR, saved(app, tmp_path), utc_now())
    db.session.expire_all()
    assert db.session.scalar(select(OperatorSession.ended_at)) is not None
    assert db.session.scalar(select(Lease.name)) is None
    states = db.session.scalars(select(SyncRun.state).order_by(SyncRun.id)).all()
    assert states == [LOST, REQUESTED]
    assert db.session.get_one(BulkJob, job_id).state == PAUSED
    assert done.paused_jobs == 1


def test_no_invitation_and_no_recovery_code_of_that_time_opens_anything(
    app: Flask, tmp_path: Path
) -> None:
    """Each may have been used or taken back since the backup was made."""
    with transaction():
        links = [factories.invitation(), factories.invitation(email=None, role="admin")]
        factories.invitation(withdrawn_at=utc_now())
        person_id = factories.operator().id
        used, left = recovery.renew(person_id)[:2]
        assert recovery.use(person_id, used.replace("-", ""), utc_now())
        recovery.renew(factories.operator().id)
    done = restore(factories.ACTOR, saved(app, tmp_path), utc_now())
    assert (done.invitations, done.codes) == (2, 2)
    for link in links:
        with pytest.raises(invitations.NotOpen):
            invitations.find_open(link)
    assert not recovery.use(person_id, left.replace("-", ""), utc_now())
    told = db.session.scalars(select(AuditEvent.action)).all()
    assert told.count("invitation withdrawn") == told.count("recovery codes discarded") == 2


def test_live_tokens_are_named(app: Flask, tmp_path: Path) -> None:
    """They may have been revoked since the backup was made."""
    with transaction():
        factories.api_token(name="Nightly")
        factories.api_token(name="Ended", expires_at=utc_now() - timedelta(days=1))
        factories.api_token(name="Taken back", revoked_at=utc_now())
    path = saved(app, tmp_path)
    told = Terminal(app)("restore", str(path), "--replace", "--yes", "--json").stdout
    assert json.loads(told)["live_tokens"] == ["Nightly"]
    said = Terminal(app)("restore", str(path), "--replace", "--yes").stdout
    assert "revoke again what was revoked since: Nightly." in said


def changed_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = len(content) // 2
    content[place : place + 64] = bytes(each ^ 255 for each in content[place : place + 64])
    path.write_bytes(content)


@pytest.mark.parametrize("with_checksum", [True, False])
def test_a_damaged_file_is_refused_and_nothing_changed(
    app: Flask, kept: Path, with_checksum: bool
) -> None:
    changed_bytes(kept)
    if not with_checksum:
        archive.checksum_file(kept).unlink()
    before = everything()
    with pytest.raises(BackupFailed, match=r"SHA-256 differs|damaged"):
        restore(factories.ACTOR, kept, utc_now())
    assert everything() == before


@pytest.mark.parametrize("length", [0, 100, 0.5])
def test_half_a_file_is_refused(app: Flask, kept: Path, length: float) -> None:
    archive.checksum_file(kept).unlink()
    content = kept.read_bytes()
    kept.write_bytes(content[: int(length * len(content)) if length < 1 else int(length)])
    with pytest.raises(BackupFailed, match="damaged"):
        restore(factories.ACTOR, kept, utc_now())
    assert len(titles()) == 6


def rewritten(path: Path, **members: Any) -> Path:
    """The same backup, and other things said of it."""
    other = path.with_name("other.zip")
    with archive.opened(path) as opened, archive.written(other) as file:
        for name in opened.namelist():
            content = opened.read(name)
            if name == archive.MANIFEST:
                content = json.dumps(json.loads(content) | members).encode()
            file.writestr(name, content)
    return other


@ON_POSTGRESQL
def test_one_of_a_newer_version_is_refused(app: Flask, kept: Path) -> None:
    with pytest.raises(BackupFailed, match="newer version"):
        restore(factories.ACTOR, rewritten(kept, revision="9999"), utc_now())
    assert len(titles()) == 6


@ON_SQLITE
def test_so_is_a_file_of_a_newer_version(app: Flask, tmp_path: Path) -> None:
    with transaction():
        factories.campaign(title="Kept")
        db.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer = saved(app, tmp_path)
    with pytest.raises(BackupFailed, match="newer version"):
        restore(factories.ACTOR, newer, utc_now())
    assert titles() == ["Kept"]


def test_one_of_a_newer_form_is_refused(app: Flask, kept: Path) -> None:
    with pytest.raises(BackupFailed, match="newer version"):
        restore(factories.ACTOR, rewritten(kept, format=2), utc_now())


@ON_SQLITE
def test_one_of_the_other_kind_of_database_is_refused(
    app: Flask, kept: Path, postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.create_database("flightdeck_other_kind")
    db.session.remove()
    with application(at(url, tmp_path)):
        flask_migrate.upgrade()
        with pytest.raises(BackupFailed, match="another kind"):
            restore(factories.ACTOR, kept, utc_now())


@ON_POSTGRESQL
def test_rows_that_do_not_arrive_take_everything_back(
    app: Flask, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    broken = rewritten(kept, columns=columns_without(kept, "campaign", "title"))
    with pytest.raises(BackupFailed, match="refuses"):
        restore(factories.ACTOR, broken, utc_now())
    assert everything() == before


@ON_POSTGRESQL
def test_a_table_that_somebody_has_in_hand_is_waited_for_and_then_said(
    app: Flask, kept: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOCK_WAIT", "50ms")
    before = everything()
    with postgres.connect("flightdeck_tests") as other:
        other.autocommit = False
        other.execute("SELECT count(*) FROM campaign")
        with pytest.raises(BackupFailed, match="in use: stop web and worker"):
            restore(factories.ACTOR, kept, utc_now())
    assert everything() == before


def columns_without(path: Path, table: str, column: str) -> dict[str, list[str]]:
    with archive.opened(path) as opened:
        columns = archive.manifest_of(opened).columns
    columns[table].remove(column)
    return columns


def test_while_a_worker_leads_it_is_refused(app: Flask, kept: Path) -> None:
    with transaction():
        leases.take_or_renew(NAME, "somebody", utc_now(), LASTS)
    with pytest.raises(BackupFailed, match="Stop web and worker"):
        restore(factories.ACTOR, kept, utc_now())


def test_a_file_that_is_not_there_is_said(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no file"):
        restore(factories.ACTOR, tmp_path / "nowhere.zip", utc_now())


def at(url: str, folder: Path) -> Settings:
    return Settings(database_url=url, instance_dir=folder / "other", log_level="WARNING")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing was made yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    yield server.create_database("flightdeck_new_place")
    server.drop_database("flightdeck_new_place")


OLD = (
    "INSERT INTO connection (id, platform, name, base_url, external_id, state, observation, "
    "created_at) VALUES (1, 'megaphone', 'Old', 'http://127.0.0.1:9/api', 'old', 'active', 0, "
    "'2026-03-02 12:00:00+00:00')"
)


def test_one_of_an_older_version_is_brought_up_to_date_in_an_empty_place(
    new_place: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    with application(at(new_place, tmp_path)):
        flask_migrate.upgrade(revision="0010")
        with transaction():
            old = OLD.replace("+00:00", "") if new_place.startswith("sqlite") else OLD
            db.session.execute(text(old))
        old_backup = back_up(new_place, folder, utc_now()).path
        flask_migrate.upgrade()
        done = restore(factories.ACTOR, old_backup, utc_now())
        head = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        assert (done.manifest.revision, done.upgraded_to) == ("0010", head)
        connection = db.session.scalars(select(Connection)).one()
        assert (connection.name, connection.held_at is not None) == ("Old", True)
        assert db.session.scalar(select(func.count()).select_from(OperatorSession)) == 0


def test_it_goes_into_a_database_that_has_no_tables_yet(
    app: Flask, kept: Path, new_place: str, tmp_path: Path
) -> None:
    kind = app.config["SQLALCHEMY_DATABASE_URI"].split(":")[0]
    if not new_place.startswith(kind):
        return
    before = everything()
    db.session.remove()
    with application(at(new_place, tmp_path)) as other:
        result = Terminal(other)("restore", str(kept))
        assert result.exit_code == 0, result.output
        assert everything() == before


@ON_SQLITE
def test_one_with_tables_and_no_rows_is_empty(app: Flask, kept: Path, tmp_path: Path) -> None:
    db.session.remove()
    with application(at(f"sqlite:///{tmp_path / 'new.db'}", tmp_path)) as other:
        flask_migrate.upgrade()
        result = Terminal(other)("restore", str(kept))
        assert result.exit_code == 0, result.output
        assert len(titles()) == 6
