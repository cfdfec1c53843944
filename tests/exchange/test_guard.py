"""Guarded cells: nothing a spreadsheet would calculate, and every text comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.exchange.columns import READ_HEADINGS, digest_of, mark_of, read_mark
from webapp.exchange.guard import guarded, unguarded

SIGNS = set("=+-@\uff1d\uff0b\uff0d\uff20")
TRICKY = st.text(alphabet="'=+-@[]\t\r\n ,;\"a\xa0\uff1d\uff20", max_size=8)
ANY_TEXT = st.one_of(TRICKY, st.text(max_size=40))


@given(ANY_TEXT)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(ANY_TEXT)
def test_no_cell_is_calculated(text: str) -> None:
    cell = guarded(text)
    assert cell.lstrip()[:1] not in SIGNS or not cell.strip()
    assert cell[:1] not in set("\t\r\n")
    assert cell != "[]"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("-5 % off", "'-5 % off"),
        ("'=1", "''=1"),
        (" =1", "' =1"),
        ("[]", "'[]"),
        ("’tis spring", "’tis spring"),
        ("'quoted'", "'quoted'"),
        ("a=b", "a=b"),
    ],
)
def test_only_what_needs_it_is_guarded(text: str, cell: str) -> None:
    assert guarded(text) == cell


@pytest.mark.parametrize("cell", ["=1+1", "'twas", "''", "plain"])
def test_an_apostrophe_that_guards_nothing_is_text(cell: str) -> None:
    assert unguarded(cell) == cell


@given(st.lists(ANY_TEXT, min_size=len(READ_HEADINGS), max_size=len(READ_HEADINGS)))
def test_a_mark_tells_each_cell_as_it_was_written(cells: list[str]) -> None:
    digests = read_mark(mark_of(map(digest_of, cells)))
    assert digests == dict(zip(READ_HEADINGS, map(digest_of, cells), strict=True))


@given(st.text(max_size=60))
def test_anything_else_is_no_mark(text: str) -> None:
    assert read_mark(text) is None
    assert read_mark(f"m1.{text}") is None or len(text) == 44


@pytest.mark.parametrize(
    ("written", "come_back"),
    [
        ("two\nlines", "two\r\nlines"),
        (" blank ", "blank"),
        ("5000.00", "5000"),
        ("5000.50", "5000.5"),
    ],
)
def test_a_spreadsheet_may_write_the_same_otherwise(written: str, come_back: str) -> None:
    assert digest_of(written) == digest_of(come_back)


@pytest.mark.parametrize(
    ("one", "other"), [("5000", "500"), ("0050", "50"), ("a", "b"), ("1.0.0", "1.0")]
)
def test_what_means_something_else_has_another_digest(one: str, other: str) -> None:
    assert digest_of(one) != digest_of(other)
