"""Whether a worker's memory stays flat: its size after each of many pulls."""

import sys
import time
from pathlib import Path

from sqlalchemy import select

from benchmarks import options
from benchmarks.instance import Instance, instances
from benchmarks.options import Options
from benchmarks.pull import churn
from benchmarks.report import Report, Table
from benchmarks.web import background
from webapp.audit.service import Actor
from webapp.connections.models import Connection
from webapp.core.db import db, reading, transaction
from webapp.sync import service
from webapp.sync.models import COMPLETE, OPEN_STATES, SyncRun

ABOUT = (
    "The real worker process, its rate limit off, carries out one pull after the other; before "
    "each one, 1 % of the campaigns is changed in the sandbox. *Resident* is all that the process "
    "has in memory; with SQLite that holds pages of the database file, which are the system's to "
    "take back. *Own* leaves out all files. The aim is that *own* does not grow from pull to pull."
)
COLUMNS = ("after pull", "resident MiB", "own MiB")
SHOWN = (1, 5, 10, 25, 40, 50)
CHANGED_SHARE = 0.01
WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
LONGEST_PULL_SECONDS = 300.0
MEBI = 1024


def main() -> None:
    with options.read(__doc__ or "", sizes=[10_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"worker_memory{wish.results}", "A worker's memory over many pulls", ABOUT, wish.database
    )
    for made in instances(wish, "memory"):
        report.tables.append(_measure_one(made))
    report.finish()


def _measure_one(made: Instance) -> Table:
    table = Table(f"{made.campaigns:,} campaigns", COLUMNS)
    with background(made, "worker", WORKER, made.environment()) as worker:
        for number in range(1, SHOWN[-1] + 1):
            _pull(made, first=number == 1)
            if number in SHOWN:
                sizes = _kib(worker.pid)
                table.rows.append(
                    [number, *(round(sizes[name] / MEBI, 1) for name in ("VmRSS", "RssAnon"))]
                )
    return table


def _pull(made: Instance, *, first: bool) -> None:
    """The worker begins with a pull of its own."""
    if not first:
        churn(made, int(made.campaigns * CHANGED_SHARE))
        with transaction():
            connection = db.session.scalars(select(Connection)).one()
            service.request_run(Actor("benchmark", "cli"), connection)
    deadline = time.monotonic() + LONGEST_PULL_SECONDS
    while (state := _newest()) in (None, *OPEN_STATES):
        if time.monotonic() > deadline:
            raise SystemExit("The pull did not end.")
        time.sleep(0.1)
    if state != COMPLETE:
        raise SystemExit(f"The pull ended {state}.")


def _newest() -> str | None:
    with reading():
        state = db.session.scalar(select(SyncRun.state).order_by(SyncRun.id.desc()).limit(1))
        db.session.rollback()
    return state


def _kib(pid: int) -> dict[str, int]:
    """The sizes that Linux tells of a process."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    pairs = [line.split(":", 1) for line in lines if line.endswith(" kB")]
    return {name: int(value.split()[0]) for name, value in pairs}


if __name__ == "__main__":
    main()
