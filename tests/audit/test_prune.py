"""Dropping what is old: into a file first, provable there, and whatever happens meanwhile."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.audit.dying_prune import STEPS
from tests.audit.past_events import behind_its_back, do, happen, sealed
from tests.cli.conftest import Terminal, terminal
from tests.support.sandbox import REPOSITORY
from webapp.audit import queries, seals
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db

__all__ = ["terminal"]

LONG_AGO = timedelta(days=500)
OLD, NEW = 9, 4

pytestmark = pytest.mark.usefixtures("db_session")


@pytest.fixture
def house(terminal: Terminal, tmp_path: Path) -> "House":
    """Three seals of long ago, and what happened since."""
    for _ in range(3):
        happen(OLD // 3, ago=LONG_AGO)
        sealed(now=utc_now() - LONG_AGO + timedelta(minutes=5))
    happen(NEW)
    seals.keep_up(utc_now, lambda: True)
    return House(terminal, tmp_path / "kept")


class House:
    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal = terminal
        self.folder = folder

    def prune(self, status: int = 0) -> str:
        done = self.terminal("audit", "prune", *self.arguments)
        assert done.exit_code == status, done.output
        return done.output

    @property
    def arguments(self) -> list[str]:
        day = f"{utc_now() - timedelta(days=401):%Y-%m-%d}"
        return ["--before", day, "--archive", str(self.folder)]

    def verify(self, status: int = 0) -> str:
        done = self.terminal("audit", "verify", "--archive", str(self.folder))
        assert done.exit_code == status, done.output
        return done.output

    @property
    def file(self) -> Path:
        (path,) = self.folder.glob("*.gz")
        return path


def events() -> int:
    db.session.rollback()
    kind = AuditEvent.object_type == "campaign"
    return db.session.scalar(select(func.count(AuditEvent.id)).where(kind)) or 0


def test_what_is_dropped_is_in_the_file_as_it_was_sealed(house: House) -> None:
    told = {
        made.id: made.digest for made in db.session.scalars(select(AuditSeal)) if made.events == 3
    }
    house.prune()
    assert events() == NEW
    columns, *lines = gzip.decompress(house.file.read_bytes()).splitlines(keepends=True)
    assert json.loads(columns)["columns"][:3] == ["id", "at", "actor"]
    # As docs/audit.md says how anybody may do it.
    found = {}
    while lines:
        seal = json.loads(lines.pop(0))
        count = seal["events"]
        head = json.dumps(seal["sealed"], separators=(",", ":")).encode() + b"\n"
        sealed_lines = [head, *lines[:count], b"[%d]\n" % count]
        found[seal["seal"]] = hashlib.sha256(b"".join(sealed_lines)).hexdigest()
        assert seal["digest"] == found[seal["seal"]]
        del lines[:count]
    assert found == told
    assert house.file.stat().st_mode & 0o077 == 0


def test_the_record_names_the_file_and_its_digest(house: House) -> None:
    house.prune()
    digest = hashlib.sha256(house.file.read_bytes()).hexdigest()
    beside = house.file.with_name(house.file.name + ".sha256")
    assert beside.read_text() == f"{digest}  {house.file.name}\n"
    (told,) = queries.events_of("audit seal", 3 + _first_seal() - 1)
    assert told.action == "pruned"
    assert told.reason == f"3 seals' events are dropped. {house.file.name}, SHA-256 {digest}"


def _first_seal() -> int:
    return db.session.scalar(select(func.min(AuditSeal.id))) or 0


def test_the_rest_is_still_proven_and_the_dropped_by_the_file(house: House) -> None:
    house.prune()
    assert f"{OLD} more were dropped after their time" in house.verify()
    with behind_its_back():
        do("UPDATE audit_event SET actor = 'x' WHERE object_type = 'campaign'")
    assert "were changed" in house.verify(status=1)


def test_dropped_events_that_no_file_holds_are_missed(house: House) -> None:
    house.prune()
    house.file.unlink()
    assert f"The dropped events of seal {_first_seal()} are in no archive." in house.verify(1)


def test_a_file_that_was_changed_is_found(house: House) -> None:
    house.prune()
    text = gzip.decompress(house.file.read_bytes()).replace(b"tester@", b"nobody@", 1)
    house.file.write_bytes(gzip.compress(text))
    assert "not in the archive as they were" in house.verify(status=1)


DAMAGED = {
    "cut short": b"",
    "no gzip": b"no gzip at all",
    "something else": gzip.compress(b"{}\n[]\n"),
}


@pytest.mark.parametrize("rest", DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_is_damaged_is_named(house: House, rest: bytes) -> None:
    house.prune()
    house.file.write_bytes(rest or house.file.read_bytes()[:-20])
    assert f"{house.file.name} is damaged" in house.verify(status=1)


def test_what_was_changed_before_is_not_dropped(house: House) -> None:
    """The trace of it would go as well."""
    with behind_its_back():
        do("UPDATE audit_event SET actor = 'x' WHERE id = (SELECT min(id) FROM audit_event)")
    assert "not as they were sealed" in house.prune(status=1)
    assert events() == OLD + NEW
    assert list(house.folder.iterdir()) == []


def test_a_file_that_was_there_before_is_not_written_over(house: House) -> None:
    first = _first_seal()
    house.folder.mkdir()
    other = gzip.compress(b"{}\n")
    (house.folder / f"timeline-{first}-{first + 2}.jsonl.gz").write_bytes(other)
    assert "was there before" in house.prune(status=1)
    assert house.file.read_bytes() == other
    assert events() == OLD + NEW


def test_a_folder_that_cannot_be_used_stops_it(house: House) -> None:
    house.folder.write_text("a file")
    house.folder /= "kept"
    assert "The archive: " in house.prune(status=1)
    assert events() == OLD + NEW


def test_by_days_for_a_schedule(house: House) -> None:
    folder = ["--archive", str(house.folder)]
    assert (
        "nothing to drop" in house.terminal("audit", "prune", "--keep-days", "501", *folder).output
    )
    done = house.terminal("audit", "prune", "--keep-days", "400", *folder)
    assert done.output.endswith("9 events of 3 seals were dropped.\n")
    assert house.terminal("audit", "prune", "--keep-days", "399").exit_code == 2


@pytest.mark.parametrize("days", [[], ["--before", "2020-01-01", "--keep-days", "500"]])
def test_one_day_has_to_be_given(terminal: Terminal, days: list[str]) -> None:
    assert terminal("audit", "prune", *days).exit_code == 2


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_is_lost_and_the_next_one_ends_it(
    house: House, settings: Settings, step: str
) -> None:
    url = db.engine.url.render_as_string(hide_password=False)
    db.session.rollback()
    known = {"DATABASE_URL": url, "INSTANCE_DIR": str(settings.instance_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit.dying_prune", step, *house.arguments],
        cwd=REPOSITORY,
        env=os.environ | known | {"PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    # What went is in a file; the rest is where it was.
    gone = OLD + NEW - events()
    assert gone == (OLD // 3 if "second" in step or "one seal" in step else 0)
    house.verify()
    house.prune()
    assert events() == NEW
    assert f"{OLD} more were dropped" in house.verify()
    assert [path.name for path in house.folder.iterdir() if ".unfinished" not in path.name]
