"""Amounts: read from people exactly or refused with words, and written for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.money import (
    CURRENCIES,
    MAX_MINOR,
    Money,
    MoneyError,
    format_amount,
    is_currency,
    minor_digits,
    parse_amount,
    plain_amount,
)

NO_DIGITS = {"CLP", "ISK", "JPY", "KRW", "VND"}
THREE_DIGITS = {"BHD", "JOD", "KWD", "OMR", "TND"}

currencies = st.sampled_from(CURRENCIES)
amounts = st.integers(min_value=0, max_value=MAX_MINOR)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_each_currency_has_the_digits_of_iso_4217(currency: str) -> None:
    expected = 0 if currency in NO_DIGITS else 3 if currency in THREE_DIGITS else 2
    assert minor_digits(currency) == expected


def test_the_currencies_offered_exist_once_and_in_order() -> None:
    assert list(CURRENCIES) == sorted(set(CURRENCIES))
    assert all(is_currency(code) for code in CURRENCIES)


@given(amounts, currencies)
def test_what_is_written_reads_back_as_the_same_amount(minor: int, currency: str) -> None:
    assert parse_amount(format_amount(minor, currency), currency) == minor
    assert parse_amount(plain_amount(minor, currency), currency) == minor


@given(st.text(max_size=60), currencies)
def test_any_text_is_an_amount_in_bounds_or_refused(text: str, currency: str) -> None:
    try:
        minor = parse_amount(text, currency)
    except MoneyError:
        return
    assert 0 <= minor <= MAX_MINOR


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("5000", "USD", 500_000),
        ("5,000", "USD", 500_000),
        ("5,000.00", "USD", 500_000),
        ("  12.5 ", "USD", 1250),
        ("0", "USD", 0),
        ("0.01", "USD", 1),
        ("1,234,567.89", "USD", 123_456_789),
        ("5000", "JPY", 5000),
        ("5000.00", "JPY", 5000),
        ("1.234", "KWD", 1234),
        ("10000000000000", "USD", MAX_MINOR),
    ],
)
def test_an_amount_as_people_type_it_is_read(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "words"),
    [
        ("", "USD", "not an amount"),
        ("-5", "USD", "cannot be negative"),
        ("-5,000.00", "USD", "cannot be negative"),
        ("−5", "USD", "not an amount"),  # noqa: RUF001
        ("+5", "USD", "not an amount"),
        ("1E+500", "USD", "not an amount"),
        ("1e3", "USD", "not an amount"),
        ("NaN", "USD", "not an amount"),
        ("Infinity", "USD", "not an amount"),
        ("0x10", "USD", "not an amount"),
        ("1_000", "USD", "not an amount"),
        ("٣", "USD", "not an amount"),
        ("$5", "USD", "not an amount"),
        ("5 000", "USD", "not an amount"),
        (".5", "USD", "not an amount"),
        ("5.", "USD", "not an amount"),
        ("1,23,456", "USD", "not an amount"),
        ("1.234.567", "USD", "not an amount"),
        ("12.345678", "USD", "2 digits after the point"),
        ("0.125", "USD", "2 digits after the point"),
        ("100.5", "JPY", "0 digits after the point"),
        ("1.2345", "KWD", "3 digits after the point"),
        ("10000000000000.01", "USD", "too large"),
        ("9" * 40, "USD", "too large"),
        ("9" * 41, "USD", "too long"),
    ],
)
def test_an_amount_that_cannot_be_meant_is_refused(text: str, currency: str, words: str) -> None:
    with pytest.raises(MoneyError, match=words):
        parse_amount(text, currency)


def test_too_many_digits_are_never_rounded_away() -> None:
    with pytest.raises(MoneyError, match="digits after the point"):
        parse_amount("0." + "9" * 38, "USD")


def test_a_point_that_may_mean_thousands_is_refused_with_both_readings() -> None:
    with pytest.raises(MoneyError) as refused:
        parse_amount("1.234", "USD")
    assert "1234" in str(refused.value)
    assert "1.23" in str(refused.value)


def test_a_comma_that_may_mean_a_fraction_is_refused_with_both_readings() -> None:
    with pytest.raises(MoneyError) as refused:
        parse_amount("12,50", "EUR")
    assert "12.50" in str(refused.value)
    assert "1250" in str(refused.value)


@pytest.mark.parametrize(
    ("minor", "currency", "shown", "plain"),
    [
        (123_456, "USD", "1,234.56", "1234.56"),
        (0, "USD", "0.00", "0.00"),
        (1_234_567, "JPY", "1,234,567", "1234567"),
        (1_234_567, "KWD", "1,234.567", "1234.567"),
        (MAX_MINOR, "USD", "10,000,000,000,000.00", "10000000000000.00"),
    ],
)
def test_amounts_are_written_with_the_currency_s_digits(
    minor: int, currency: str, shown: str, plain: str
) -> None:
    assert format_amount(minor, currency) == shown
    assert plain_amount(minor, currency) == plain
    assert str(Money(minor, currency).amount) == plain


@pytest.mark.parametrize("code", ["XXZ", "usd", "", "US", "USDD"])
def test_what_is_no_currency_is_not_taken_for_one(code: str) -> None:
    assert not is_currency(code)
