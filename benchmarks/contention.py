"""How fast the campaign list answers while a pull runs in the worker, against when none does."""

import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Select, func, select

from benchmarks import options
from benchmarks.instance import Instance, instances
from benchmarks.options import Options
from benchmarks.pull import churn
from benchmarks.report import Report, Table, percentile
from benchmarks.visits import visits
from benchmarks.web import Visitor, background, middle_and_slow, serving
from webapp.core.db import db, reading
from webapp.sync.models import COMPLETE, OPEN_STATES, REQUESTED, SyncRun

ABOUT = (
    "The real worker process pulls everything from the sandbox, its rate limit off, while somebody "
    "who is signed in asks for one page of the list after the other: the first page, one sorted by "
    "title, one advertiser's. *Idle* is the same before or after, with no worker running. The aim "
    "is a p95 of at most twice the idle one, and no word of a locked database anywhere."
)
COLUMNS = (
    "while",
    "pull s",
    "requests",
    "p50 idle",
    "p50 busy",
    "p95 idle",
    "p95 busy",
    "p95 ratio",
    "slowest busy",
)
KINDS = ("first page", "sort by title", "one advertiser")
WORKER = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
CHANGED_SHARE = 0.1
LONGEST_PULL_SECONDS = 600.0
LOCKED = "database is locked"

T = TypeVar("T", int, str)


def main() -> None:
    with options.read(__doc__ or "", sizes=[100_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"contention{wish.results}", "The campaign list during a pull", ABOUT, wish.database
    )
    for made in instances(wish, "contention"):
        report.tables.append(_measure_one(made, wish.repeats))
        report.notes.append(_locks(made))
    report.finish()


def _measure_one(made: Instance, repeats: int) -> Table:
    table = Table(f"{made.campaigns:,} campaigns: milliseconds", COLUMNS)
    with serving(made) as address:
        visitor = Visitor(address)
        visitor.sign_in()
        first = _during_a_pull(made, visitor, ["/campaigns", "/campaigns?sort=title"])
        paths = _paths()
        idle = _idle(visitor, paths, repeats)
        table.rows.append(_row("first pull", first, idle))
        quiet = _during_a_pull(made, visitor, paths)
        table.rows.append(_row("pull, nothing changed", quiet, idle))
        churn(made, int(made.campaigns * CHANGED_SHARE))
        busy = _during_a_pull(made, visitor, paths)
        table.rows.append(_row(f"pull, {CHANGED_SHARE:.0%} changed", busy, idle))
    return table


def _paths() -> list[str]:
    return [visit.ours for visit in visits() if visit.name.startswith(KINDS)]


def _idle(visitor: Visitor, paths: list[str], repeats: int) -> list[float]:
    ahead = cycle(paths)
    for _ in range(10):
        visitor.get(next(ahead))
    return [visitor.time(next(ahead)) for _ in range(repeats)]


def _during_a_pull(made: Instance, visitor: Visitor, paths: list[str]) -> tuple[float, list[float]]:
    """Seconds that the pull took, and the times of the requests made meanwhile."""
    runs = _runs()
    ahead, times = cycle(paths), []
    with background(made, "worker", WORKER, made.environment()):
        _wait_for(lambda: _runs() > runs and not _waits())
        started = time.monotonic()
        while _is_running():
            times += [visitor.time(next(ahead)) for _ in range(10)]
            if time.monotonic() - started > LONGEST_PULL_SECONDS:
                raise SystemExit("The pull did not end.")
        seconds = time.monotonic() - started
    _check_last_run()
    return seconds, times


def _row(name: str, busy: tuple[float, list[float]], idle: list[float]) -> list[str | int | float]:
    seconds, times = busy
    idle_p50, idle_p95 = middle_and_slow(idle)
    busy_p50, busy_p95 = middle_and_slow(times)
    return [
        name,
        round(seconds, 1),
        len(times),
        *(idle_p50, busy_p50, idle_p95, busy_p95),
        round(percentile(times, 0.95) / percentile(idle, 0.95), 2),
        round(max(times), 1),
    ]


def _runs() -> int:
    return _ask(select(func.count(SyncRun.id))) or 0


def _waits() -> bool:
    return _ask(select(SyncRun.id).where(SyncRun.state == REQUESTED)) is not None


def _is_running() -> bool:
    return _ask(select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES))) is not None


def _check_last_run() -> None:
    state = _ask(select(SyncRun.state).order_by(SyncRun.id.desc()).limit(1))
    if state != COMPLETE:
        raise SystemExit(f"The pull ended {state}.")


def _ask(question: Select[T]) -> T | None:
    """The answer as it is now: no transaction stays open, which would hold the past."""
    try:
        with reading():
            return db.session.scalar(question)
    finally:
        db.session.rollback()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("The worker did not begin to pull.")
        time.sleep(0.05)


def _locks(made: Instance) -> str:
    """How often any log of the instance speaks of a locked database."""
    files = [path for path in made.folder.rglob("*") if path.suffix in (".log", ".txt")]
    found = sum(_count(path) for path in files)
    return (
        f"“{LOCKED}” in {len(files)} files of logs and output: {found} times. "
        "Every answer to a request was a 200."
    )


def _count(path: Path) -> int:
    return path.read_text(encoding="utf-8", errors="replace").count(LOCKED)


if __name__ == "__main__":
    main()
