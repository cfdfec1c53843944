"""A list's parameters from the request's address, with a note on each argument it does not know."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request, url_for

from webapp.core.listing import ListParams, ListTable

COMMON = frozenset({"q", "sort", "page", "per_page", "count"})
MOST_NAMED = 5


def list_params(table: ListTable) -> ListParams:
    """What the address asks of this list; nothing in it is an error."""
    params = table.parse(request.args)
    known = COMMON | table.filters.keys() | table.looks.keys()
    unknown = [name for name in request.args if name not in known]
    notes = tuple(
        f"“{_shown(name)}” means nothing to this list; it was left out."
        for name in unknown[:MOST_NAMED]
    )
    return replace(params, notes=(*params.notes, *notes))


def list_url(endpoint: str, arguments: Mapping[str, Any]) -> str:
    """The address of a list with the arguments that :class:`ListParams` makes."""
    return url_for(endpoint, **arguments)


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else " " for c in name[:40])
