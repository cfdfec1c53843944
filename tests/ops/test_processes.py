"""Looking after child processes: starting again with back-off, and ending what will not end."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.stack import until
from webapp.ops import processes
from webapp.ops.processes import Child, Crew

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def child(program: str, tmp_path: Path, **options: bool) -> Child:
    command = [sys.executable, "-c", program]
    return Child("worker", command, dict(os.environ), output=tmp_path / "said", **options)


def wait_until_ready(child: Child) -> None:
    until(lambda: "ready" in child.printed(), "it is ready")


def test_a_child_that_dies_at_once_is_given_up_after_five_restarts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crew = Crew(first_pause=0.01)
    crew.add(child("raise SystemExit(3)", tmp_path))
    assert crew.watch() == 1
    *restarts, last = capsys.readouterr().out.splitlines()
    assert [line.rpartition(" in ")[2] for line in restarts] == [
        "0.01 s.",
        "0.02 s.",
        "0.04 s.",
        "0.08 s.",
        "0.16 s.",
    ]
    assert last == "The worker stopped with status 3. Stopping everything."


def test_a_child_that_may_not_be_restarted_ends_the_watch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crew = Crew()
    crew.add(child("raise SystemExit(0)", tmp_path, restartable=False))
    assert crew.watch() == 1
    assert "Starting it again" not in capsys.readouterr().out


def test_told_to_stop_the_watch_is_over(tmp_path: Path) -> None:
    crew = Crew()
    crew.add(child("import time; time.sleep(600)", tmp_path))
    crew.stopping.set()
    assert crew.watch() == 0
    crew.end()


def test_who_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    crew, stubborn = Crew(), child(STUBBORN, tmp_path)
    crew.add(stubborn)
    wait_until_ready(stubborn)
    crew.end()
    assert stubborn.exit_status == -9


def test_the_one_that_others_use_ends_last(tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = """
import signal, sys, time
def end(*_):
    time.sleep(0.2)
    with open({order!r}, "a") as file:
        file.write({name!r} + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""
    crew = Crew()
    for name, last in (("sandbox", True), ("web", False)):
        (tmp_path / name).mkdir()
        one = child(program.format(order=str(order), name=name), tmp_path / name, ends_last=last)
        crew.add(one)
        wait_until_ready(one)
    crew.end()
    assert order.read_text() == "web sandbox "
