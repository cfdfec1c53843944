"""The list as a file; and the addresses of the import, whose pages are in ``import_views``."""

from flask import Blueprint, Response, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue

from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import listing
from webapp.campaigns.columns import chosen
from webapp.campaigns.terms import Asker
from webapp.core.clock import utc_now
from webapp.core.db import db, reading
from webapp.core.errors import NotFound
from webapp.core.query import QueryError
from webapp.exchange import columns, export, import_views, queries, timeline
from webapp.exchange.writing import file_name
from webapp.savedviews import queries as views
from webapp.savedviews.shipped import SHIPPED
from webapp.web.lists import list_params, list_url
from webapp.web.settings import zone

blueprint = Blueprint("exchange", __name__)
for rule, view, methods in (
    ("/import", import_views.upload, ("GET", "POST")),
    ("/import/empty.csv", import_views.template, ("GET",)),
    ("/import/<file_uuid>", import_views.show, ("GET",)),
    ("/import/<file_uuid>", import_views.again, ("POST",)),
    ("/import/<file_uuid>/to-mend.csv", import_views.failed, ("GET",)),
    ("/timeline.csv", timeline.timeline_csv, ("GET",)),
    ("/bulk/<job_uuid>/file", import_views.of_job, ("GET",)),
):
    blueprint.add_url_rule(rule, view_func=view, methods=methods)


@blueprint.get("/campaigns.csv")
@requires(Permission.READ)
def campaigns_csv() -> ResponseReturnValue:
    """All campaigns of a list, in its order, whatever page of it is shown.

    With ``only=shown`` in the columns of the list instead of all there are.
    """
    params = list_params(listing.CAMPAIGNS)
    now = utc_now()
    headings = columns.HEADINGS
    if request.args.get("only") == "shown":
        headings = columns.shown(each.name for each in chosen(params.looks.get("columns", "")))
    name = file_name(_view_name(request.args.get("view", "")), now.astimezone(zone()).date())
    asker = Asker(operator().id, now, zone())
    db.session.rollback()
    try:
        # Without a page's limit of time: a list of any size can be taken along.
        with reading():
            ids = queries.listed_ids(params, asker)
    except QueryError:
        # The list's page says what is wrong with the query.
        return redirect(list_url("campaigns.index", params.link()))
    return import_views.download(Response(stream_with_context(export.stream(ids, headings))), name)


def _view_name(key: str) -> str:
    if not key or key in SHIPPED:
        return key
    try:
        return views.get_seen(key, operator()).view.name
    except NotFound:
        return ""
