"""The list of campaigns: a query and filters, the rows they find, and suggestions while typing."""

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.auth import access
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import asking, cells, columns, listing, shown, suggestions, tabs
from webapp.campaigns.terms import FIELDS, Asker
from webapp.core.clock import utc_now
from webapp.core.db import giving_up
from webapp.core.errors import TooSlow
from webapp.core.listing import ListParams, Page
from webapp.core.query import QueryError
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url
from webapp.web.settings import zone

MAX_PLACE = 9
TOO_SLOW = 503


@requires(Permission.READ)
def index() -> ResponseReturnValue:
    operator = access.operator()
    is_fragment = wants_fragment()
    home = None if request.args or is_fragment else tabs.home_address(operator)
    if home:
        return redirect(home)
    params = list_params(listing.CAMPAIGNS)
    views = tabs.tabs_over(params, operator)
    address = _address(params, leads_home=bool(operator.home_view))
    answer = _answer(params)
    if is_fragment and answer["too_slow"]:
        return _beside_old_rows(answer["too_slow"], address)
    page = render_template(
        "campaigns/_results.html" if is_fragment else "campaigns/index.html",
        params=params,
        read_at=utc_now(),
        views=views,
        columns=columns.chosen(params.looks.get("columns", "")),
        cells=cells,
        sync_words=shown.SYNC_WORDS,
        fields=FIELDS,
        back=address if request.args else None,
        **answer,
    )
    response = make_response(page, TOO_SLOW if answer["too_slow"] else 200)
    if is_fragment:
        # The address bar gets the tidy form of what the filter form sent.
        response.headers["HX-Push-Url"] = address
    return response


def _beside_old_rows(problem: TooSlow, address: str) -> Response:
    """A fragment over the list: its rows stay, and so does the address that they are of."""
    # One that failed would not be shown.
    response = make_response(
        render_template("campaigns/_too_slow.html", problem=problem, address=address)
    )
    response.headers["HX-Retarget"] = "#trouble"
    response.headers["HX-Reswap"] = "outerHTML"
    response.headers["HX-Push-Url"] = "false"
    return response


def asker() -> Asker:
    return Asker(access.operator().id, utc_now(), zone())


def _address(params: ListParams, *, leads_home: bool) -> str:
    """The list as it is. Without arguments it would be the operator's home view."""
    arguments = params.link(page=params.page)
    return list_url(tabs.LIST, arguments or ({"view": tabs.ALL} if leads_home else {}))


def _answer(params: ListParams) -> dict[str, Any]:
    """The rows, or why there are none: what is wrong with the query, or that it takes too long."""
    nothing: Page[Any] = Page([], params.page, params.per_page, 0)
    answer = {"page": nothing, "archived": "", "chips": [], "unread": None, "too_slow": None}
    try:
        with giving_up():
            page, archived = listing.list_with_archived(params, asker())
            names = {row.advertiser_id: row.advertiser_name for row in page.items}
            chips = asking.chips(params, names)
    except QueryError as error:
        return answer | {"unread": asking.unread(error, params)}
    except TooSlow as problem:
        return answer | {"too_slow": problem}
    show_archived = asking.with_archived(params)
    return answer | {
        "page": page,
        "archived": _archived_words(archived),
        "show_archived": show_archived,
        "chips": chips,
    }


def _archived_words(number: int) -> str:
    if number > listing.ARCHIVE_CAP:
        return f"{listing.ARCHIVE_CAP:,}+"
    return f"{number:,}" if number else ""


@requires(Permission.READ)
def suggest() -> ResponseReturnValue:
    """A fragment: what the word at the caret may become."""
    text = request.args.get("q", "")[: listing.MAX_QUERY]
    place = request.args.get("at", "")
    at = int(place) if place.isascii() and place.isdigit() and len(place) < MAX_PLACE else len(text)
    found = suggestions.suggest(text, min(at, len(text)))
    return render_template("campaigns/_suggestions.html", found=found)
