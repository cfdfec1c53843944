"""The list of campaigns: a query and filters, the rows they find, and suggestions while typing."""

from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from webapp.advertisers import queries as advertisers
from webapp.auth import access
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import asking, listing, shown, suggestions
from webapp.campaigns.terms import FIELDS, Asker
from webapp.core.clock import utc_now
from webapp.core.listing import ListParams, Page
from webapp.core.query import QueryError
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url
from webapp.web.settings import zone

MAX_PLACE = 9


@requires(Permission.READ)
def index() -> ResponseReturnValue:
    params = list_params(listing.CAMPAIGNS)
    is_fragment = wants_fragment()
    choices = [] if is_fragment else advertisers.advertiser_choices()
    address = list_url("campaigns.index", params.link(page=params.page))
    response = make_response(
        render_template(
            "campaigns/_results.html" if is_fragment else "campaigns/index.html",
            params=params,
            advertisers=choices,
            sync_words=shown.SYNC_WORDS,
            fields=FIELDS,
            back=address if request.args else None,
            **_answer(params, dict(choices)),
        )
    )
    if is_fragment:
        # The address bar gets the tidy form of what the filter form sent.
        response.headers["HX-Push-Url"] = address
    return response


def _answer(params: ListParams, advertiser_names: dict[int, str]) -> dict[str, Any]:
    """The rows, or what is wrong with the query."""
    asker = Asker(access.operator().id, utc_now(), zone())
    try:
        page, archived = listing.list_with_archived(params, asker)
    except QueryError as error:
        nothing: Page[Any] = Page([], params.page, params.per_page, 0)
        return {"page": nothing, "archived": 0, "chips": [], "unread": asking.unread(error, params)}
    return {
        "page": page,
        "archived": archived,
        "show_archived": asking.with_archived(params),
        "chips": asking.chips(params, advertiser_names),
        "unread": None,
    }


@requires(Permission.READ)
def suggest() -> ResponseReturnValue:
    """A fragment: what the word at the caret may become."""
    text = request.args.get("q", "")[: listing.MAX_QUERY]
    place = request.args.get("at", "")
    at = int(place) if place.isascii() and place.isdigit() and len(place) < MAX_PLACE else len(text)
    found = suggestions.suggest(text, min(at, len(text)))
    return render_template("campaigns/_suggestions.html", found=found)
