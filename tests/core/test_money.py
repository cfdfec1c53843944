"""Amounts: read from people exactly or refused with words, and written for them."""

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.core.money import (
    CURRENCIES,
    MAX_MINOR,
    SIGNS,
    AmbiguousAmount,
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
blanks = st.sampled_from(" \u00a0\u202f")
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


def meant(text: str, currency: str) -> set[Decimal]:
    """What a text may mean: its last mark divides thousands, or a fraction from the whole."""
    number = re.sub(r"[^0-9.,]", "", text)
    whole, _, fraction = re.sub("[.,]", "#", number).rpartition("#")
    readings = {f"{whole}.{fraction}".replace("#", ""), re.sub("[.,]", "", number)}
    return {Decimal(reading).scaleb(minor_digits(currency)) for reading in readings}


pieces = st.sampled_from([*"0123456789", *" .,-", *SIGNS, "000", "234", "\u00a0", "\u202f", "USD"])


@given(st.lists(pieces, max_size=12).map("".join), currencies, st.booleans())
@example("1 234,567", "KWD", False)
@example("0,123", "KWD", False)
def test_no_text_gives_an_amount_that_its_digits_do_not_say(
    text: str, currency: str, decimal_comma: bool
) -> None:
    try:
        minor = parse_amount(text, currency, decimal_comma=decimal_comma)
    except MoneyError:
        return
    assert minor in meant(text, currency)


@given(
    amounts,
    currencies,
    st.sampled_from(sorted(SIGNS)),
    st.booleans(),
    st.sampled_from(" \u00a0\u202f"),
)
def test_an_amount_with_blanks_and_a_sign_is_that_amount_or_another_currency_s(
    minor: int, currency: str, sign: str, is_first: bool, blank: str
) -> None:
    number = format_amount(minor, currency).replace(",", blank)
    if blank in number and minor_digits(currency) == 2:
        number = number.replace(".", ",")
    text = f"{sign}{blank}{number}" if is_first else number + sign
    if currency in SIGNS[sign]:
        assert parse_amount(text, currency) == minor
    else:
        with pytest.raises(MoneyError, match=f"its currency is {currency}"):
            parse_amount(text, currency)


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
        ("$5000", "USD", 500_000),
        ("5,000.00 $", "AUD", 500_000),
        ("$5,000 USD", "USD", 500_000),
        ("USD 5,000.00", "USD", 500_000),
        ("€ 5", "EUR", 500),
        ("£5", "EGP", 500),
        ("5 000 000 ¥", "JPY", 5_000_000),
        ("1 234", "USD", 123_400),
        ("1 234,56", "EUR", 123_456),
        ("1 234.56 €", "EUR", 123_456),
        ("1\u00a0234\u202f567,5", "EUR", 123_456_750),
        ("1\u2009234", "USD", 123_400),
        ("$5", None, 500),
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
        ("$5", "EUR", r"says \$ \(USD, CAD, AUD or another\), and its currency is EUR"),
        ("5 €", "USD", r"says € \(EUR\), and its currency is USD"),
        ("5000usd", "EUR", "says USD, and its currency is EUR"),
        ("$5 eur", "EUR", r"says \$"),
        ("-$5", "USD", "cannot be negative"),
        ("-1 234", "USD", "cannot be negative"),
        ("$", "USD", "not an amount"),
        ("5xyz", "USD", "not an amount"),
        ("12 50", "USD", "Blanks stand only between thousands"),
        ("0 123", "USD", "Blanks stand only between thousands"),
        ("1 234 56", "USD", "Blanks stand only between thousands"),
        ("1,234 567", "USD", "Blanks stand only between thousands"),
        ("0,123", "USD", "not an amount"),
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
    ("text", "currency", "readings"),
    [
        ("1 234,567", "USD", ("1234.56", "1234567")),
        ("1 234,567", "KWD", ("1234.567", "1234567")),
        ("12,50 €", "EUR", ("12.50", "1250")),
    ],
)
def test_beside_blanks_and_signs_both_readings_are_told(text, currency, readings) -> None:
    with pytest.raises(AmbiguousAmount) as refused:
        parse_amount(text, currency)
    assert refused.value.readings == readings


def test_where_cells_have_decimal_commas_blanks_and_signs_stand_beside_them() -> None:
    for text in ("1.234,50 €", "1 234,50", "€1234,5"):
        assert parse_amount(text, "EUR", decimal_comma=True) == 123_450


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
