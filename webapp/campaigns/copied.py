"""A list to take along: its address, a request of the API, and a command, that find the same."""

import re
import shlex
from dataclasses import dataclass
from urllib.parse import urljoin

from flask import request, url_for

from webapp.auth.models import Operator
from webapp.campaigns import tabs, terms, terms_arguments
from webapp.core.listing import ListParams
from webapp.core.query import MAX_LENGTH, MAX_TERMS
from webapp.core.query_errors import QueryError
from webapp.core.query_terms import Query, Term
from webapp.web.lists import list_url

# The list's orders by the API's names; the others are only in the list and in the command.
API_SORTS = {
    "title": "title",
    "budget": "total_budget_cents",
    "revenue": "total_revenue_cents",
    "duration": "duration_in_seconds",
    "copy": "copy_needed",
    "source": "booking_source",
    "created": "created_at",
    "updated": "updated_at",
    "changed": "changed_at",
    "synced": "synced_at",
    "archived": "archived",
}
MOST_ROWS = 100
# A whole value: names may begin like it.
_ME = re.compile(r"(?<=[:,])me(?=,|$)")
OTHERS = ("curl", "Command")
TOO_LONG = (
    f"Written as one query, the search and its filters have more than {MAX_LENGTH} characters or "
    f"{MAX_TERMS} terms. Ask for less."
)


@dataclass(frozen=True, slots=True)
class Copy:
    """One form of the list. ``id`` is its place in the page.

    ``text`` is empty where there is none, and ``note`` says why.
    """

    id: str
    label: str
    text: str
    note: str | None = None


def copies(params: ListParams, operator: Operator) -> list[Copy]:
    """The list as a link, for curl, and as a command. Raises ``QueryError``."""
    address = list_url(tabs.LIST, params.link(page=params.page))
    link = Copy("copy-link", "Link", urljoin(request.url_root, address))
    query = _query(params, operator)
    if not _is_readable(query):
        return [link, *[Copy(f"copy-{name.lower()}", name, "", TOO_LONG) for name in OTHERS]]
    return [link, _curl(params, query), Copy("copy-command", OTHERS[1], _command(params, query))]


def _is_readable(query: str) -> bool:
    """Whether what was asked for in several places can be asked for in one."""
    try:
        terms.parse(query)
    except QueryError:
        return False
    return True


def _query(params: ListParams, operator: Operator) -> str:
    """What is asked for, in words that mean the same to everybody and everywhere."""
    asked = terms_arguments.asked(params.query, params.filters)
    found = [_named(term, operator) for term in asked.terms]
    if not any(term.field == "archived" for term in found):
        found.append(terms_arguments.term_of("archived", "active"))
    return Query(tuple(found)).text


def _named(term: Term, operator: Operator) -> Term:
    """Who “me” is: a script is somebody else."""
    if term.field != "owner" or all(value.text != "me" for value in term.values):
        return term
    return terms.parse(_ME.sub(f"#{operator.id}", term.text)).terms[0]


def _curl(params: ListParams, query: str) -> Copy:
    column = API_SORTS.get(params.sort_column)
    arguments = {
        "q": query,
        "sort_by": column or "changed_at",
        "sort_order": "desc" if params.descending else "asc",
        "page": str(params.page),
        "per_page": str(min(params.per_page, MOST_ROWS)),
    }
    parts = [
        f"--data-urlencode {shlex.quote(f'{name}={text}')}" for name, text in arguments.items()
    ]
    address = url_for("api.list_campaigns", _external=True)
    text = f'curl -G {address} -H "Authorization: Bearer $TOKEN" {" ".join(parts)}'
    notes = []
    if column is None:
        notes.append("The API does not know this order: it sorts by when they were changed here.")
    if params.per_page > MOST_ROWS:
        notes.append(f"A page of the API has {MOST_ROWS} rows at most.")
    return Copy("copy-curl", OTHERS[0], text, " ".join(notes) or None)


def _command(params: ListParams, query: str) -> str:
    words = ["flask", "campaigns", "list", "--sort", params.sort]
    if params.page > 1:
        words += ["--page", str(params.page)]
    return shlex.join([*words, "--rows", str(params.per_page), "--", query])
