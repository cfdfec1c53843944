"""The list of advertisers, as the ad server has them, and those that match what is being typed."""

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from webapp.advertisers import queries
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.web.forms import clean_text
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url

MAX_TYPED = 100

blueprint = Blueprint("advertisers", __name__)


@blueprint.get("/advertisers")
@requires(Permission.READ)
def index() -> ResponseReturnValue:
    params = list_params(queries.ADVERTISERS)
    is_fragment = wants_fragment()
    template = "advertisers/_results.html" if is_fragment else "advertisers/index.html"
    page = queries.list_advertisers(params)
    response = make_response(render_template(template, params=params, page=page))
    if is_fragment:
        address = list_url("advertisers.index", params.link(page=params.page))
        response.headers["HX-Push-Url"] = address
    return response


@blueprint.get("/advertisers/suggest")
@requires(Permission.READ)
def suggest() -> ResponseReturnValue:
    """A fragment: the options of a list that opens under a field."""
    typed = str(clean_text(request.args.get("q", "")))[:MAX_TYPED]
    return render_template(
        "advertisers/_suggestions.html", typed=typed, found=queries.suggest(typed)
    )
