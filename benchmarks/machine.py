"""What the numbers were measured on."""

import os
import platform
import sqlite3
from pathlib import Path

from webapp.core.clock import utc_now

Description = dict[str, str]


def describe(database: str) -> Description:
    """Processor, memory, versions, date and how busy the machine was just before."""
    return {
        "date": f"{utc_now():%Y-%m-%d}",
        "processor": _line_of("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "database": database,
        "load before": load(),
    }


def sqlite_version() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


def load() -> str:
    """How many processes wanted to run, on average over the last minute."""
    return f"{os.getloadavg()[0]:.2f}"


def _memory() -> str:
    kib = _line_of("/proc/meminfo", "MemTotal").split()
    return f"{int(kib[0]) / 2**20:.0f} GiB" if kib else "unknown"


def _line_of(path: str, name: str) -> str:
    """The value of ``name : value`` in a file of such lines; empty when there is none."""
    file = Path(path)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
