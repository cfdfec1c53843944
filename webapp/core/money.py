"""Money: integer minor units plus an ISO 4217 code. Read from people, written for them.

Nothing here touches floats. The number of minor digits is ISO 4217's: USD 2, JPY 0, KWD 3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.numbers import list_currencies

# Ten quadrillion minor units fit a signed 64-bit column with room to sum a hundred of them.
MAX_MINOR = 10**15
MAX_INPUT_LENGTH = 40
# An amount is read like one of this currency as long as none is chosen.
USUAL = "USD"
THOUSANDS = 3
MOST_NAMED = 3

# Blanks that stand between thousands: plain ones, those that do not break, thin ones.
_BLANKS = re.compile("[ \u00a0\u2000-\u200a\u202f]")
_GROUPED = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_PLAIN = re.compile(r"\d+(\.\d+)?")
_NUMBER = re.compile(r"[\d., ]+")
# Where blanks stand between thousands, a comma is none of their marks.
_SPACED = re.compile(r"([1-9]\d{0,2}(?: \d{3})+)(?:([.,])(\d+))?")
_WITH_COMMA = re.compile(r"(\d+|\d{1,3}(\.\d{3})+),\d+")

# Whose signs they are, the likeliest first.
SIGNS: Mapping[str, tuple[str, ...]] = {
    sign: tuple(codes.split())
    for sign, codes in {
        "$": "USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP UYU BBD BMD BND BSD BZD CUP DOP FJD GYD "
        "JMD KYD LRD NAD SBD SRD TTD XCD",
        "€": "EUR",
        "£": "GBP EGP FKP GIP LBP SHP SSP SYP",
        "¥": "JPY CNY",
        "₩": "KRW",
        "₹": "INR",
        "₺": "TRY",
        "₫": "VND",
        "₪": "ILS",
        "₱": "PHP",
        "₸": "KZT",
        "₴": "UAH",
        "₦": "NGN",
        "฿": "THB",
    }.items()
}
_SIGN = f"[{''.join(SIGNS)}]|[A-Za-z]{{3}}"
_SIGNED = re.compile(rf"(-?) ?({_SIGN})? ?(-?\d[\d., ]*?) ?({_SIGN})?")

# As ISO 4217 has them. CLDR's differ: it drops digits that people do not use in cash (RSD, IQD).
_CODES_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_MINOR_DIGITS = {
    code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()
}

# The currencies a form offers. A campaign in any other ISO 4217 code is still shown and kept.
CURRENCIES: tuple[str, ...] = (
    "AED",
    "ARS",
    "AUD",
    "BHD",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CZK",
    "DKK",
    "EGP",
    "EUR",
    "GBP",
    "HKD",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "ISK",
    "JOD",
    "JPY",
    "KES",
    "KRW",
    "KWD",
    "KZT",
    "MAD",
    "MXN",
    "MYR",
    "NGN",
    "NOK",
    "NZD",
    "OMR",
    "PEN",
    "PHP",
    "PKR",
    "PLN",
    "QAR",
    "RON",
    "RSD",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TND",
    "TRY",
    "TWD",
    "UAH",
    "USD",
    "UYU",
    "VND",
    "ZAR",
)


# Numbers of minor digits other than the usual 2.
UNUSUAL_DIGITS = tuple(_CODES_BY_DIGITS)


class MoneyError(ValueError):
    """An amount that cannot be read, with a sentence that says what to type instead."""


class AmbiguousAmount(MoneyError):
    """Its comma or point may mean either thing; ``readings`` are texts that mean one each."""

    def __init__(self, message: str, readings: tuple[str, str]) -> None:
        super().__init__(message)
        self.readings = readings


@dataclass(frozen=True, slots=True)
class Money:
    """``minor`` units (cents, yen, fils) of ``currency`` (ISO 4217)."""

    minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with exactly the currency's digits."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))


def minor_digits(currency: str) -> int:
    """How many digits follow the point in this currency; 2 for a code nobody knows."""
    return _MINOR_DIGITS.get(currency, 2)


def currencies_with(digits: int) -> tuple[str, ...]:
    """The currencies with this unusual number of minor digits; all others have 2."""
    return tuple(_CODES_BY_DIGITS[digits].split())


@cache
def is_currency(code: str) -> bool:
    """Whether ISO 4217 (as CLDR lists it) has this code."""
    return code in list_currencies()


def meanings(sign: str) -> str:
    """The currencies whose sign it is: ``JPY or CNY``."""
    codes = SIGNS[sign]
    *first, last = codes if len(codes) <= MOST_NAMED else (*codes[:MOST_NAMED], "another")
    return f"{', '.join(first)} or {last}" if first else last


def plain_blanks(text: str) -> str:
    """The text with a plain blank for each that may stand in an amount and does not break."""
    return _BLANKS.sub(" ", text)


def parse_amount(text: str, currency: str | None, *, decimal_comma: bool = False) -> int:
    """Read what a person typed as minor units of ``currency``.

    Accepts ``5000``, ``5,000``, ``5,000.00``, ``5 000,00``, each with a sign or the code of its
    currency beside it: of any, where none is chosen yet. With ``decimal_comma``, ``5.000,00``, too.
    Refuses, with :class:`MoneyError`: another currency's sign, exponents, anything not a number,
    more digits than the currency has, more than ``MAX_MINOR`` minor units, and the texts whose
    comma or point may mean either thing.
    """
    text = plain_blanks(text).strip()
    if len(text) > MAX_INPUT_LENGTH:
        raise MoneyError("This amount is too long. Type a number such as 5000.00.")
    text = _without_sign(text, currency)
    if text.startswith("-") and re.sub("[,. ]", "", text[1:]).isdigit():
        raise MoneyError("A budget cannot be negative. Type 0 or more.")
    currency = currency or USUAL
    digits = minor_digits(currency)
    text = _without_blanks(text, digits, decimal_comma=decimal_comma)
    if decimal_comma and _WITH_COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    _refuse_ambiguous(text, digits)
    if not text.isascii() or not (_GROUPED.fullmatch(text) or _PLAIN.fullmatch(text)):
        raise MoneyError("This is not an amount. Type digits with a point, such as 5000.00.")
    whole, _, fraction = text.replace(",", "").partition(".")
    if len(fraction.rstrip("0")) > digits:
        raise MoneyError(f"{currency} has {digits} digits after the point. Round the amount.")
    minor = int(whole + fraction[:digits].ljust(digits, "0"))
    if minor > MAX_MINOR:
        limit = format_amount(MAX_MINOR, currency)
        raise MoneyError(f"This amount is too large. The most is {limit} {currency}.")
    return minor


def _without_sign(text: str, currency: str | None) -> str:
    """What is left without a sign or code that fits the currency. Raises ``MoneyError``."""
    found = _SIGNED.fullmatch(text)
    if not found:
        return text
    minus, before, number, after = found.groups()
    for sign in filter(None, (before, after)):
        codes = SIGNS.get(sign) or (sign.upper(),)
        if not is_currency(codes[0]):
            return text
        if currency and currency not in codes:
            means = f" ({meanings(sign)})" if sign in SIGNS else ""
            raise MoneyError(
                f"This amount says {sign.upper()}{means}, and its currency is {currency}. "
                "Change one of the two."
            )
    return minus + number


def _without_blanks(text: str, digits: int, *, decimal_comma: bool) -> str:
    """The amount without blanks between its thousands, and then with a point for a fraction."""
    if " " not in text or not _NUMBER.fullmatch(text):
        return text
    found = _SPACED.fullmatch(text)
    if not found:
        raise MoneyError("Blanks stand only between thousands, as in 1 234.56. Leave them out.")
    whole, mark, fraction = found[1].replace(" ", ""), found[2], found[3] or ""
    if mark == "," and len(fraction) == THOUSANDS and not decimal_comma:
        part = f"{whole}.{fraction if digits == THOUSANDS else fraction[:2]}"
        raise AmbiguousAmount(
            f"{text} can be read two ways. Type {part} for a fraction, "
            f"or {whole}{fraction} for a whole amount.",
            (part, whole + fraction),
        )
    return f"{whole}.{fraction}" if mark else whole


def _refuse_ambiguous(text: str, digits: int) -> None:
    # 1.234 is one thousand two hundred in Berlin; 12,50 is twelve and a half there.
    point = re.fullmatch(r"([1-9]\d{0,2})\.(\d{3})", text)
    if point and digits != 3:
        whole = point[1] + point[2]
        raise AmbiguousAmount(
            f"{text} can be read two ways. Type {whole} for {int(whole):,}, "
            f"or {point[1]}.{point[2][:2]} for {point[1]} and a fraction.",
            (whole, f"{point[1]}.{point[2][:2]}"),
        )
    comma = re.fullmatch(r"(\d+),(\d{1,2})", text)
    if comma:
        raise AmbiguousAmount(
            f"{text} can be read two ways. Type {comma[1]}.{comma[2]} for a fraction, "
            f"or {comma[1]}{comma[2]} for a whole amount.",
            (f"{comma[1]}.{comma[2]}", f"{comma[1]}{comma[2]}"),
        )


def format_amount(minor: int, currency: str) -> str:
    """``123456, "USD"`` as ``1,234.56``; the code is not part of it."""
    return f"{Money(minor, currency).amount:,f}"


def plain_amount(minor: int, currency: str) -> str:
    """``123456, "USD"`` as ``1234.56``: for form fields, scripts and spreadsheets."""
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    text = str(abs(minor)).zfill(digits + 1)
    return f"{'-' if minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"
