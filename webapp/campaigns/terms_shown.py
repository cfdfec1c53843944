"""How each term of a query was read, in words: "budget more than USD 5,000.00", "not: test"."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from webapp.campaigns import terms_money as money
from webapp.campaigns.terms import FIELDS
from webapp.campaigns.terms_names import ME, id_of, names_of
from webapp.campaigns.terms_time import Age, read_times
from webapp.core.query_terms import ANY, NONE, RANGE, Term, Value

NAMED = ("advertiser", "agency", "owner")
MOST_NAMED = 5
NOBODY: Mapping[int, str] = MappingProxyType({})


def words_of(term: Term, advertisers: Mapping[int, str] = NOBODY) -> tuple[str, str]:
    """What a term is about, and what it asks of that; ``advertisers`` are names known already."""
    if not term.field:
        return "not:" if term.negated else "search", term.word
    names = names_of(term.values, term.field, advertisers)
    shown = [_value_words(term.field, value, names) for value in term.values[:MOST_NAMED]]
    more = len(term.values) - MOST_NAMED
    sign = "not: " if term.negated else ""
    return sign + FIELDS[term.field].label, " or ".join(shown) + (
        f" or {more} more" if more > 0 else ""
    )


def _value_words(field: str, value: Value, names: Mapping[int, str]) -> str:
    if value.op in (NONE, ANY):
        return value.op
    number = id_of(value.text)
    if field in NAMED and number is not None:
        return names.get(number, "one that is not listed")
    if field == "owner" and value.text.lower() == ME:
        return ME
    return WORDS.get(field, _as_it_is)(value)


def _as_it_is(value: Value) -> str:
    return value.text.replace("_", " ")


def _part(value: Value) -> str:
    return f"with “{value.text}”"


def _time_words(value: Value) -> str:
    times = read_times(value)
    ends = [end.words for end in times.ends]
    if isinstance(times.ends[0], Age):
        if value.op == RANGE:
            return f"{' to '.join(ends)} ago"
        return f"{'less' if value.op.startswith('<') else 'more'} than {ends[0]} ago"
    if value.op == RANGE:
        return " to ".join(ends)
    before = {">": "after ", ">=": "from ", "<": "before ", "<=": "up to "}
    return before.get(value.op, "") + ends[0]


WORDS: Mapping[str, Callable[[Value], str]] = {
    **dict.fromkeys(("budget", "revenue"), money.words_of),
    **dict.fromkeys(("created", "updated", "changed"), _time_words),
    **dict.fromkeys(("title", "advertiser", "agency", "id", "owner", "source", "notes"), _part),
    "currency": lambda value: value.text.upper(),
    "remote": lambda value: value.text,
}
