"""Folding: what looks or sounds the same is found and sorted as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.text import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café", "cafe"),
        ("CAFÉ", "cafe"),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "cafe"),
        ("Straße", "strasse"),
        ("Ünïcödé", "unicode"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}bc", "abc"),
        ("\N{LATIN SMALL LIGATURE FI}ne", "fine"),
        ("ポッドキャスト", "ホットキャスト"),
        ("Подкаст", "подкаст"),
        ("播客", "播客"),
        ("100 % _off_", "100 % _off_"),
        ("", ""),
    ],
)
def test_case_accents_and_width_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == fold(folded)
    assert fold(text) == folded


@given(st.text())
def test_a_title_is_found_however_it_is_typed(text: str) -> None:
    assert fold(text.casefold()) == fold(text)
