"""The sync page: how fresh the copy is, what is going out, and the latest runs."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit import entries
from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.connections import queries as connections
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.sync import (
    connection_views,
    credential_views,
    item_views,
    queries,
    run_queries,
    run_views,
    service,
)
from webapp.sync.words import CHANGE_PILLS, RUN_WORDS, going_out
from webapp.web.htmx import wants_fragment
from webapp.web.settings import sync_interval

blueprint = Blueprint("sync", __name__)

TROUBLED_SHOWN = 20
RUNS_SHOWN = 10

RUN = "/sync/<int(max=2147483647):run_id>"
CONNECTION = "/connections/<int(max=2147483647):connection_id>"

ITEM = "/sync/items/<int(max=2147483647):pulled_id>/undo"

for rule, name, view, method in (
    ("/sync/runs", "runs", run_views.index, "GET"),
    (RUN, "show", run_views.show, "GET"),
    (f"{RUN}/cancel", "cancel", run_views.cancel, "POST"),
    (f"{RUN}/resume", "resume", run_views.resume, "POST"),
    (f"{RUN}/brake", "decide", run_views.decide, "POST"),
    (ITEM, "undo", item_views.undo, "GET POST"),
    (CONNECTION, "connection", connection_views.show, "GET"),
    (f"{CONNECTION}/hold", "hold", connection_views.hold, "POST"),
    (f"{CONNECTION}/release", "release", connection_views.release, "GET"),
    (f"{CONNECTION}/release", "release_now", connection_views.release_now, "POST"),
    (f"{CONNECTION}/check", "check", connection_views.check, "POST"),
    (f"{CONNECTION}/token", "token", credential_views.token, "GET POST"),
):
    blueprint.add_url_rule(rule, name, view, methods=method.split())


@blueprint.get("/sync")
@requires(Permission.READ)
def index() -> str:
    return render_template(
        "sync/index.html",
        runs=queries.latest_runs(RUNS_SHOWN),
        connections=queries.freshness(sync_interval()),
        open_runs=_under_way(),
        going_out=going_out(campaigns.counts_by_change_state()),
        troubled=campaigns.troubled_changes(TROUBLED_SHOWN),
        change_pills=CHANGE_PILLS,
        **RUN_WORDS,
    )


@blueprint.get("/sync/progress")
@requires(Permission.READ)
def progress() -> ResponseReturnValue:
    """The runs under way, alone: what the sync page asks for while there are any."""
    if not wants_fragment():
        return redirect(url_for("sync.index"))
    open_runs = _under_way()
    finished = None if open_runs else next(iter(queries.latest_runs(1)), None)
    return render_template(
        "sync/_progress.html", open_runs=open_runs, finished=finished, **RUN_WORDS
    )


def _under_way() -> list[tuple[object, object]]:
    """Open runs, each with how far it is."""
    now = utc_now()
    return [(run, run_queries.progress_of(run, now)) for run in queries.all_open_runs()]


@blueprint.post("/sync/connections/<int(max=2147483647):connection_id>/run")
@requires(Permission.RUN_SYNC)
def run_now(connection_id: int) -> ResponseReturnValue:
    """Ask for a run. The worker makes it; the page then shows how far it is."""
    with transaction():
        run = service.request_run(web_actor(), connections.get_connection(connection_id))
        why = f" {run.problem}" if run.problem else ""
    flash(f"A run is asked for; it starts in a moment.{why}", "ok")
    return redirect(url_for("sync.index"))


def _links(ids: set[int]) -> dict[int, str]:
    """Where connections have their pages: those that are shown."""
    return {
        each.id: url_for("sync.connection", connection_id=each.id)
        for each in connections.shown_connections()
        if each.id in ids
    }


entries.link_objects("connection", _links)
