"""The sync page: how fresh the copy is, what is going out, and each run."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.audit.actors import web_actor
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.connections import queries as connections
from webapp.connections.models import Connection
from webapp.core.db import transaction
from webapp.core.errors import NotFound
from webapp.sync import queries, service
from webapp.sync.words import CHANGE_PILLS, RUN_MEANINGS, RUN_PILLS, TRIGGERS, going_out
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params
from webapp.web.settings import sync_interval

blueprint = Blueprint("sync", __name__)

TROUBLED_SHOWN = 20
WORDS = {"pills": RUN_PILLS, "meanings": RUN_MEANINGS, "triggers": TRIGGERS}


@blueprint.get("/sync")
@requires(Permission.READ)
def index() -> str:
    params = list_params(queries.RUNS)
    return render_template(
        "sync/index.html",
        params=params,
        page=queries.list_runs(params),
        connections=queries.freshness(sync_interval()),
        open_runs=queries.all_open_runs(),
        going_out=going_out(campaigns.counts_by_change_state()),
        troubled=campaigns.troubled_changes(TROUBLED_SHOWN),
        change_pills=CHANGE_PILLS,
        **WORDS,
    )


@blueprint.get("/sync/progress")
@requires(Permission.READ)
def progress() -> ResponseReturnValue:
    """The runs under way, alone: what the sync page asks for while there are any."""
    if not wants_fragment():
        return redirect(url_for("sync.index"))
    open_runs = queries.all_open_runs()
    finished = None if open_runs else next(iter(queries.latest_runs(1)), None)
    return render_template("sync/_progress.html", open_runs=open_runs, finished=finished, **WORDS)


@blueprint.get("/sync/<int(max=2147483647):run_id>")
@requires(Permission.READ)
def show(run_id: int) -> str:
    template = "sync/_run.html" if wants_fragment() else "sync/show.html"
    return render_template(template, run=queries.get_run(run_id), **WORDS)


@blueprint.post("/sync/connections/<int(max=2147483647):connection_id>/run")
@requires(Permission.RUN_SYNC)
def run_now(connection_id: int) -> ResponseReturnValue:
    """Ask for a run. The worker makes it; the page then shows how far it is."""
    with transaction():
        service.request_run(web_actor(), _connection(connection_id))
    flash("A run is asked for; it starts in a moment.", "ok")
    return redirect(url_for("sync.index"))


def _connection(connection_id: int) -> Connection:
    for connection in connections.shown_connections():
        if connection.id == connection_id:
            return connection
    raise NotFound("There is no such connection.")
