"""The list of runs, the page of a run, and what is done there with one press."""

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.connections import queries as connections
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.core.errors import TooLate
from webapp.sync import queries, request_log, run_queries, service
from webapp.sync.models import APPLY, CANCELLED, OPEN_STATES, SyncRun
from webapp.sync.words import DECISIONS, PULLED_WORDS, RUN_WORDS, SINCE
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url


@requires(Permission.READ)
def index() -> ResponseReturnValue:
    params = list_params(run_queries.RUNS)
    is_fragment = wants_fragment()
    response = make_response(
        render_template(
            "sync/_run_results.html" if is_fragment else "sync/runs.html",
            params=params,
            page=run_queries.list_runs(params),
            connections={str(c.id): c.name for c in connections.shown_connections()},
            since=SINCE,
            **RUN_WORDS,
        )
    )
    if is_fragment:
        address = list_url("sync.runs", params.link(page=params.page))
        response.headers["HX-Push-Url"] = address
    return response


@requires(Permission.READ)
def show(run_id: int) -> str:
    run = queries.get_run(run_id)
    is_fragment = wants_fragment()
    context: dict[str, Any] = {
        "run": run,
        "progress": run_queries.progress_of(run, utc_now()),
        "outcomes": request_log.outcomes_of_run(run.id),
        **RUN_WORDS,
    }
    if is_fragment and run.state in OPEN_STATES:
        return render_template("sync/_run_under_way.html", **context)
    template = "sync/_run_ended.html" if is_fragment else "sync/show.html"
    return render_template(template, **context, **_findings(run))


def _findings(run: SyncRun) -> dict[str, Any]:
    params = list_params(run_queries.CHANGED)
    return {
        "params": params,
        "changed": run_queries.changed_in(run, params),
        "pulled_words": PULLED_WORDS,
        "missing": run_queries.missing_of(run),
        "can_decide": run_queries.can_decide(run),
        "decisions": DECISIONS,
        "can_resume": run_queries.can_resume(run),
        "duplicates": run_queries.duplicates_of(run),
    }


@requires(Permission.RUN_SYNC)
def cancel(run_id: int) -> ResponseReturnValue:
    def act() -> str:
        run = service.cancel_run(web_actor(), queries.get_run(run_id))
        if run.state == CANCELLED:
            return "Cancelled before it began."
        return "It stops before the next page; what was read is kept."

    return _done(act, run_id)


@requires(Permission.RUN_SYNC)
def resume(run_id: int) -> ResponseReturnValue:
    """Ask for a run that goes on with this one, and show that one."""
    try:
        with transaction():
            resumed = service.resume_run(web_actor(), queries.get_run(run_id)).id
    except TooLate as late:
        flash(str(late), "warn")
        return redirect(url_for("sync.show", run_id=run_id))
    flash("It goes on where the earlier run was left; a run of everything follows.", "ok")
    return redirect(url_for("sync.show", run_id=resumed))


@requires(Permission.MANAGE_CONNECTIONS)
def decide(run_id: int) -> ResponseReturnValue:
    def act() -> str:
        decision = request.form.get("decision", "")
        service.decide_brake(web_actor(), queries.get_run(run_id), decision)
        if decision == APPLY:
            return "Accepted, once. A run is asked for; it looks for each of them by its ID."
        return "Kept. Nothing was changed; the next run judges anew."

    return _done(act, run_id)


def _done(act: Callable[[], str], run_id: int) -> ResponseReturnValue:
    """Do it, say how it went, and show the run. What came too late is said in its words."""
    try:
        with transaction():
            message = act()
    except TooLate as late:
        flash(str(late), "warn")
    else:
        flash(message, "ok")
    return redirect(url_for("sync.show", run_id=run_id))
