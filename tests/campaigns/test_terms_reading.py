"""Reading money, times and filters in a query: what is meant, what is refused, in which words."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.campaigns import terms
from webapp.campaigns.terms_arguments import ARGUMENTS, asked, term_of
from webapp.campaigns.terms_money import read_amounts
from webapp.campaigns.terms_shown import words_of
from webapp.campaigns.terms_time import LONGEST_AGE, UNITS, read_times
from webapp.core.money import CURRENCIES, MAX_MINOR, minor_digits, plain_amount
from webapp.core.query import MAX_LENGTH, QueryError
from webapp.core.query_terms import Query, Term, Value

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

TIMES = ("created", "updated", "changed")
OPS = ("", ">", ">=", "<", "<=")
pieces = st.one_of(
    st.sampled_from(
        [
            *(f"{field.name}:" for field in terms.FIELDS),
            *("5000", "usd", "1.234", "12,50", "5k", "$", "€", "xyz", "..", ",", ">", "<=", '"'),
            *("7", "d", "m", "mo", "2026-01-31", "2026-13", "31.1.2026", "1/2/2026", "T10:00", "Z"),
            *("today", "now", "none", "any", "me", "#1", "#x", " ", "-", "99999", "0000", "\u0301"),
            *(" OR ", " NOT ", " > "),
        ]
    ),
    st.text(max_size=4),
)


def outcome(text: str) -> Query | QueryError:
    try:
        return terms.parse(text)
    except QueryError as error:
        return error


def where(error: QueryError) -> tuple[str, int]:
    return error.message, error.start


def only(text: str) -> Term:
    (term,) = terms.parse(text).terms
    return term


def refused(text: str) -> QueryError:
    found = outcome(text)
    assert isinstance(found, QueryError), text
    return found


@given(st.lists(pieces, max_size=10).map("".join))
@example("updated:99999y")
@example("created:0000-01-01..9999-12-31")
@example("budget:>1000000000000000000000000000000")
@example('title:"\u0301"')
def test_every_text_is_a_query_that_reads_again_the_same_or_an_error_that_points(text: str) -> None:
    found = outcome(text)
    if isinstance(found, QueryError):
        assert found.start < found.end <= len(text)
        for _, fixed in found.fixes:
            left = outcome(fixed)
            assert not isinstance(left, QueryError) or where(left) != where(found), fixed
    else:
        assert terms.parse(found.text) == found
        asked = [(term.field, value) for term in found.terms for value in term.values]
        for value in [value for field, value in asked if field in TIMES and value.text]:
            since, until = read_times(value).stretch(NOW, BERLIN)
            assert since or until


@given(st.integers(0, MAX_MINOR // 10_000), st.sampled_from(CURRENCIES), st.sampled_from(OPS))
def test_an_amount_bounds_exactly_the_minor_units_it_names(
    minor: int, currency: str, op: str
) -> None:
    value = only(f"budget:{op}{plain_amount(minor, currency)}{currency.lower()}").values[0]
    least, most = read_amounts(value).minor_bounds(minor_digits(currency))
    holds = {
        "": lambda m: m == minor,
        ">": lambda m: m > minor,
        ">=": lambda m: m >= minor,
        "<": lambda m: m < minor,
        "<=": lambda m: m <= minor,
    }[op]
    for near in (0, minor - 1, minor, minor + 1, MAX_MINOR):
        if near >= 0:
            assert (least <= near <= most) == holds(near)


@given(st.decimals(0, 10**9, places=4), st.integers(0, 10**9), st.sampled_from(OPS))
def test_an_amount_without_a_currency_is_compared_exactly(
    amount: Decimal, minor: int, op: str
) -> None:
    value = Value(f"{amount:f}", op)
    for digits in (0, 2, 3, 4):
        least, most = read_amounts(value).minor_bounds(digits)
        there = Decimal(minor).scaleb(-digits)
        holds = {
            "": there == amount,
            ">": there > amount,
            ">=": there >= amount,
            "<": there < amount,
            "<=": there <= amount,
        }[op]
        assert (least <= minor <= most) == holds


@given(st.integers(1, 500), st.sampled_from(sorted(UNITS)))
def test_an_age_reaches_back_so_far(number: int, unit: str) -> None:
    length = number * UNITS[unit][0]
    if length > LONGEST_AGE:
        assert "longer ago" in refused(f"updated:<{number}{unit}").message
        return
    since, until = read_times(only(f"updated:<{number}{unit}").values[0]).stretch(NOW, BERLIN)
    assert (since, until) == (NOW - length, None)
    since, until = read_times(only(f"updated:>{number}{unit}").values[0]).stretch(NOW, BERLIN)
    assert (since, until) == (None, NOW - length)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        # On that day the clocks are put forward: it has 23 hours.
        ("2026-03-29", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("today", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("yesterday", "2026-03-28T00:00+01:00", "2026-03-29T00:00+01:00"),
        ("2026-12", "2026-12-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        ("2026", "2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        (">2026-01-31", "2026-02-01T00:00+01:00", None),
        (">=2026-01-31", "2026-01-31T00:00+01:00", None),
        ("<2026-01-31", None, "2026-01-31T00:00+01:00"),
        ("<=2026-01-31", None, "2026-02-01T00:00+01:00"),
        ("2026-01..2026-02", "2026-01-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("2026-01-31..today", "2026-01-31T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("1d..2d", "2026-03-27T12:00+00:00", "2026-03-28T12:00+00:00"),
        ("2d..1d", "2026-03-27T12:00+00:00", "2026-03-28T12:00+00:00"),
        ("2026-01-31T10:00Z", "2026-01-31T10:00+00:00", "2026-01-31T10:01+00:00"),
        (">=2026-01-31T10:00", "2026-01-31T10:00+01:00", None),
        (">2026-01-31T10:00:05-05:00", "2026-01-31T10:00:06-05:00", None),
    ],
)
def test_times_begin_where_the_zone_says(text: str, since: str | None, until: str | None) -> None:
    found = read_times(only(f"created:{text}").values[0]).stretch(NOW, BERLIN)
    assert found == tuple(datetime.fromisoformat(end) if end else None for end in (since, until))


@pytest.mark.parametrize(
    ("text", "place", "message", "fixes"),
    [
        ("budget:>1.234", ">1.234", "two ways", ["budget:>1.23", "budget:>1234"]),
        ("budget:12,50eur", "12,50eur", "two ways", ["budget:12.50eur", "budget:1250eur"]),
        (
            *("budget:$50", "$50", "$ may be USD, CAD, AUD or another."),
            ["budget:50usd", "budget:50cad", "budget:50aud"],
        ),
        ("budget:$", "$", "$ may be USD", []),
        (
            *("budget:>£50", ">£50", "£ may be GBP, EGP, FKP or another."),
            ["budget:>50gbp", "budget:>50egp"],
        ),
        ("budget:50¥", "50¥", "¥ may be JPY or CNY.", ["budget:50jpy", "budget:50cny"]),
        ("budget:$5xyz", "$5xyz", "$ may be", []),
        ("budget:$5k", "$5k", "$ may be", ["budget:5kusd", "budget:5kcad", "budget:5kaud"]),
        ("budget:€5k", "€5k", "all its digits", ["budget:5000eur"]),
        ("budget:5€000", "5€000", "not an amount", []),
        ("budget:>5k", ">5k", "all its digits", ["budget:>5000"]),
        ("budget:1.5meur", "1.5meur", "all its digits", ["budget:1500000eur"]),
        ("budget:-5", "-5", "cannot be negative", []),
        ("budget:5usf", "5usf", "no currency USF", None),
        ("budget:10..5", "10..5", "larger one", ["budget:5..10"]),
        ("budget:1usd..5eur", "1usd..5eur", "same currency", []),
        ("budget:much", "much", "no amount", []),
        ("currency:euro", "euro", "no currency", ["currency:eur"]),
        ("updated:7d", "7d", "less or more", ["updated:<7d", "updated:>7d"]),
        ("updated:<5m", "<5m", "minutes or months", ["updated:<5min", "updated:<5mo"]),
        ("updated:<5dys", "<5dys", "no unit of time", ["updated:<5d"]),
        ("created:31.1.2026", "31.1.2026", "no time", ["created:2026-01-31"]),
        (
            *("created:>1/2/2026", ">1/2/2026", "no time"),
            ["created:>2026-02-01", "created:>2026-01-02"],
        ),
        ("created:2026-1-5", "2026-1-5", "no time", ["created:2026-01-05"]),
        ("created:2026-02-30", "2026-02-30", "no such date", []),
        ("created:1850", "1850", "years go from 1900", []),
        ("created:2026-01-01T25:00", "2026-01-01T25:00", "no such time", []),
        (
            "created:2026-02..2026-01",
            "2026-02..2026-01",
            "earlier one",
            ["created:2026-01..2026-02"],
        ),
        ("created:7d..today", "7d..today", "one of each", []),
        ("created:tody", "tody", "no time", ["created:today"]),
        ("changed:none", "none", "no time", []),
        ("advertiser:#x", "#x", "no number", []),
        ("sync:any", "any", "cannot be", None),
        (
            *("oakline OR sage", "oakline OR sage", "a comma stands for “or”"),
            ["title:oakline,sage", "advertiser:oakline,sage"],
        ),
        ("budget > 5000", "budget > 5000", "there is a colon", ["budget:>5000"]),
        (
            *("budget > 5000 usd", "budget > 5000 usd", "there is a colon"),
            ["budget:>5000usd", "budget:>5000 usd"],
        ),
        ("budget > 5000 spring", "budget > 5000", "there is a colon", ["budget:>5000 spring"]),
        (
            *("updated < 7 d", "updated < 7 d", "there is a colon"),
            ["updated:<7d", "updated:<7 d"],
        ),
    ],
)
def test_what_cannot_be_used_is_pointed_at_with_what_may_be_meant(
    text: str, place: str, message: str, fixes: list[str] | None
) -> None:
    error = refused(text)
    assert error.parts[1] == place
    assert message in error.message
    if fixes is not None:
        assert [fixed for _, fixed in error.fixes] == fixes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("budget:>5000usd", "budget more than USD 5,000.00"),
        ("budget:>=5000", "budget at least 5,000 in any currency"),
        ("budget:1..2.5eur", "budget EUR 1.00 to EUR 2.50"),
        ("budget:€5000", "budget EUR 5,000.00"),
        ("budget:>5000€", "budget more than EUR 5,000.00"),
        ("budget:₩5000..₩6000", "budget KRW 5,000 to KRW 6,000"),
        ("budget:$5usd", "budget USD 5.00"),
        ('budget:"€ 5 000,50"', "budget EUR 5,000.50"),
        ("-budget:none", "not: budget none"),
        ("revenue:7eur,5jpy", "revenue EUR 7.00 or JPY 5"),
        ("updated:<7d", "updated less than 7 days ago"),
        ("updated:>1mo", "updated more than 1 month ago"),
        ("updated:1d..7d", "updated 1 day to 7 days ago"),
        ("created:2026-01-31", "booked 31 Jan 2026"),
        ("created:>=2026-01", "booked from Jan 2026"),
        ("created:<=2026", "booked up to 2026"),
        ("created:today..2026-12-24", "booked today to 24 Dec 2026"),
        ("created:<2026-01-31t10:00z", "booked before 31 Jan 2026 10:00Z"),
        ("sync:needs_you,gone", "sync needs you or gone"),
        ("currency:usd", "currency USD"),
        ("archived:any", "archived any"),
        ("title:Spring", "title with “Spring”"),
        ("remote:a_b", "Megaphone ID a_b"),
        ("owner:me", "owner me"),
        ("remote:1,2,3,4,5,6,7", "Megaphone ID 1 or 2 or 3 or 4 or 5 or 2 more"),
        ("-test", "not: test"),
        ('"new york"', "search new york"),
    ],
)
def test_every_term_is_told_as_it_was_read(text: str, words: str) -> None:
    assert " ".join(words_of(only(text))) == words


@given(st.sampled_from(sorted(ARGUMENTS)), st.text(max_size=20))
@example("owner", "none")
@example("budget_from", '5" x:y')
@example("sync", "any")
@example("created_to", "2026-01-31 OR")
def test_an_argument_is_one_term_about_its_field_or_nothing(name: str, text: str) -> None:
    try:
        term = term_of(name, text)
    except ValueError:
        return
    assert term.field == ARGUMENTS[name][0]
    assert len(term.values) == 1
    assert terms.parse(term.text).terms == (term,)


def test_a_text_and_filters_are_asked_together() -> None:
    query = asked("spring -test", {"advertiser": "12", "budget_from": "5,000"})
    assert query.text == 'spring -test advertiser:#12 budget:>="5,000"'
    with pytest.raises(QueryError):
        asked("x" * (MAX_LENGTH + 1), {})


def test_a_day_on_which_the_clocks_are_put_back_has_25_hours() -> None:
    since, until = read_times(Value("2026-10-25")).stretch(NOW, BERLIN)
    assert since
    assert until
    assert until.astimezone(UTC) - since.astimezone(UTC) == timedelta(hours=25)
