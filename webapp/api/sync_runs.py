"""Sync runs for scripts: asking for one and waiting for it, and what earlier ones came to."""

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from webapp.api import access, waiting
from webapp.api.ids import number_of
from webapp.api.operation import Declaration, operation
from webapp.api.schemas import sync_runs as schemas
from webapp.api.serialize import Json, moment
from webapp.api.writing import writing
from webapp.auth.permissions import Scope
from webapp.connections import queries as connections
from webapp.core.db import db
from webapp.core.listing import ListParams
from webapp.sync import queries, run_queries, service
from webapp.sync.models import COMPLETE, OPEN_STATES, SyncRun
from webapp.sync.words import RUN_MEANINGS
from webapp.web.problems import Problem

TAG = "Sync"
PATIENCE_SECONDS = 25
NEWEST_FIRST = "-started"


def _asking(summary: str) -> Declaration:
    return Declaration(
        Scope.SYNC,
        TAG,
        summary,
        {200: schemas.AskedRun, 202: schemas.AskedRun},
        errors=frozenset({"unavailable"}),
        headers=frozenset({"Prefer"}),
        answer_headers=frozenset({"Location", "Preference-Applied"}),
    )


@operation("POST", "/sync/advertisers", _asking("Sync advertisers"))
def sync_advertisers() -> ResponseReturnValue:
    """Read everything from the ad server, and count advertisers.

    There is one kind of run: it reads agencies and advertisers, then the campaigns too. This waits
    for its end like `POST /sync/campaigns` and differs only in what `total`, `upserted`, `failed`
    and `deleted` count, and in `status`: a list of advertisers that could not be read as a whole
    is a `partial_failure`, whatever became of the campaigns.
    """
    return _asked(of_advertisers=True)


@operation("POST", "/sync/campaigns", _asking("Sync campaigns"))
def sync_campaigns() -> ResponseReturnValue:
    """Read everything from the ad server: agencies, advertisers, and all campaigns.

    A run that was asked for or is under way already is joined, and `joined` says so. The answer
    comes when the run has ended, also when it failed: look at `status`. After 25 seconds, or those
    of `Prefer: wait=N`, it comes anyway, with 202: `Location` is where the run can be read. It
    comes at once, without `Preference-Applied`, while half of a process's threads wait already.
    """
    return _asked(of_advertisers=False)


@operation(
    "GET",
    "/sync/runs",
    Declaration(
        Scope.READ,
        TAG,
        "List sync runs",
        {200: schemas.RunList},
        query=schemas.RunListQuery,
    ),
)
def list_runs(query: schemas.RunListQuery) -> ResponseReturnValue:
    """Runs, the newest first, whoever asked for them."""
    asked = {
        "state": query.state,
        "trigger": query.trigger,
        "connection": query.connection_id,
    }
    filters = {name: text for name, text in asked.items() if text}
    params = ListParams(
        "", filters, NEWEST_FIRST, NEWEST_FIRST, query.page, query.per_page, exact=True, notes=()
    )
    page = run_queries.list_runs(params)
    meta = {"page": page.number, "per_page": page.per_page, "total": page.total}
    return jsonify({"items": [_run(run) for run in page.items], "meta": meta})


@operation(
    "GET",
    "/sync/runs/<run_id>",
    Declaration(
        Scope.READ,
        TAG,
        "One sync run",
        {200: schemas.FullRun},
        errors=frozenset({"not_found"}),
    ),
)
def get_run(run_id: str) -> ResponseReturnValue:
    """The run as it is now, with the records that could not be used."""
    run = queries.get_run(number_of(run_id, "sync run"))
    set_aside = [{"id": row["id"], "reason": row["reason"]} for row in run.set_aside]
    return jsonify(_run(run) | {"set_aside": set_aside})


def _asked(*, of_advertisers: bool) -> ResponseReturnValue:
    with writing():
        run_id, is_joined = _ask_or_join()
    ended = waiting.wait_as_asked(
        lambda: _answer(run_id, of_advertisers, only_ended=True), PATIENCE_SECONDS
    )
    answer = ended or waiting.wait_until(lambda: _answer(run_id, of_advertisers), 0) or {}
    response = jsonify(answer | {"joined": is_joined})
    response.status_code = 200 if ended else 202
    response.headers["Location"] = url_for("api.get_run", run_id=run_id)
    return response


def _ask_or_join() -> tuple[int, bool]:
    connection = connections.first_connection()
    if connection is None:
        raise Problem("unavailable", "There is no connection to an ad server.")
    whole = [run for run in queries.open_runs(connection.id) if run.resumes_id is None]
    if whole:
        return whole[-1].id, True
    return service.request_run(access.actor(), connection).id, False


def _answer(run_id: int, of_advertisers: bool, *, only_ended: bool = False) -> Json | None:
    run = db.session.get_one(SyncRun, run_id, populate_existing=True)
    if only_ended and run.state in OPEN_STATES:
        return None
    return _run(run, of_advertisers=of_advertisers)


def _run(run: SyncRun, *, of_advertisers: bool = False) -> Json:
    return {
        "id": str(run.id),
        "connection_id": str(run.connection_id),
        "status": _status(run, of_advertisers),
        "state": run.state,
        "message": run.problem or RUN_MEANINGS[run.state],
        **_counts(run, of_advertisers),
        "created": run.created_count,
        "updated": run.updated_count,
        "unchanged": run.unchanged_count,
        "missing": run.missing_count,
        "advertisers": run.advertiser_count,
        "agencies": run.agency_count,
        "remote_total": run.remote_total,
        "requests": run.request_count,
        "trigger": run.trigger,
        "requested_by": run.requested_by,
        "requested_at": moment(run.requested_at),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
    }


def _status(run: SyncRun, of_advertisers: bool) -> str:
    if run.state in OPEN_STATES:
        return "running"
    is_whole = not of_advertisers or run.unread_advertisers is None
    if run.state == COMPLETE and is_whole:
        return "success"
    was_read = run.advertiser_count if of_advertisers else run.read_count
    return "partial_failure" if was_read else "complete_failure"


def _counts(run: SyncRun, of_advertisers: bool) -> Json:
    read, failed = run.read_count, run.set_aside_count
    if of_advertisers:
        failed = run.unread_advertisers or 0
        read = run.advertiser_count + failed
    return {
        "total": read,
        "upserted": read - failed,
        "failed": failed,
        "deleted": 0 if of_advertisers else run.gone_count,
    }
