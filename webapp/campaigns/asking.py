"""How a list says what it was asked: a chip for each term, or what could not be read, and fixes."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.campaigns import terms, terms_arguments
from webapp.campaigns.terms_shown import words_of
from webapp.core.listing import ListParams
from webapp.core.query import QueryError, as_words
from webapp.web.lists import list_url

LIST = "campaigns.index"


@dataclass(frozen=True, slots=True)
class Chip:
    """One applied condition, and the address without it."""

    label: str
    value: str
    href: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A query that may have been meant, and its address."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A query that could not be read, in three parts: the middle one is what it is about.

    ``as_words`` searches for its words as they stand.
    """

    message: str
    before: str
    at: str
    after: str
    fixes: list[Fix]
    as_words: Fix | None


def chips(params: ListParams, advertisers: Mapping[int, str]) -> list[Chip]:
    """A chip for each term; ``advertisers`` are names known already. Raises ``QueryError``."""
    query = terms.parse(params.query)
    typed = [(term, _address(params, q=query.without(term).text)) for term in query.terms]
    chosen = [
        (terms_arguments.term_of(name, text), _address(params, **{name: None}))
        for name, text in params.filters.items()
    ]
    return [Chip(*words_of(term, advertisers), href) for term, href in (*typed, *chosen)]


def with_archived(params: ListParams) -> str:
    """The address of the same list with archived rows, whatever was asked about them.

    Raises ``QueryError``.
    """
    query = terms.parse(params.query)
    for term in query.terms:
        query = query.without(term) if term.field == "archived" else query
    return _address(params, q=query.text, archived="all")


def unread(error: QueryError, params: ListParams) -> Unread:
    literally = as_words(error.text)
    return Unread(
        error.message,
        *error.parts,
        fixes=[_fix(text, params) for _, text in error.fixes],
        as_words=_fix(literally, params) if _is_readable(literally) else None,
    )


def _fix(text: str, params: ListParams) -> Fix:
    return Fix(text, _address(params, q=text))


def _is_readable(text: str) -> bool:
    try:
        terms.parse(text)
    except QueryError:
        return False
    return True


def _address(params: ListParams, **changes: str | None) -> str:
    return list_url(LIST, params.link(**changes))
