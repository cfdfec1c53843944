"""Backups: of one moment, verified, private, never written over; and only so many are kept."""

import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, insert, select

from tests import factories
from tests.cli.conftest import Terminal
from tests.support.stack import until
from webapp.advertisers.models import Advertiser, Agency
from webapp.core.db import Base, db, transaction
from webapp.ops import backup
from webapp.ops.backup import back_up, verify
from webapp.ops.copies import archive, postgresql, sqlite
from webapp.ops.copies.archive import BackupFailed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def terminal(app: Flask) -> Terminal:
    return Terminal(app)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def filled(app: Flask) -> str:
    """The address of a database with a few campaigns, odd texts among them."""
    with transaction():
        factories.campaign(title="Tab\there, line\nthere, \\N and \\. and “quotes” 🎧")
        factories.campaigns(5)
    return str(app.config["SQLALCHEMY_DATABASE_URI"])


def titles_in(path: Path, scratch: Path) -> list[str]:
    """The campaigns' titles in a backup, read by means of the database's own."""
    with archive.opened(path) as opened:
        manifest = archive.manifest_of(opened)
        if manifest.database == "sqlite":
            archive.unpack(opened, sqlite.MEMBER, scratch / "look.db")
            with sqlite3.connect(scratch / "look.db") as look:
                return sorted(title for (title,) in look.execute("SELECT title FROM campaign"))
        place = manifest.columns["campaign"].index("title")
        lines = opened.read(postgresql.member_of("campaign")).decode().splitlines()
        return sorted(line.split("\t")[place] for line in lines)


def test_a_backup_holds_every_table_and_says_what_it_is(
    filled: str, folder: Path, tmp_path: Path
) -> None:
    made = back_up(filled, folder, NOON)
    assert made.path == folder / "flightdeck-20260302T120000Z.backup.zip"
    found = verify(made.path, tmp_path)
    assert (found.made_at, found.revision) == (NOON, made.manifest.revision)
    for name, model in Base.metadata.tables.items():
        assert db.session.scalar(select(func.count()).select_from(model)) == found.rows[name], name
    assert set(Base.metadata.tables) == set(found.rows)
    assert found.rows["campaign"] == 6
    assert len(titles_in(made.path, tmp_path)) == 6


def test_its_checksum_lies_beside_it_as_sha256sum_reads_it(filled: str, folder: Path) -> None:
    made = back_up(filled, folder, NOON)
    beside = made.path.with_name(made.path.name + ".sha256")
    assert made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()
    told = subprocess.run(
        ["sha256sum", "--check", beside.name], cwd=folder, capture_output=True, check=False
    )
    assert told.returncode == 0, told


def test_nobody_else_may_read_it(filled: str, folder: Path) -> None:
    before = os.umask(0)
    try:
        made = back_up(filled, folder, NOON)
    finally:
        os.umask(before)
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [
        made.path.name,
        f"{made.path.name}.sha256",
    ]


def test_it_is_compressed(filled: str, folder: Path) -> None:
    made = back_up(filled, folder, NOON)
    with zipfile.ZipFile(made.path) as opened:
        assert made.bytes < sum(member.file_size for member in opened.infolist())


def test_one_that_is_there_is_never_written_over(filled: str, folder: Path) -> None:
    made = back_up(filled, folder, NOON)
    before = made.path.read_bytes()
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(filled, folder, NOON)
    assert made.path.read_bytes() == before


