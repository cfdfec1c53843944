"""The list as a file: its address."""

from flask import Blueprint, Response, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue

from webapp.auth.access import operator, requires
from webapp.auth.permissions import Permission
from webapp.campaigns import queries as campaigns
from webapp.campaigns.terms import Asker
from webapp.core.clock import utc_now
from webapp.core.query import QueryError
from webapp.exchange import export, queries
from webapp.exchange.writing import file_name
from webapp.web.lists import list_params, list_url
from webapp.web.settings import zone

CSV = "text/csv; charset=utf-8; header=present"

blueprint = Blueprint("exchange", __name__)


@blueprint.get("/campaigns.csv")
@requires(Permission.READ)
def campaigns_csv() -> ResponseReturnValue:
    """All campaigns of a list, in its order, whatever page of it is shown."""
    params = list_params(campaigns.CAMPAIGNS)
    now = utc_now()
    try:
        ids = queries.listed_ids(params, Asker(operator().id, now, zone()))
    except QueryError:
        # The list's page says what is wrong with the query.
        return redirect(list_url("campaigns.index", params.link()))
    name = file_name(request.args.get("view", ""), now.astimezone(zone()).date())
    return download(Response(stream_with_context(export.stream(ids))), name)


def download(answer: Response, name: str) -> Response:
    answer.content_type = CSV
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
