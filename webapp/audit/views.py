"""The timeline: everything that happened, as a list."""

from flask import Blueprint, make_response, render_template
from flask.typing import ResponseReturnValue

from webapp.audit import entries, listing, queries, shown
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url

blueprint = Blueprint("audit", __name__)


@blueprint.get("/timeline")
@requires(Permission.READ)
def index() -> ResponseReturnValue:
    params = list_params(listing.EVENTS)
    page = listing.list_events(params)
    people = queries.people()
    is_fragment = wants_fragment()
    response = make_response(
        render_template(
            "audit/_results.html" if is_fragment else "audit/index.html",
            params=params,
            page=page,
            entries=entries.entries_with_objects(page.items),
            chips=shown.chips(params, dict(people), page.items),
            people=[(str(id_), email) for id_, email in people],
            choices=shown,
            most_searched=listing.MOST_SEARCHED,
        )
    )
    if is_fragment:
        # The address bar gets the tidy form of what the filter form sent.
        response.headers["HX-Push-Url"] = list_url("audit.index", params.link(page=params.page))
    return response
