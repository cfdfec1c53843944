"""What a worker process is told at its start, and starting it.

The processes are forked from one that has everything loaded: a start takes a fraction of a second.
"""

import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from webapp.core.config import Settings

ROOT = Path(__file__).resolve().parents[2]
# A busy machine takes its time; only what fails waits for so long.
PATIENCE = 90.0
DYING = "tests.kill.dying"

_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Plan:
    """``step``: the named step at which to end; ``moments``: after how many moments."""

    settings: Settings
    output: Path
    step: str | None = None
    moments: int = 0


def _run(plan: Plan, seconds: Any) -> None:
    # Loaded in the worker's process alone: it changes the clock there.
    importlib.import_module(DYING).run(plan, seconds)


def be_ready_to_start() -> None:
    """Start the process that the workers are forked from. Call it in the repository's folder."""
    _context.set_forkserver_preload([DYING])
    forkserver.ensure_running()


class Workers:
    """Starts one worker process after the other, on a clock that only they see."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._output = folder / "workers.txt"
        self._ahead = _context.Value("d", 0.0)
        self.started = 0

    def move_clock(self, seconds: float) -> None:
        self._ahead.value += seconds

    def said(self) -> str:
        return self._output.read_text(errors="replace")[-4000:] if self._output.exists() else ""

    @contextmanager
    def running(self, step: str | None = None, moments: int = 0) -> Iterator[ForkServerProcess]:
        """A worker that ends when it was told to, and with the block at the latest."""
        plan = Plan(self._settings, self._output, step, moments)
        process = _context.Process(target=_run, args=(plan, self._ahead))
        process.start()
        self.started += 1
        try:
            yield process
        finally:
            process.kill()
            process.join(PATIENCE)
            process.close()


def kill(process: ForkServerProcess) -> None:
    """End it from outside, if it did not do so itself, and make sure how it ended."""
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL, f"it ended by itself with {process.exitcode}"


def stop(process: ForkServerProcess) -> None:
    """Ask it to end, and see that it does so well."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGTERM)
    process.join(PATIENCE)
    assert process.exitcode == 0


def until(
    true: Callable[[], bool],
    what: Callable[[], str],
    meanwhile: Callable[[], None],
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Wait for something to become true; ``meanwhile`` is called now and then until it is.

    Patience begins anew whenever ``progress`` is another than it was.
    """
    began = asked = time.monotonic()
    seen = progress()
    while not true():
        now = time.monotonic()
        assert now - began < PATIENCE, f"not within {PATIENCE:.0f} seconds: {what()}"
        if now - asked > 0.3:
            asked = now
            meanwhile()
            last, seen = seen, progress()
            began = began if seen == last else now
        time.sleep(0.02)
