"""The process: its command line, its state file, and how it ends."""

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.sandbox.caller import Caller, wait_for
from tests.support.sandbox import REPOSITORY, start_sandbox
from webapp.sandbox.__main__ import main

SMALL = {"campaigns": 5, "advertisers": 2, "agencies": 1}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "webapp.sandbox", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


def test_state_survives_a_restart_and_the_seed_is_used_once(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, **SMALL) as first, Caller(first) as call:
        made = call.new(title="Kept").json()
        before = call.get("campaigns").json()
    with start_sandbox(tmp_path, campaigns=99) as second, Caller(second) as call:
        assert call.get("campaigns").json() == before
        assert second.applied_writes()[0]["remote_id"] == made["id"]


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    started = start_sandbox(tmp_path, **SMALL)

    def write() -> None:
        # It is killed at any moment: before a writer has begun, and in the middle of an answer.
        with Caller(started) as call, suppress(requests.RequestException):
            body = {"title": "x", "advertiserId": call.advertiser()["id"]}
            while True:
                acknowledged.append(call.post("campaigns", body).json()["id"])

    writers = [threading.Thread(target=write) for _ in range(3)]
    for each in writers:
        each.start()
    try:
        wait_for(lambda: len(acknowledged) >= 60, 60)
    finally:
        started.kill()
        for each in writers:
            each.join()
    with start_sandbox(tmp_path, **SMALL) as again, Caller(again) as call:
        logged = {each["remote_id"] for each in again.applied_writes()}
        listed = set(call.ids())
        assert set(acknowledged) <= listed
        assert set(acknowledged) <= logged
        assert len(listed) == len(logged) + 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_with_an_answer_under_way(
    tmp_path: Path, number: signal.Signals
) -> None:
    with start_sandbox(tmp_path, **SMALL) as sandbox, Caller(sandbox) as call:
        sandbox.fault({"action": "slow", "seconds": 120})
        failures: list[Exception] = []

        def ask() -> None:
            try:
                call.get("campaigns", timeout=120)
            except requests.RequestException as error:
                failures.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_for(lambda: bool(sandbox.requests()))
        sandbox.process.send_signal(number)
        # Long before the answer would have been due.
        assert sandbox.process.wait(timeout=30) == 0
        thread.join()
        assert failures
    assert (tmp_path / "sandbox-errors.txt").read_text() == ""


def test_a_second_process_may_not_use_the_same_file(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, **SMALL):
        second = run("--state", str(tmp_path / "sandbox.db"))
    assert second.returncode == 1
    assert "is in use by another sandbox" in second.stderr


def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("my notes " * 1000)
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    wanted = {text: "cannot be used as a state file", other: "something else"}
    for path, words in wanted.items():
        before = path.read_bytes()
        finished = run("--state", str(path))
        assert finished.returncode == 1
        assert words in finished.stderr
        assert "Traceback" not in finished.stderr
        assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finished = run("--state", str(tmp_path / "file" / "sandbox.db"))
    assert finished.returncode == 1
    assert "cannot be used as a state file" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_state_file_keeps_its_organisation(tmp_path: Path) -> None:
    start_sandbox(tmp_path, **SMALL).stop()
    other = "9a22ee30-1a9f-11f0-b531-1b59096fa63d"
    finished = run("--state", str(tmp_path / "sandbox.db"), "--organization", other)
    assert finished.returncode == 1
    assert "belongs to the organisation" in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", "192.0.2.1"),
        ("--host", "example.com"),
        ("--port", "70000"),
        ("--campaigns", "-1"),
        ("--organization", "x"),
        ("--requests-per-minute", "many"),
    ],
)
def test_bad_flags_are_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--state", str(tmp_path / "s.db"), *arguments])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"argument {arguments[0]}" in said
    assert arguments[1] in said
    assert not (tmp_path / "s.db").exists()


def test_a_port_in_use_is_said_in_words(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, **SMALL) as sandbox:
        finished = run(
            "--state", str(tmp_path / "2.db"), "--port", str(sandbox.port), "--campaigns", "0"
        )
    assert finished.returncode == 1
    assert "cannot listen" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_log_of_writes_cannot_be_altered(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, **SMALL) as sandbox, Caller(sandbox) as call:
        call.new()
    database = sqlite3.connect(tmp_path / "sandbox.db")
    for statement in ("DELETE FROM applied_writes", "UPDATE applied_writes SET time = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            database.execute(statement)
    database.close()


def test_an_empty_organisation_is_served(tmp_path: Path) -> None:
    none = {"campaigns": 0, "advertisers": 0, "agencies": 0}
    with start_sandbox(tmp_path, **none) as sandbox, Caller(sandbox) as call:
        for path in ("campaigns", "advertisers", "agencies"):
            answer = call.get(path)
            assert (answer.json(), answer.headers["X-Total"]) == ([], "0")
        assert requests.get(sandbox.root_url, timeout=10).status_code == 200


def test_a_token_may_begin_with_a_minus(tmp_path: Path) -> None:
    with start_sandbox(tmp_path, **SMALL | {"token": "-minus"}) as sandbox, Caller(sandbox) as call:
        assert call.get("campaigns").status_code == 200
