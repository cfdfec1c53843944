"""Money: integer minor units plus an ISO 4217 code. Read from people, written for them.

Nothing here touches floats. The number of minor digits is ISO 4217's: USD 2, JPY 0, KWD 3.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.numbers import list_currencies

# Ten quadrillion minor units fit a signed 64-bit column with room to sum a hundred of them.
MAX_MINOR = 10**15
MAX_INPUT_LENGTH = 40

_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_PLAIN = re.compile(r"\d+(\.\d+)?")

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


def parse_amount(text: str, currency: str) -> int:
    """Read what a person typed as minor units of ``currency``.

    Accepts ``5000``, ``5,000`` and ``5,000.00``. Refuses, with :class:`MoneyError`: signs,
    exponents, anything not a number, more digits than the currency has, more than
    ``MAX_MINOR`` minor units, and the two texts whose comma or point may mean either thing.
    """
    text = text.strip()
    if len(text) > MAX_INPUT_LENGTH:
        raise MoneyError("This amount is too long. Type a number such as 5000.00.")
    if text.startswith("-") and text[1:].replace(",", "").replace(".", "").isdigit():
        raise MoneyError("A budget cannot be negative. Type 0 or more.")
    digits = minor_digits(currency)
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
