"""``flask sync``: reading and sending now, how it goes, and the latest runs."""

from collections.abc import Sequence
from typing import Any

import click
from flask.cli import AppGroup

from webapp.cli import report
from webapp.cli.plain import NOBODY, NOT_ALL, actor, echo_json, end_with, json_option, plainly
from webapp.cli.plain import settings as the_settings
from webapp.cli.waiting import here_option, somebody, wait
from webapp.connections import queries as connections
from webapp.core.clock import utc_now
from webapp.core.db import db, reading, transaction
from webapp.core.errors import NotFound
from webapp.core.listing import PER_PAGE_CHOICES
from webapp.sync import jobs, run_queries, sending, service
from webapp.sync.lead import is_somebody_leading
from webapp.sync.models import COMPLETE, FAILED, LOST, OPEN_STATES, RUN_STATES, SyncRun

NOT_CONNECTED = "Nothing is connected. Set MEGAPHONE_API_TOKEN and MEGAPHONE_ORG_ID."

MOST_RUNS = PER_PAGE_CHOICES[-1]

sync = AppGroup("sync", help="Reading from and sending to the ad servers.")

connection_option = click.option(
    "--connection", "connection_id", type=int, help="Only this one, by its id."
)
timeout_option = click.option(
    "--timeout", type=float, default=3600, show_default=True, help="Seconds to wait at most."
)


def chosen(connection_id: int | None) -> Sequence[int]:
    """The ids of the connections that are meant. Raises ``NotFound``."""
    if connection_id is not None:
        return [connections.get_connection(connection_id).id]
    ids = [connection.id for connection in connections.shown_connections()]
    if not ids:
        raise NotFound(NOT_CONNECTED)
    return ids


@sync.command("pull")
@connection_option
@here_option
@timeout_option
@json_option
@plainly
def pull(connection_id: int | None, here: bool, timeout: float, as_json: bool) -> None:
    """Read everything from the ad server now, and wait until that is done."""
    with somebody([jobs.pull_next], here_too=here) as working:
        run_ids = _ask_for_runs(connection_id)
        wait(lambda: _how_far(run_ids), working, timeout)
    with reading():
        runs = [db.session.get_one(SyncRun, run_id) for run_id in run_ids]
        states = {run.state for run in runs}
        if as_json:
            echo_json([report.run_json(run) for run in runs])
        else:
            for run in runs:
                click.echo(report.run_line(run))
    if states & {FAILED, LOST}:
        end_with(1)
    end_with(0 if states == {COMPLETE} else NOT_ALL)


def _ask_for_runs(connection_id: int | None) -> list[int]:
    with transaction():
        return [
            service.request_run(actor(), connections.get_connection(each)).id
            for each in chosen(connection_id)
        ]


def _how_far(run_ids: Sequence[int]) -> tuple[bool, str]:
    now, words, is_done = utc_now(), [], True
    for run_id in run_ids:
        run = db.session.get_one(SyncRun, run_id)
        is_done = is_done and run.state not in OPEN_STATES
        progress = run_queries.progress_of(run, now)
        if progress:
            words.append(report.progress_line(run, progress))
    return is_done, "; ".join(words)


@sync.command("push")
@connection_option
@here_option
@timeout_option
@json_option
@plainly
def push(connection_id: int | None, here: bool, timeout: float, as_json: bool) -> None:
    """Wait until everything that was saved until now is sent and settled."""
    with somebody([jobs.push_due, jobs.probe_due], here_too=here) as working:
        with reading():
            ids = sending.unfinished(chosen(connection_id))
            db.session.rollback()
        wait(lambda: _how_much(ids), working, timeout)
    with reading():
        found = sending.tally(ids, utc_now())
    if as_json:
        echo_json(report.tally_json(found))
    else:
        click.echo(report.tally_line(found))
    end_with(0 if found.is_all_sent else NOT_ALL)


def _how_much(ids: Sequence[int]) -> tuple[bool, str]:
    found = sending.tally(ids, utc_now())
    return found.moving == 0, f"{found.moving:,} to go" if found.moving else ""


@sync.command("status")
@json_option
@plainly
def status(as_json: bool) -> None:
    """How fresh each connection is, whether it sends, and whether a worker leads."""
    leads = is_somebody_leading()
    with reading():
        found = [report.status_of(each, the_settings()) for each in _all_connections()]
    if as_json:
        echo_json({"worker_leads": leads, "connections": found})
    else:
        click.echo("A worker leads." if leads else "No worker leads. Start one with: flask worker")
        for each in found:
            click.echo(report.status_line(each))
    if not leads:
        end_with(NOBODY)
    end_with(0 if all(each["is_well"] for each in found) else NOT_ALL)


def _all_connections() -> Sequence[Any]:
    return [connections.get_connection(each) for each in chosen(None)]


@sync.command("runs")
@click.option("--limit", type=click.IntRange(1, MOST_RUNS), default=20, show_default=True)
@click.option("--state", type=click.Choice(RUN_STATES), help="Only those in this state.")
@json_option
@plainly
def list_runs(limit: int, state: str | None, as_json: bool) -> None:
    """The latest runs, newest first."""
    arguments = {"per_page": str(MOST_RUNS)} | ({"state": state} if state else {})
    with reading():
        runs = run_queries.list_runs(run_queries.RUNS.parse(arguments)).items[:limit]
        if as_json:
            echo_json([report.run_json(run) for run in runs])
            return
        for run in runs:
            click.echo(report.run_line(run))
