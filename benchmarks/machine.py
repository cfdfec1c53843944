"""What the numbers were measured on."""

import os
import platform
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path

from webapp.core.clock import utc_now

Description = dict[str, str]

TURNS = 300


def describe(database: str) -> Description:
    """Processor, memory, versions, date and how busy the machine was just before."""
    return {
        "date": f"{utc_now():%Y-%m-%d}",
        "processor": _line_of("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "another process and back": f"{_there_and_back():.2f} ms",
        "database": database,
        "load before": load(),
    }


def sqlite_version() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


def load() -> str:
    """How many processes wanted to run, on average over the last minute."""
    return f"{os.getloadavg()[0]:.2f}"


def _there_and_back() -> float:
    """Milliseconds until another process, asked by one that is at work, has answered a byte.

    That is what each statement costs on PostgreSQL before it does anything. Waking an idle core can
    take most of it.
    """
    (theirs, ours), (answer, answering) = os.pipe(), os.pipe()
    took = []
    with subprocess.Popen(["cat"], stdin=theirs, stdout=answering):
        for _ in range(TURNS):
            busy_until = time.perf_counter() + 0.001
            while time.perf_counter() < busy_until:
                pass
            started = time.perf_counter()
            os.write(ours, b"x")
            os.read(answer, 1)
            took.append((time.perf_counter() - started) * 1000)
        os.close(ours)
    for end in (theirs, answer, answering):
        os.close(end)
    return statistics.median(took)


def _memory() -> str:
    kib = _line_of("/proc/meminfo", "MemTotal").split()
    return f"{int(kib[0]) / 2**20:.0f} GiB" if kib else "unknown"


def _line_of(path: str, name: str) -> str:
    """The value of ``name : value`` in a file of such lines; empty when there is none."""
    file = Path(path)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
