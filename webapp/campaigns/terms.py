"""The fields that campaigns are asked for by, and what a query means for the list of campaigns.

``parse`` reads a text and raises ``QueryError``; after that, ``conditions`` does so only for
“me” where nobody asks. Words are found by ``webapp.campaigns.search``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from webapp.campaigns import terms_money as money
from webapp.campaigns import terms_names as names
from webapp.campaigns.models import CONFIRMED, NEEDS_YOU, SYNC_STATES, Campaign
from webapp.campaigns.queries import UNCONFIRMED
from webapp.campaigns.stretches import stretch
from webapp.campaigns.terms_time import read_times
from webapp.core import query as language
from webapp.core.clock import utc_now
from webapp.core.listing import one_of
from webapp.core.money import CURRENCIES, is_currency
from webapp.core.query_errors import BadValue, nearest
from webapp.core.query_terms import ANY, NONE, Field, Fields, Query, Term, Value
from webapp.core.text import fold

Condition = ColumnElement[bool]

UTC_ZONE = ZoneInfo("UTC")
NOBODY = "Nobody is asking here. Give an e-mail address instead of “me”."
NO, YES = "no", "yes"
YES_OR_NO = {YES: YES, "true": YES, "1": YES, NO: NO, "false": NO, "0": NO}
SYNC = {"needs_you": "needs_you", **{state: state for state in SYNC_STATES}}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks (an operator's id, nobody for a script), when, and in which zone days begin."""

    who: int | None = None
    now: datetime = field(default_factory=utc_now)
    zone: ZoneInfo = UTC_ZONE


@dataclass(frozen=True)
class Found:
    """What to look for: folded words that must and must not be there, and other conditions.

    ``archived`` is ``no``, ``yes`` or ``any``, and none of ``conditions``: the list counts what it
    hides. Every condition is about columns of the campaign alone.
    """

    words: tuple[str, ...]
    excluded: tuple[str, ...]
    conditions: tuple[Condition, ...]
    archived: str


def check_currency(value: Value) -> None:
    """Raises ``BadValue``."""
    code = value.text.upper()
    if not is_currency(code):
        near = [name.lower() for name in nearest(code, CURRENCIES)]
        raise BadValue(f"There is no currency “{value.text}”. Type its code, such as USD.", *near)


def _times(name: str, label: str, *, has_none: bool = True) -> Field:
    return Field(name, label, "<7d", check=read_times, has_none=has_none, compares=True)


def _money(name: str, label: str) -> Field:
    return Field(name, label, ">5000usd", check=money.read_amounts, has_none=True, compares=True)


def _text(name: str, label: str, example: str, *aliases: str, has_none: bool = True) -> Field:
    return Field(name, label, example, aliases, check=names.check_name, has_none=has_none)


FIELDS = Fields(
    (
        _text("title", "title", "spring", has_none=False),
        _text("advertiser", "advertiser", '"Acme"'),
        _text("agency", "agency", '"Harbor"'),
        _text("id", "external ID", "IO-7", "external", "external_id"),
        _money("budget", "budget"),
        _money("revenue", "revenue"),
        Field("currency", "currency", "usd", check=check_currency, has_none=True),
        Field("sync", "sync", "needs_you", choices=SYNC),
        _text("owner", "owner", "me"),
        Field("archived", "archived", "any", choices={**YES_OR_NO, ANY: ANY, "all": ANY}),
        Field("copy", "copy needed", YES, ("copy_needed",), choices=YES_OR_NO),
        _times("created", "booked"),
        _times("updated", "updated"),
        _times("changed", "changed here", has_none=False),
        _text("source", "booking source", "api", "booking_source"),
        _text("remote", "Megaphone ID", "1234", "remote_id", "megaphone"),
        _text("notes", "notes", "call", "note"),
    ),
    for_words=("title", "advertiser"),
)


def parse(text: str) -> Query:
    """Raises ``QueryError``."""
    return language.parse(text, FIELDS)


def conditions(query: Query, asker: Asker) -> Found:
    """What a query that :func:`parse` gave means for the list of campaigns.

    Raises ``QueryError`` where nobody asks for what is “me”.
    """
    if asker.who is None:
        _refuse_me(query)
    found: list[Condition] = []
    archive = {YES, NO} if _asks_about_archive(query) else {NO}
    words: list[str] = []
    excluded: list[str] = []
    for term in query.terms:
        if not term.field:
            (excluded if term.negated else words).append(fold(term.word).strip())
        elif term.field == "archived":
            archive &= _archive(term)
        else:
            found.append(_condition(term, asker))
            words += _hints(term)
    if not archive:
        found.append(false())
    archived = NO if archive <= {NO} else YES if archive == {YES} else ANY
    return Found(_words(words), _words(excluded), tuple(found), archived)


