"""The overview: how fresh the copy is, what needs a person, what is booked."""

from flask import Blueprint, render_template

from webapp.attention import queries as attention
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.core.clock import utc_now
from webapp.overview import charts, queries
from webapp.sync import queries as sync
from webapp.sync.words import RUN_PILLS, going_out
from webapp.web.settings import sync_interval, zone

blueprint = Blueprint("overview", __name__)

RUNS_SHOWN = 5


@blueprint.get("/")
@requires(Permission.READ)
def index() -> str:
    portfolio = queries.portfolio()
    return render_template(
        "overview/index.html",
        portfolio=portfolio,
        needs_you=attention.counts().total,
        going_out=going_out(campaigns.counts_by_change_state()),
        connections=sync.freshness(sync_interval()),
        runs=sync.latest_runs(RUNS_SHOWN),
        pills=RUN_PILLS,
        rankings=charts.rankings(portfolio),
        left_out=charts.left_out(portfolio),
        daily=charts.daily(queries.days(utc_now(), zone())),
    )
