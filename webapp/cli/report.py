"""What the commands print about runs, changes and connections: as a line, and as JSON."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.sync import connection_queries, queries
from webapp.sync.models import SyncRun
from webapp.sync.run_queries import Progress
from webapp.sync.sending import Tally
from webapp.sync.words import RUN_MEANINGS, RUN_PILLS, going_out
from webapp.web.filters import duration

RUN_FIELDS = (
    "id",
    "connection_id",
    "state",
    "trigger",
    "requested_by",
    "requested_at",
    "started_at",
    "finished_at",
    "remote_total",
    "read_count",
    "created_count",
    "updated_count",
    "unchanged_count",
    "set_aside_count",
    "missing_count",
    "gone_count",
    "duplicate_count",
    "request_count",
    "retry_count",
    "problem",
)


def run_json(run: SyncRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in RUN_FIELDS}


def run_line(run: SyncRun) -> str:
    when = run.started_at or run.requested_at
    counts = (
        f"{run.read_count:,} read: {run.created_count:,} created, {run.updated_count:,} updated, "
        f"{run.unchanged_count:,} unchanged, {run.set_aside_count:,} set aside"
    )
    words = run.problem or RUN_MEANINGS[run.state]
    return f"{run.id}  {when:%Y-%m-%d %H:%M} UTC  {RUN_PILLS[run.state][0]}  {counts}  {words}"


def progress_line(run: SyncRun, progress: Progress) -> str:
    total = f" of {progress.total:,}" if progress.total else ""
    left = f", about {_words(progress.left)} left" if progress.left is not None else ""
    return f"run {run.id}: {progress.done:,}{total} campaigns{left}"


def tally_json(tally: Tally) -> dict[str, Any]:
    return {**asdict(tally), "is_all_sent": tally.is_all_sent}


def tally_line(tally: Tally) -> str:
    if tally.total == 0:
        return "Nothing waits."
    parts = (
        (tally.sent, "sent"),
        (tally.closed, "replaced or cancelled"),
        (tally.refused, "refused"),
        (tally.needs_you, "that need somebody"),
        (tally.kept, "kept back"),
        (tally.moving, "still under way"),
    )
    return ", ".join(f"{number:,} {words}" for number, words in parts if number) + "."


def status_of(connection: Connection, settings: Settings) -> dict[str, Any]:
    """All that ``flask sync status`` knows of a connection, ready for JSON."""
    now = utc_now()
    freshness = queries.freshness_of(connection, timedelta(minutes=settings.sync_interval_minutes))
    health = connection_queries.health_of(connection, settings, now)
    return {
        "id": connection.id,
        "name": connection.name,
        "state": connection.state,
        "reason": connection.state_reason,
        "pause_kind": connection.pause_kind,
        "held_by": connection.held_by,
        "hold_reason": connection.hold_reason,
        "is_late": freshness.late,
        "is_well": not (freshness.late or connection.held_at or health.is_broken),
        "last_attempt_at": connection.last_attempt_at,
        "last_success_at": connection.last_success_at,
        "next_run_at": freshness.next_at,
        "failures": health.failures,
        "requests_in_last_minute": health.used,
        "requests_per_minute": health.most,
        "going_out": going_out(connection_queries.counts_of(connection)),
    }


def status_line(status: dict[str, Any]) -> str:
    if status["state"] == "paused":
        state = f"paused: {status['reason']}"
    elif status["held_by"]:
        state = f"sending paused by {status['held_by']}: {status['hold_reason']}"
    elif status["failures"] and not status["is_well"] and not status["is_late"]:
        state = f"{status['failures']} calls in a row failed"
    else:
        state = "late" if status["is_late"] else "fresh"
    success = status["last_success_at"]
    read = f"read {_words(utc_now() - success)} ago" if success else "never read completely"
    out = ", ".join(f"{number:,} {word}" for word, number in status["going_out"].items())
    return f"{status['id']}  {status['name']}  {state}; {read}; {out}"


def _words(time: timedelta) -> str:
    return duration(round(time.total_seconds()))
