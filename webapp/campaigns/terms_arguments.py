"""The filters of a list's address, which are another spelling of a query's terms.

``advertiser=12`` is ``advertiser:#12``, ``budget_from=5000`` is ``budget:>=5000``: what a condition
means is said once, in ``webapp.campaigns.terms``.
"""

from collections.abc import Callable, Mapping

from webapp.campaigns import terms
from webapp.core.query_terms import ANY, NONE, Query, Term, quoted

MOST_DIGITS = 9
ARCHIVED = {"active": terms.NO, "archived": terms.YES, "all": ANY}
# What an argument asks for when it is left out.
DEFAULTS = {"archived": "active"}


def _number(text: str) -> str:
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        raise ValueError(text)
    return f"#{text}"


def _owner(text: str) -> str:
    return text if text in ("me", NONE) else _number(text)


def _archived(text: str) -> str:
    if text not in ARCHIVED:
        raise ValueError(text)
    return ARCHIVED[text]


def _from(text: str) -> str:
    return f">={quoted(text)}"


def _to(text: str) -> str:
    return f"<={quoted(text)}"


# The field that each argument is about, and how its text is written in a query.
ARGUMENTS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "advertiser": ("advertiser", _number),
    "agency": ("agency", _number),
    "archived": ("archived", _archived),
    "sync": ("sync", quoted),
    "owner": ("owner", _owner),
    "copy": ("copy", quoted),
    "currency": ("currency", quoted),
    "budget_from": ("budget", _from),
    "budget_to": ("budget", _to),
    "created_from": ("created", _from),
    "created_to": ("created", _to),
    "updated_from": ("updated", _from),
    "updated_to": ("updated", _to),
}


def term_of(name: str, text: str) -> Term:
    """The term that an argument stands for. Raises ``ValueError``, as ``QueryError`` is one."""
    field, written = ARGUMENTS[name]
    return terms.parse(f"{field}:{written(text)}").terms[0]


def asked(text: str, arguments: Mapping[str, str]) -> Query:
    """What a text and a list's filters ask for together. Raises ``QueryError`` for the text."""
    query = terms.parse(text)
    added = [term_of(name, value) for name, value in arguments.items()]
    return Query((*query.terms, *added), query.source)
