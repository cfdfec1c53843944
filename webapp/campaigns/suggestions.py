"""What the word that is being typed in a query may become: fields, their values, names, titles."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.advertisers.models import Advertiser
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import FIELDS
from webapp.campaigns.terms_names import ME
from webapp.core.db import db
from webapp.core.money import CURRENCIES
from webapp.core.query import MAX_LENGTH, as_words
from webapp.core.query_terms import ANY, NONE, Field, printable, quoted
from webapp.core.text import fold

MOST = 8
MOST_NAMES = 4
# Of one title there may be many campaigns.
MOST_READ = 40
LAST_CHARACTER = "\U0010ffff"
TIMES = ("today", "yesterday", "<7d", "<30d", ">30d")
AMOUNTS = (">0", ">5000usd", "<1000usd")

_TOKEN = re.compile(r'(?:"(?:[^"]|"")*(?:"|$)|[^\s"]+|(?<=\S)")+')
_FIELD = re.compile(r"(-?)([A-Za-z][A-Za-z_]*):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``words``, with a ``note`` on what it is.

    Chosen, it makes the query ``text``, with the caret at ``at``.
    """

    words: str
    note: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class _Offer:
    """A spelling to stand for the word at the caret; ``goes_on`` when more is to be typed."""

    spelling: str
    note: str
    goes_on: bool = False


def suggest(text: str, at: int) -> list[Suggestion]:
    """At most ``MOST`` ways to go on, for a text and the place of its caret."""
    text = printable(text)
    token = next((t for t in _TOKEN.finditer(text) if t.start() < at <= t.end()), None)
    if token is None:
        return []
    typed = text[token.start() : at]
    named = _FIELD.fullmatch(typed)
    spec = FIELDS.get(named[2]) if named else None
    offers = _values(spec, f"{named[1]}{named[2]}:", named[3]) if named and spec else _words(typed)
    distinct = {offer.spelling: offer for offer in offers if offer.spelling != token[0]}
    found = (_suggestion(text, *token.span(), offer) for offer in distinct.values())
    return list(islice((item for item in found if len(item.text) <= MAX_LENGTH), MOST))


def _suggestion(text: str, start: int, end: int, offer: _Offer) -> Suggestion:
    before, after = text[:start] + offer.spelling, text[end:]
    if not offer.goes_on and not after.startswith(" "):
        before += " "
    return Suggestion(offer.spelling, offer.note, before + after, len(before))


def _words(typed: str) -> Iterator[_Offer]:
    """Fields, advertisers and titles that begin as this does."""
    sign = "-" if typed.startswith("-") else ""
    begun = typed.removeprefix("-").strip('"')
    if not begun:
        return
    for field in FIELDS:
        if any(name.startswith(begun.lower()) for name in (field.name, *field.aliases)):
            note = field.label if field.label != field.name else "field"
            yield _Offer(f"{sign}{field.name}:", note, goes_on=True)
    for name in _names(Advertiser.name, Advertiser.name_key, begun):
        yield _Offer(f"{sign}advertiser:{quoted(name)}", "advertiser")
    for title in _titles(begun):
        yield _Offer(f"{sign}{quoted(title)}", "campaign")


def _values(field: Field, before: str, typed: str) -> Iterator[_Offer]:
    """Values of a field that begin as the last one typed does."""
    commas = [place for place, c in enumerate(typed, 1) if c == "," and _is_open(typed[:place])]
    earlier, last = typed[: max(commas, default=0)], typed[max(commas, default=0) :]
    begun = fold(last.strip('"'))
    for value in VALUES.get(field.name, _choices)(field, begun):
        if fold(value.strip('"')).startswith(begun):
            yield _Offer(before + earlier + value, field.label)


def _is_open(text: str) -> bool:
    """Whether the end of this text is outside of quotes."""
    return text.count('"') % 2 == 0


def _choices(field: Field, _begun: str) -> list[str]:
    known = [*dict.fromkeys(field.choices.values())]
    return [*known, *((ANY, NONE) if field.has_none else ())]


def _advertisers(_field: Field, begun: str) -> list[str]:
    found = [quoted(name) for name in _names(Advertiser.name, Advertiser.name_key, begun)]
    return [*found, NONE]


def _owners(_field: Field, _begun: str) -> list[str]:
    emails = db.session.scalars(select(Operator.email).order_by(Operator.email).limit(200))
    return [ME, NONE, *map(as_words, emails)]


def _currencies(_field: Field, begun: str) -> list[str]:
    return [code.lower() for code in CURRENCIES] if begun else ["usd", "eur", "gbp", NONE]


def _titled(_field: Field, begun: str) -> list[str]:
    return [quoted(title) for title in _titles(begun)] if begun else []


def _titles(begun: str) -> list[str]:
    return _names(Campaign.title, Campaign.title_key, begun, Campaign.archived_at.is_(None))


def _names(
    name: InstrumentedAttribute[str],
    key: InstrumentedAttribute[str],
    begun: str,
    *conditions: ColumnElement[bool],
) -> list[str]:
    """The first few names that begin so, each once. The key's index finds them."""
    folded = fold(begun)
    query = select(name).where(key >= folded, key < folded + LAST_CHARACTER, *conditions)
    found = db.session.scalars(query.order_by(key).limit(MOST_READ))
    return list(dict.fromkeys(printable(text) for text in found))[:MOST_NAMES]


VALUES: dict[str, Callable[[Field, str], list[str]]] = {
    "title": _titled,
    "advertiser": _advertisers,
    "owner": _owners,
    "currency": _currencies,
    **dict.fromkeys(("budget", "revenue"), lambda _field, _begun: [*AMOUNTS, NONE, ANY]),
    **dict.fromkeys(("created", "updated", "changed"), lambda _field, _begun: [*TIMES]),
}