def test_nor_one_that_appears_while_it_is_made(
    filled: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder / "flightdeck-20260302T120000Z.backup.zip"
    really = backup.verify

    def late(path: Path, scratch: Path) -> Any:
        target.write_text("somebody else's")
        return really(path, scratch)

    monkeypatch.setattr(backup, "verify", late)
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(filled, folder, NOON)
    assert target.read_text() == "somebody else's"


def test_so_many_are_kept_and_nothing_else_is_deleted(filled: str, folder: Path) -> None:
    for hours in range(3):
        back_up(filled, folder, NOON + timedelta(hours=hours))
    (folder / "flightdeck-notes.txt").write_text("mine")
    made = back_up(filled, folder, NOON + timedelta(hours=3), keep=2)
    assert made.dropped == [
        "flightdeck-20260302T120000Z.backup.zip",
        "flightdeck-20260302T130000Z.backup.zip",
    ]
    assert sorted(path.name for path in folder.iterdir()) == [
        "flightdeck-20260302T140000Z.backup.zip",
        "flightdeck-20260302T140000Z.backup.zip.sha256",
        "flightdeck-20260302T150000Z.backup.zip",
        "flightdeck-20260302T150000Z.backup.zip.sha256",
        "flightdeck-notes.txt",
    ]


@ON_POSTGRESQL
def test_rows_that_are_not_all_there_are_noticed_before_it_gets_its_name(
    filled: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lies(connection: Any, tables: Any) -> dict[str, int]:
        return dict.fromkeys(tables, 1)

    monkeypatch.setattr(postgresql, "rows_of", lies)
    with pytest.raises(BackupFailed, match="rows instead of 1"):
        back_up(filled, folder, NOON, keep=1)
    assert list(folder.iterdir()) == []


@ON_SQLITE
def test_a_broken_database_makes_no_backup_and_costs_no_older_one(
    filled: str, folder: Path, tmp_path: Path
) -> None:
    older = back_up(filled, folder, NOON)
    broken = tmp_path / "broken.db"
    with archive.opened(older.path) as opened:
        archive.unpack(opened, sqlite.MEMBER, broken)
    with sqlite3.connect(broken) as connection:
        root = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_campaign_list_title'"
        ).fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(broken.read_bytes())
    content[(root - 1) * size : root * size] = os.urandom(size)
    broken.write_bytes(content)
    with pytest.raises(BackupFailed, match=r"damaged|cannot be used"):
        back_up(f"sqlite:///{broken}", folder, NOON + timedelta(hours=1), keep=1)
    assert len(list(folder.iterdir())) == 2


def test_without_a_database_none_is_made(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="There is no database"):
        back_up(f"sqlite:///{tmp_path / 'nowhere.db'}", folder, NOON)
    assert not (tmp_path / "nowhere.db").exists()


@contextmanager
def hammering(url: str, connection_id: int) -> Iterator[list[int]]:
    """Somebody who writes all the time, an agency and its advertiser in each transaction."""
    engine = create_engine(url)
    stop, written = threading.Event(), [0]
    record = {"connection_id": connection_id, "fingerprint": "", "synced_at": NOON}

    def write() -> None:
        while not stop.is_set():
            name = f"pair {written[0]}"
            names = {"remote_id": name, "name": name, "name_key": name}
            with engine.begin() as connection:
                for model in (Agency, Advertiser):
                    connection.execute(insert(model), record | names)
            written[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()
        engine.dispose()


def test_it_is_of_one_moment_while_somebody_writes_all_the_time(
    filled: str, folder: Path, tmp_path: Path
) -> None:
    connection_id = factories.the_connection().id
    alone = back_up(filled, folder, NOON).manifest.rows
    db.session.rollback()
    with hammering(filled, connection_id) as written:
        for number in range(1, 6):
            last = written[0]
            until(lambda last=last: written[0] > last, "somebody writes")
            before = written[0]
            made = back_up(filled, folder, NOON + timedelta(seconds=number))
            rows = verify(made.path, tmp_path).rows
            pairs = rows["agency"] - alone["agency"]
            assert pairs == rows["advertiser"] - alone["advertiser"]
            assert pairs >= before
    after = back_up(filled, folder, NOON + timedelta(hours=1)).manifest.rows
    assert after["agency"] - alone["agency"] == written[0]


def test_the_command_says_where_it_is_and_that_it_was_verified(
    terminal: Terminal, filled: str, folder: Path
) -> None:
    result = terminal("backup", str(folder))
    assert result.exit_code == 0, result.output
    (path,) = folder.glob("*.zip")
    assert str(path) in result.stdout
    assert "verified" in result.stdout


def test_the_command_prints_json_and_drops_older_ones(
    terminal: Terminal, filled: str, folder: Path
) -> None:
    back_up(filled, folder, NOON)
    told = json.loads(terminal("backup", str(folder), "--keep", "1", "--json").stdout)
    assert told["file"] == str(next(folder.glob("*.zip")))
    assert told["dropped"] == ["flightdeck-20260302T120000Z.backup.zip"]
    assert told["rows"] > 6
    assert len(told["sha256"]) == 64


def test_without_a_folder_it_goes_to_the_instance(
    terminal: Terminal, app: Flask, filled: str
) -> None:
    assert terminal("backup").exit_code == 0
    assert len(list((app.config["SETTINGS"].instance_dir / "backups").glob("*.zip"))) == 1


def test_a_folder_that_cannot_be_used_is_said_with_status_1(
    terminal: Terminal, filled: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    result = terminal("backup", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The backup failed: Not a directory")


def test_a_full_disk_leaves_nothing_behind(filled: str, folder: Path, tmp_path: Path) -> None:
    """The limit on the size of files stands in for a disk: what is written beyond it fails."""
    program = (
        "import resource, signal, sys, datetime, pathlib\n"
        "from webapp.ops.backup import back_up\n"
        "from webapp.ops.copies.archive import BackupFailed\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    back_up(sys.argv[1], pathlib.Path(sys.argv[2]), datetime.datetime.now(datetime.UTC))\n"
        "except BackupFailed as problem:\n"
        "    sys.exit(f'said: {problem}')\n"
    )
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-c", program, filled, str(folder)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr.startswith("said: "), result.stderr
    assert list(folder.iterdir()) == []
