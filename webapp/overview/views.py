"""The overview; where one can go from anywhere; and whether single keys are shortcuts."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.attention import items
from webapp.attention import queries as attention
from webapp.auth import service as operators
from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.core.clock import utc_now
from webapp.core.db import transaction
from webapp.overview import charts, palette, queries
from webapp.sync import queries as sync
from webapp.sync.budget import most_a_minute
from webapp.sync.words import RUN_PILLS, going_out
from webapp.web.htmx import wants_fragment
from webapp.web.settings import sync_interval, zone

blueprint = Blueprint("overview", __name__)

RUNS_SHOWN = 5
ITEMS_SHOWN = 5


@blueprint.get("/")
@requires(Permission.READ)
def index() -> str:
    now, portfolio = utc_now(), queries.portfolio()
    connections = sync.freshness(sync_interval())
    hours = queries.hours([each.connection.id for each in connections], now)
    return render_template(
        "overview/index.html",
        portfolio=portfolio,
        needs_you=attention.counts().total,
        first_items=items.most_pressing(ITEMS_SHOWN),
        going_out=going_out(campaigns.counts_by_change_state()),
        connections=connections,
        runs=sync.latest_runs(RUNS_SHOWN),
        pills=RUN_PILLS,
        rankings=charts.rankings(portfolio),
        left_out=charts.left_out(portfolio),
        daily=charts.daily(queries.days(now, zone())),
        hourly=charts.hourly(hours, most_a_minute(current_app.config["SETTINGS"]), zone()),
    )


@blueprint.get("/palette")
@requires(Permission.READ)
def go_to() -> str:
    """A page, and for the palette on every page the list alone."""
    text = request.args.get("q", "")
    template = "overview/_places.html" if wants_fragment() else "overview/palette.html"
    return render_template(template, text=text, groups=palette.groups(text, operator()))


@blueprint.post("/keys")
@requires(Permission.READ)
def single_keys() -> ResponseReturnValue:
    """Whether single keys are shortcuts for this operator, on whichever machine they sign in."""
    with transaction():
        operators.set_single_keys(operator(), on="on" in request.form)
    return ("", 204) if wants_fragment() else redirect(url_for("overview.index"))
