"""What belongs to the list and is asked for on demand: more filters, columns, totals and counts.

Each is a fragment for a page with scripts, and a page of its own without.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from webapp.auth import access
from webapp.auth.access import requires
from webapp.auth.permissions import Permission
from webapp.campaigns import columns, copied, listing, named, tabs
from webapp.campaigns.list_views import asker
from webapp.campaigns.listing import Total
from webapp.campaigns.named import Box, Kind
from webapp.campaigns.tabs import Tab
from webapp.core.db import giving_up
from webapp.core.errors import NotFound, TooSlow
from webapp.core.listing import ListParams, Page
from webapp.core.money import CURRENCIES
from webapp.core.query import QueryError
from webapp.web.forms import clean_text
from webapp.web.htmx import wants_fragment
from webapp.web.lists import list_params, list_url

MAX_LIST_LENGTH = 4_000
MAX_NAME = 100


@requires(Permission.READ)
def filters() -> ResponseReturnValue:
    """Every filter that the bar over the list has no room for; sent, it leads to the list.

    Where many have names, one is typed: which is meant is asked where several may be.
    """
    params = list_params(listing.CAMPAIGNS)
    chosen = params.filters
    boxes = [
        named.box(kind, chosen.get(name, ""), _typed(kind)) for name, kind in named.KINDS.items()
    ]
    unclear = next((box for box in boxes if box.is_unclear), None)
    clear = {box.kind.name: box.value or None for box in boxes if not box.is_unclear}
    if "apply" in request.args and not unclear:
        return redirect(list_url(tabs.LIST, params.link(**clear)))
    page = render_template(
        "campaigns/_filters.html" if wants_fragment() else "campaigns/filters.html",
        params=params,
        boxes=boxes,
        unclear=unclear,
        choices=_choices(params, boxes, unclear) if unclear else [],
        most_choices=named.MOST_SUGGESTED,
        currencies=CURRENCIES,
    )
    return page, 422 if unclear else 200


def _typed(kind: Kind) -> str | None:
    """The name that was sent; ``None`` where the form has no such field."""
    typed = request.args.get(f"{kind.name}_name")
    return None if typed is None else str(clean_text(typed))[:MAX_NAME]


def _choices(params: ListParams, boxes: Sequence[Box], unclear: Box) -> list[tuple[str, str]]:
    """The list with each of those that a name may mean, or the question about another name."""
    named_too = {box.kind.name: None if box.is_unclear else box.value or None for box in boxes}
    also_unclear = {
        f"{box.kind.name}_name": box.text for box in boxes if box.is_unclear and box != unclear
    }
    found = []
    for value, words in unclear.choices:
        chosen = params.link(**(named_too | {unclear.kind.name: value}))
        more = chosen | also_unclear | {"apply": "1"}
        address = (
            list_url("campaigns.filters", more) if also_unclear else list_url(tabs.LIST, chosen)
        )
        found.append((words, address))
    return found


@requires(Permission.READ)
def suggest_names() -> ResponseReturnValue:
    """A fragment: the options of a list that opens under a field of the panel."""
    kind = named.KINDS.get(request.args.get("of", "advertiser"))
    if kind is None:
        raise NotFound("There is no such filter.")
    typed = str(clean_text(request.args.get("q", "")))[:MAX_NAME]
    return render_template(
        "advertisers/_suggestions.html", typed=typed, found=kind.suggest(typed), kind=kind.name
    )


@requires(Permission.READ)
def choose_columns() -> ResponseReturnValue:
    """The columns with their boxes, moved up or down by a press; or back to the list with them."""
    here = listing.CAMPAIGNS.parse(_list_arguments())
    order, wanted = _order(here)
    if "apply" in request.args:
        kept = [name for name in order if name in wanted]
        look = {
            "columns": columns.joined(kept) or None,
            "density": columns.COMPACT if "compact" in request.args else None,
        }
        return redirect(list_url(tabs.LIST, here.link(**look)))
    in_list = wants_fragment()
    return render_template(
        "campaigns/_columns.html" if in_list else "campaigns/columns.html",
        params=here,
        order=columns.moved(order, request.args.get("move", "")),
        wanted=wanted,
        all_columns=columns.COLUMNS,
        compact=_is_compact(here),
        in_list=in_list,
    )


def _list_arguments() -> Mapping[str, str]:
    """Those of the list that is to be shown otherwise."""
    return dict(parse_qsl(request.args.get("list", "")[:MAX_LIST_LENGTH]))


def _order(here: ListParams) -> tuple[list[str], set[str]]:
    """All columns in the order they stand in, and those that are ticked."""
    shown = [column.name for column in columns.chosen(here.looks.get("columns", ""))]
    if "order" not in request.args:
        return columns.all_in_order(shown), set(shown)
    order = columns.all_in_order(request.args["order"].split(","))
    return order, set(request.args.getlist("show"))


def _is_compact(here: ListParams) -> bool:
    return "compact" in request.args if "order" in request.args else "density" in here.looks


@requires(Permission.READ)
def figures() -> str:
    """What the list's budgets come to in each currency, and how much each view finds."""
    params = list_params(listing.CAMPAIGNS)
    is_fragment = wants_fragment()
    with_views = not is_fragment or "views" in request.args
    found = _totals(params)
    with_number = "of_all" in request.args and not found["problem"]
    return render_template(
        "campaigns/_figures.html" if is_fragment else "campaigns/figures.html",
        params=params,
        back=_page_url(params, params.page),
        **found,
        most_added=listing.ADDED_UP,
        page=_counted(params, found["totals"]) if with_number else None,
        page_url=partial(_page_url, params),
        counts=_counts(tabs.tabs_of(access.operator())) if with_views else [],
    )


