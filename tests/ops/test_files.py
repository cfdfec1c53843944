"""Log files: a day each, compressed, deleted after 90 days, whole with several writers."""

import gzip
import logging
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests.support.stack import PATIENCE
from webapp.ops.files import KEEP_DAYS, DailyFile

REPOSITORY = Path(__file__).parents[2]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINES = 400
PROCESSES = 4

# Each process writes half of its lines on one day and half on the next.
WRITER = """
    import logging, sys
    from datetime import UTC, datetime
    from pathlib import Path
    import time_machine
    from webapp.ops.files import DailyFile

    name, lines = sys.argv[2], int(sys.argv[3])
    with time_machine.travel(datetime(2026, 3, 2, 23, 59, 50, tzinfo=UTC), tick=False) as clock:
        handler = DailyFile(Path(sys.argv[1]))
        logger = logging.getLogger("writer")
        logger.addHandler(handler)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(lines):
            if number == lines // 2:
                print("half", flush=True)
                sys.stdin.readline()
                clock.move_to(datetime(2026, 3, 3, 0, 0, 5, tzinfo=UTC))
            logger.error("%s %d", name, number)
        handler.close()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "log" / "some.log"


def write(path: Path, text: str) -> None:
    handler = DailyFile(path)
    handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, text, (), None))
    handler.close()


def first_day(path: Path) -> str:
    return gzip.decompress((path.parent / "some.log.2026-03-02.gz").read_bytes()).decode()


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir() if not p.name.startswith("."))


def test_yesterdays_lines_are_compressed_under_their_day(file: Path) -> None:
    with time_machine.travel(NOON) as clock:
        write(file, "monday")
        clock.shift(timedelta(days=1))
        write(file, "tuesday")
    assert names(file) == ["some.log", "some.log.2026-03-02.gz"]
    assert first_day(file) == "monday\n"
    assert file.read_text() == "tuesday\n"


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_new_york")
def test_the_day_ends_at_midnight_utc_in_any_time_zone(file: Path) -> None:
    # A number: a time with a zone would move the machine to that zone.
    late = datetime(2026, 3, 2, 23, 59, 58, tzinfo=UTC).timestamp()
    with time_machine.travel(late, tick=False) as clock:
        write(file, "before")
        clock.shift(timedelta(seconds=1))
        write(file, "still before")
        clock.shift(timedelta(seconds=2))
        write(file, "after")
    assert first_day(file) == "before\nstill before\n"
    assert file.read_text() == "after\n"


def test_files_are_deleted_after_ninety_days_by_age_not_by_number(file: Path) -> None:
    with time_machine.travel(NOON) as clock:
        write(file, "day 0")
        clock.shift(timedelta(days=1))
        write(file, "day 1")
        assert "some.log.2026-03-02.gz" in names(file)
        # Few files, but the program was not used for a long time.
        clock.shift(timedelta(days=KEEP_DAYS - 1))
        write(file, "day 90")
        assert names(file) == ["some.log", "some.log.2026-03-02.gz", "some.log.2026-03-03.gz"]
        clock.shift(timedelta(days=1))
        write(file, "day 91")
    assert names(file) == ["some.log", "some.log.2026-03-03.gz", "some.log.2026-05-31.gz"]


def test_a_file_nobody_writes_to_ages_all_the_same(file: Path) -> None:
    with time_machine.travel(NOON) as clock:
        handler = DailyFile(file)
        handler.emit(logging.LogRecord("x", logging.ERROR, "", 0, "once", (), None))
        clock.shift(timedelta(days=1))
        handler.change_if_due()
        assert names(file) == ["some.log.2026-03-02.gz"]
        clock.shift(timedelta(days=KEEP_DAYS + 1))
        handler.change_if_due()
        handler.close()
    assert names(file) == []


def test_files_of_others_are_left_alone(file: Path) -> None:
    file.parent.mkdir()
    for name in ("some.log.old", "other.log.2001-01-01.gz", "some.log.2001-01-01.gz", "some.log-x"):
        (file.parent / name).write_text("x")
    handler = DailyFile(file)
    handler.change_if_due()
    handler.close()
    assert names(file) == ["other.log.2001-01-01.gz", "some.log-x", "some.log.old"]


def test_only_the_owner_may_read(file: Path) -> None:
    with time_machine.travel(NOON) as clock:
        write(file, "monday")
        clock.shift(timedelta(days=1))
        write(file, "tuesday")
    for path in file.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert file.parent.stat().st_mode & 0o077 == 0


def test_four_processes_lose_no_line_over_midnight(file: Path) -> None:
    writers = [start_writer(file, f"p{number}") for number in range(PROCESSES)]
    for signal in ("ready", "half"):
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == signal
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=PATIENCE)
        assert (writer.returncode, errors) == (0, "")
    assert names(file) == ["some.log", "some.log.2026-03-02.gz"]
    first = first_day(file).splitlines()
    second = file.read_text().splitlines()
    everyone = [f"p{p}" for p in range(PROCESSES)]
    assert sorted(first) == sorted(f"{p} {n}" for p in everyone for n in range(LINES // 2))
    assert sorted(second) == sorted(f"{p} {n}" for p in everyone for n in range(LINES // 2, LINES))


def start_writer(file: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(file), name, str(LINES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