def _refuse_me(query: Query) -> None:
    for term in query.terms:
        for value in term.values:
            if term.field == "owner" and names.is_me(value):
                raise query.error(value, NOBODY)


def _words(words: list[str]) -> tuple[str, ...]:
    """Each word once, without what is nothing when it is folded."""
    return tuple(word for word in dict.fromkeys(words) if word)


def _asks_about_archive(query: Query) -> bool:
    return any(term.field == "archived" for term in query.terms)


def _archive(term: Term) -> set[str]:
    is_any = any(value.op == ANY for value in term.values)
    chosen = {YES, NO} if is_any else {value.text for value in term.values}
    return {YES, NO} - chosen if term.negated else chosen


def _hints(term: Term) -> list[str]:
    """Words that are certainly found where this term holds: an index may find them first."""
    is_one = len(term.values) == 1 and not term.negated and not term.values[0].op
    return [fold(term.values[0].text).strip()] if is_one and term.field in ("title", "id") else []


def _condition(term: Term, asker: Asker) -> Condition:
    special = {value.op for value in term.values} & {NONE, ANY}
    values = [value for value in term.values if value.op not in special]
    missing = MISSING.get(term.field)
    any_of: list[Condition] = []
    if missing is not None and NONE in special:
        any_of.append(missing())
    if missing is not None and ANY in special:
        any_of.append(~missing())
    if values:
        any_of.append(MEANINGS[term.field](values, asker))
    condition = or_(*any_of)
    # What has no value is not among those that have another one, unless said this way.
    return condition.is_not(true()) if term.negated else condition


Meaning = Callable[[Sequence[Value], Asker], Condition]


def _each(meaning: Callable[[Value], Condition]) -> Meaning:
    return lambda values, _asker: or_(*[meaning(value) for value in values])


def _all(meaning: Callable[[Sequence[Value]], Condition]) -> Meaning:
    return lambda values, _asker: meaning(values)


def _at(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
) -> Meaning:
    def meaning(values: Sequence[Value], asker: Asker) -> Condition:
        asked = [read_times(value).stretch(asker.now, asker.zone) for value in values]
        return or_(*[stretch(column, since, until) for since, until in asked])

    return meaning


def _contains(column: InstrumentedAttribute[str | None]) -> Meaning:
    # That there is a text says so little that it seems needless; the index of these few needs it.
    return _each(
        lambda value: and_(column.is_not(None), column.icontains(value.text, autoescape=True))
    )


def _by_sync(values: Sequence[Value]) -> Condition:
    chosen = {value.text for value in values}
    states = (chosen - {"needs_you"}) | (set(NEEDS_YOU) if "needs_you" in chosen else set())
    if CONFIRMED in states:
        # Said this way round SQLite keeps to the index of the order: nearly all are confirmed.
        return Campaign.sync_state.not_in([state for state in SYNC_STATES if state not in states])
    return and_(
        UNCONFIRMED,
        one_of(Campaign.sync_state, [state for state in SYNC_STATES if state in states]),
    )


def _by_currency(values: Sequence[Value]) -> Condition:
    return one_of(Campaign.total_budget_currency, [value.text.upper() for value in values])


def _by_copy(values: Sequence[Value]) -> Condition:
    return one_of(Campaign.copy_needed, [value.text == YES for value in values])


MEANINGS: Mapping[str, Meaning] = {
    "title": _each(names.in_title),
    "advertiser": _all(names.by_advertiser),
    "agency": _all(names.by_agency),
    "id": _each(names.in_external_id),
    "budget": _each(money.by_budget),
    "revenue": _each(money.by_revenue),
    "currency": _all(_by_currency),
    "sync": _all(_by_sync),
    "owner": lambda values, asker: names.by_owner(values, asker.who),
    "copy": _all(_by_copy),
    "created": _at(Campaign.remote_created_at),
    "updated": _at(Campaign.remote_updated_at),
    "changed": _at(Campaign.changed_at),
    "source": _contains(Campaign.booking_source),
    "remote": _all(names.by_remote_id),
    "notes": _contains(Campaign.notes),
}

# When a field has no value.
MISSING: Mapping[str, Callable[[], Condition]] = {
    "advertiser": lambda: Campaign.advertiser_id.is_(None),
    "agency": names.without_agency,
    "id": lambda: Campaign.external_key == "",
    "budget": lambda: Campaign.total_budget_minor.is_(None),
    "revenue": lambda: Campaign.total_revenue_minor.is_(None),
    "currency": lambda: Campaign.total_budget_currency.is_(None),
    "owner": lambda: Campaign.owner_id.is_(None),
    "created": lambda: Campaign.remote_created_at.is_(None),
    "updated": lambda: Campaign.remote_updated_at.is_(None),
    "source": lambda: Campaign.booking_source.is_(None),
    "remote": lambda: Campaign.remote_id.is_(None),
    "notes": lambda: Campaign.notes.is_(None),
}
