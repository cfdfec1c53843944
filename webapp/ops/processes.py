"""Child processes of the launcher: started, watched, started again, and ended together."""

import ctypes
import os
import signal
import subprocess  # nosec B404
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
MOST_RESTARTS = 5
RESTART_WINDOW = 60.0
PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


class Child:
    """One process. What it prints goes to ``output``, or where our own output goes."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        *,
        output: Path | None = None,
        restartable: bool = True,
        ends_last: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.env = dict(env)
        self.output = output
        self.restartable = restartable
        self.ends_last = ends_last
        self.ended: deque[float] = deque(maxlen=MOST_RESTARTS + 1)
        self.start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Call this from the main thread: the system ends children of a thread that ends."""
        stdout = self.output.open("wb") if self.output else None
        try:
            self._process = subprocess.Popen(  # noqa: S603 # nosec B603
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT if stdout else None,
                # Ctrl-C in a terminal reaches the launcher only, which ends the others in order.
                start_new_session=True,
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 - started from one thread
            )
        finally:
            if stdout:
                stdout.close()
        log.info("process_started", name=self.name, child=self._process.pid)

    @property
    def exit_status(self) -> int | None:
        """``None`` while it runs, and before its first start."""
        return self._process.poll() if self._process else None

    def printed(self) -> str:
        return self.output.read_text(errors="replace") if self.output else ""

    def ask_to_end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for it until then, and no longer."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("process_killed", name=self.name)
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _end_with(parent: int) -> "_EndWithParent | None":
    return _EndWithParent(parent) if sys.platform == "linux" else None


class _EndWithParent:
    """Runs in the child before its program: asks Linux to end it when the launcher is killed."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        # Loaded here, because little may be done between fork and exec.
        self._prctl = ctypes.CDLL(None).prctl

    def __call__(self) -> None:
        self._prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != self._parent:
            os.kill(os.getpid(), signal.SIGTERM)


class Crew:
    """All children. ``stopping`` is set by whoever wants an end.

    ``first_pause`` is how many seconds a child that ended is left alone; it doubles each time.
    """

    def __init__(self, first_pause: float = 0.5) -> None:
        self.first_pause = first_pause
        self.stopping = threading.Event()
        self._children: list[Child] = []

    def stop_on_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stopping.set())

    def add(self, child: Child) -> None:
        self._children.append(child)
        child.start()

    def watch(self) -> int:
        """Keep them running until told to stop (0), or until one cannot be kept (1)."""
        while not self.stopping.wait(POLL_SECONDS):
            now = time.monotonic()
            for child in self._children:
                if child.exit_status is not None and not self._care_for(child, now):
                    return 1
        return 0

    def _care_for(self, child: Child, now: float) -> bool:
        """Start an ended child again when its time has come; false when it ended too often."""
        if child.start_at == 0.0:
            child.ended.append(now)
            recent = [moment for moment in child.ended if now - moment < RESTART_WINDOW]
            log.error(
                "process_ended", name=child.name, status=child.exit_status, recent=len(recent)
            )
            what = f"The {child.name} stopped with status {child.exit_status}."
            if not child.restartable or len(recent) > MOST_RESTARTS:
                say(f"{what} Stopping everything.")
                return False
            pause = self.first_pause * 2 ** (len(recent) - 1)
            child.start_at = now + pause
            say(f"{what} Starting it again in {pause:g} s.")
        elif now >= child.start_at:
            child.start_at = 0.0
            child.start()
        return True

    def end(self) -> None:
        """End all; first those who use the others, so that nobody loses what they talk to."""
        for last in (False, True):
            group = [child for child in self._children if child.ends_last is last]
            for child in group:
                child.ask_to_end()
            deadline = time.monotonic() + STOP_SECONDS
            for child in group:
                child.end(deadline)


def say(text: str) -> None:
    """A sentence to whoever started us."""
    print(text, flush=True)
