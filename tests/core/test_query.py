"""The query language by itself: every text is a query that prints and reads the same, or points."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.core.query import MAX_LENGTH, MAX_TERMS, Query, QueryError, as_words, parse
from webapp.core.query_errors import BadValue
from webapp.core.query_terms import Field, Fields, Term, Value


def refuse_odd(value: Value) -> None:
    if "odd" in value.text or "odd" in value.high:
        raise BadValue("That is odd.", value.op + "even")


FIELDS = Fields(
    (
        Field("title", "title", "spring", ("name",)),
        Field("size", "size", ">5", check=refuse_odd, has_none=True, compares=True),
        Field("state", "state", "new", choices={"new": "new", "fresh": "new", "in_use": "in_use"}),
        Field("shown", "shown", "any", choices={"yes": "yes", "no": "no", "any": "any"}),
    ),
    for_words=("title",),
)

pieces = st.one_of(
    st.sampled_from(
        [
            *("-", '"', '""', ":", ",", "..", ".", ">", ">=", "<", "<=", " ", "  ", "#", "0", "5"),
            *("title:", "name:", "size:", "size>", "state:", "shown:", "Size:", "sise:", "tit"),
            *("none", "any", "new", "fresh", "in use", "odd", "12,345", "1,5", "100", "usd", "\n"),
            *(" OR ", " AND ", " NOT ", "OR", "NOT", " > ", " = ", "size ", "b", "B"),
        ]
    ),
    st.text(max_size=8),
)
texts = st.one_of(st.lists(pieces, max_size=30).map("".join), st.text(max_size=600))


def read(text: str) -> list[str]:
    return [term.text for term in parse(text, FIELDS).terms]


def outcome(text: str) -> Query | QueryError:
    try:
        return parse(text, FIELDS)
    except QueryError as error:
        return error


def where(error: QueryError) -> tuple[str, int]:
    return error.message, error.start


def refused(text: str) -> QueryError:
    found = outcome(text)
    assert isinstance(found, QueryError)
    return found


@given(texts)
@example('size:1,"234"')
@example("a" * MAX_LENGTH)
@example('a"b' * 166)
@example("size:5..odd")
@example("a OR OR b")
@example("a AND AND b")
@example("a NOT NOT b")
@example('"a OR b')
@example("A OR B")
def test_every_text_is_a_query_that_reads_again_the_same_or_an_error_that_points(text: str) -> None:
    found = outcome(text)
    if isinstance(found, QueryError):
        assert found.message
        assert 0 <= found.start < found.end <= len(found.text) == len(text)
        assert "".join(found.parts) == found.text
    else:
        again = parse(found.text, FIELDS)
        assert again == found
        assert again.text == found.text
        assert all(0 <= term.start < term.end <= len(text) for term in found.terms)


terms = st.builds(
    Term,
    field=st.just(""),
    values=st.text(min_size=1, max_size=12)
    .map(lambda text: " ".join("".join(c if c.isprintable() else " " for c in text).split()))
    .filter(bool)
    .map(lambda text: (Value(text),)),
    negated=st.booleans(),
)


@given(st.lists(terms, max_size=8, unique=True))
def test_every_query_of_words_can_be_written(made: list[Term]) -> None:
    query = Query(tuple(made))
    assert parse(query.text, FIELDS) == query


@given(st.text(max_size=60))
@example("a OR b AND NOT c")
@example("size > 5")
def test_any_text_can_be_searched_for_as_it_stands(text: str) -> None:
    words = "".join(c if c.isprintable() else " " for c in text).split()
    found = parse(as_words(text), FIELDS)
    assert [term.word for term in found.terms] == list(dict.fromkeys(words))
    assert not any(term.negated for term in found.terms)


@given(texts)
@example("a OR OR b")
@example("a AND AND b AND")
@example("a NOT NOT b")
@example("size > 5 size > 5")
def test_a_fix_does_away_with_the_error(text: str) -> None:
    found = outcome(text)
    for words, fixed in found.fixes if isinstance(found, QueryError) else []:
        left = outcome(fixed)
        assert words
        assert not isinstance(left, QueryError) or where(left) != where(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("spring launch", ["spring", "launch"]),
        ('"spring launch" -test -"a b"', ['"spring launch"', "-test", '-"a b"']),
        ("spring spring", ["spring"]),
        ("a - b", ["a", '"-"', "b"]),
        ('6" tall', ['"6"""', "tall"]),
        ('"She said ""listen"""', ['"She said ""listen"""']),
        ('"never closed', ['"never closed"']),
        ("title:spring NAME:summer", ["title:spring", "title:summer"]),
        ("title:>5", ['title:">5"']),
        ("title:a..b", ['title:"a..b"']),
        ('title:"a, b",c', ['title:"a, b",c']),
        ("-title:a,b,a", ["-title:a,b"]),
        ("size:>5 size>5 size:>=5 size:<5 size<=5", ["size:>5", "size:>=5", "size:<5", "size:<=5"]),
        ("size:1..5 size:1.. size:..5", ["size:1..5", "size:>=1", "size:<=5"]),
        ("size:12,345 size:>1,234,567.5", ["size:12345", "size:>1234567.5"]),
        ('size:100,"200"', ['size:100,"200"']),
        ("size:none,any,3", ["size:none,any,3"]),
        ('size:"none"', ['size:"none"']),
        ("state:FRESH,in-use", ["state:new,in_use"]),
        ("shown:any", ["shown:any"]),
        ('a "OR" b "AND" "NOT" c', ["a", '"OR"', "b", '"AND"', '"NOT"', "c"]),
        ("romeo and juliet or not", ["romeo", "and", "juliet", "or", "not"]),
        # Titles are pasted, and some are all in capitals.
        ("SPRING AND SUMMER", ["SPRING", '"AND"', "SUMMER"]),
        ("Salem OR", ["Salem", '"OR"']),
        ('size ">" 5', ["size", '">"', "5"]),
        ("title > 5", ["title", '">"', "5"]),
        ("size >", ["size", '">"']),
        ("12:30 podcast: C:", ['"12:30"', '"podcast:"', '"C:"']),
        ("https://example.com C:/ads", ['"https://example.com"', '"C:/ads"']),
        ("a>b", ['"a>b"']),
        ('"" -""', []),
        ("", []),
        ("a\x00b\ud800c", ["a", "b", "c"]),
    ],
)
def test_what_people_type_is_read_as_they_mean_it(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "place", "fixes"),
    [
        ("spring sise:5", "sise", ["spring size:5"]),
        ("sise>5", "sise", ["size>5"]),
        ("-titel:x y", "titel", ["-title:x y"]),
        ("flight:5", "flight", []),
        ("a size: b", "size:", []),
        ("state:,", "state:,", []),
        ("state:nwe", "nwe", ["state:new"]),
        ("state:new,zzz b", "zzz", ["state:new,new b", "state:new,in_use b"]),
        ("title>5", "title>", ["title:5"]),
        ("size:>odd x", ">odd", ["size:>even x"]),
        ('title:"a"b c', "b", ['title:"a" b c']),
        ("x a OR b y", "a OR b", ["x title:a,b y"]),
        (
            *('a OR "b c" OR none', 'a OR "b c" OR none'),
            ['title:a,"b c","none"'],
        ),
        (
            *("state:new OR state:in_use", "state:new OR state:in_use"),
            ["state:new,in_use"],
        ),
        ("title:a OR b", "title:a OR b", ["title:a,b"]),
        ("title:a OR size:5", "title:a OR size:5", ['title:a "OR" size:5']),
        ("size:5 OR size:none", "size:5 OR size:none", ["size:5,none"]),
        ("size:5 OR odd", "size:5 OR odd", ['size:5 "OR" odd']),
        ("state:new OR a", "state:new OR a", ['state:new "OR" a']),
        ("-a OR b", "-a OR b", ['-a "OR" b']),
        ("a AND b AND c d", "a AND b AND c", ["a b c d"]),
        ("NOT a b", "NOT a", ["-a b"]),
        ("a NOT -b", "NOT -b", ['a "NOT" -b']),
        ("a AND NOT b", "NOT b", ["a AND -b"]),
        ("x size > 5 y", "size > 5 y", ["x size:>5y", "x size:>5 y"]),
        ("size > 5 000 odd x", "size > 5 000", ["size:>5000 odd x", "size:>5 000 odd x"]),
        ("size > 1 000 000 y", "size > 1 000 000 y", ["size:>1000000y", "size:>1 000 000 y"]),
        ("SIZE >=5", "SIZE >=5", ["size:>=5"]),
        ("size = 5 -y", "size = 5", ["size:5 -y"]),
        ("size < 5 odd", "size < 5", ["size:<5 odd"]),
        ("size:1..2..3", "..3", ["size:1..2 ..3"]),
    ],
)
def test_an_error_points_at_the_word_and_suggests(text: str, place: str, fixes: list[str]) -> None:
    error = refused(text)
    assert error.parts[1] == place
    assert [fixed for _, fixed in error.fixes] == fixes


def test_an_unknown_state_says_what_there_is() -> None:
    assert refused("state:zzz").message == "“state” cannot be “zzz”. It can be new, in_use."


def test_a_query_has_an_end() -> None:
    many = " ".join(str(number) for number in range(MAX_TERMS))
    assert len(read(many)) == MAX_TERMS
    assert refused(f"{many} one two").parts[1] == "one two"
    assert refused("x" * MAX_LENGTH + "yz ").parts[1] == "yz"
    # Each quote is written as two.
    assert "Written out" in refused('a"' * (MAX_LENGTH // 2)).message


def test_a_term_can_be_dropped() -> None:
    query = parse("spring size:>5 -test", FIELDS)
    assert query.without(query.terms[1]).text == "spring -test"