def _totals(params: ListParams) -> dict[str, Any]:
    """``totals`` is ``None`` where there are too many campaigns to add up unasked."""
    try:
        with giving_up():
            totals = listing.totals(params, asker())
    except (QueryError, TooSlow) as problem:
        return {"totals": [], "problem": problem}
    if totals is not None:
        totals = sorted(totals, key=lambda total: (not total.currency, total.currency))
    return {"totals": totals, "problem": None}


def _counted(params: ListParams, totals: Sequence[Total] | None) -> Page[None]:
    """The page that is on the screen, with the number of all rows instead of how many were counted.

    Its rows are not read again: it is a full one, unless the list ends in it.
    """
    if totals is None:
        full = [None] * params.per_page
        return Page(full, params.page, params.per_page, listing.ADDED_UP, capped=True)
    total = sum(each.campaigns for each in totals)
    rows = [None] * max(0, min(params.per_page, total - params.offset))
    return Page(rows, params.page, params.per_page, total)


def _page_url(params: ListParams, number: int, **more: str) -> str:
    """A page of the list that the figures are of."""
    return list_url(tabs.LIST, params.link(page=number, **more))


def _counts(views: Sequence[Tab]) -> list[tuple[Tab, str]]:
    return [(tab, _count(tab)) for tab in views]


def _count(tab: Tab) -> str:
    try:
        with giving_up():
            number, is_capped = listing.count(listing.CAMPAIGNS.parse(tab.arguments), asker())
    except (QueryError, TooSlow):
        return "–"
    return f"{number:,}{'+' if is_capped else ''}"


@requires(Permission.READ)
def copy_as() -> str:
    """The list as a link, for curl, and as a command."""
    params = list_params(listing.CAMPAIGNS)
    problem, found = None, []
    try:
        found = copied.copies(params, access.operator())
    except QueryError as error:
        problem = error
    return render_template(
        "campaigns/_copy_as.html" if wants_fragment() else "campaigns/copy_as.html",
        params=params,
        copies=found,
        problem=problem,
    )
