"""Run in a fresh process: one pull as the worker does it, and what it took.

A process of its own, so that the peak of memory is this pull's. SQLite maps its file into memory:
those pages are the system's cache and go when memory is short, so memory is told without them too.
"""

import json
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, event, select

from tests.support.databases import application
from tests.support.statements import HOUSEKEEPING
from webapp.audit.service import Actor
from webapp.connections.models import Connection
from webapp.core.config import Settings, load_settings
from webapp.core.db import db, transaction
from webapp.core.ratelimit import RateLimiter
from webapp.sync import jobs, service
from webapp.sync.models import SyncRun

MEBI = 1024


def main() -> None:
    settings = load_settings(log_level="INFO")
    with application(settings) as app:
        run_id = _ask()
        print(json.dumps(_measure(app, settings, run_id)))


def _ask() -> int:
    with transaction():
        connection = db.session.scalars(select(Connection)).one()
        return service.request_run(Actor("benchmark", "cli"), connection).id


def _measure(app: Flask, settings: Settings, run_id: int) -> dict[str, object]:
    counts: Counter[str] = Counter()
    _watch_statements(counts)
    work = jobs.Work(settings, RateLimiter(0), lambda: True)
    before, own, cpu = _peak(), _own_kib(), time.process_time()
    started = time.perf_counter()
    with app.app_context():
        jobs.pull_next(work)
    seconds = time.perf_counter() - started
    cpu = time.process_time() - cpu
    db.session.expire_all()
    run = db.session.get_one(SyncRun, run_id)
    return {
        "state": run.state,
        "problem": run.problem,
        "read": run.read_count,
        "created": run.created_count,
        "updated": run.updated_count,
        "unchanged": run.unchanged_count,
        "requests": run.request_count,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "own_before_mib": own / MEBI,
        "statements": counts["work"],
        "transactions": counts["begin"],
        "baseline_mib": before,
        "peak_own_mib": counts["own"] / MEBI,
        "peak_mib": _peak(),
    }


def _watch_statements(counts: Counter[str]) -> None:
    """Count statements and transactions; at the end of each of these, look at the memory."""

    def note(*arguments: object) -> None:
        statement = str(arguments[2]).lstrip().upper()
        if statement.startswith("BEGIN"):
            counts["begin"] += 1
        elif not statement.startswith(HOUSEKEEPING):
            counts["work"] += 1

    def look(_connection: object) -> None:
        counts["own"] = max(counts["own"], _own_kib())

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", look)


def _own_kib() -> int:
    """The memory this process has for itself: resident, and not part of any file."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def _peak() -> float:
    """The most memory this process has had so far, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / MEBI / (MEBI if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    main()
