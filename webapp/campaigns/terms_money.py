"""Money in a query: ``>5000usd``, ``1000..5000``; without a currency it means any currency.

Amounts in several currencies are never compared with each other: 5000 without a currency is 5,000
yen or 5,000.00 dollars.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from webapp.campaigns.models import Campaign
from webapp.campaigns.stretches import stretch
from webapp.core.money import (
    CURRENCIES,
    MAX_MINOR,
    SIGNS,
    UNUSUAL_DIGITS,
    MoneyError,
    currencies_with,
    format_amount,
    is_currency,
    meanings,
    minor_digits,
    parse_amount,
)
from webapp.core.query_errors import MOST_SUGGESTED, BadValue, nearest
from webapp.core.query_terms import RANGE, Value

# Stands for any currency while an amount is read: it has the most digits there are.
FINEST = "CLF"
USUAL_DIGITS = 2
_ENDS = re.compile(r"(?:([A-Za-z]+)\s?)?([^A-Za-z]+?)(?:\s?([A-Za-z]+))?")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_SHORTENED = re.compile(r"(\d+(?:\.\d+)?)\s?([kKmM])\s?([A-Za-z]{3})?")


@dataclass(frozen=True, slots=True)
class Amounts:
    """A value as read: major units, one for a comparison, two for a range."""

    op: str
    ends: tuple[Decimal, ...]
    currency: str | None

    def minor_bounds(self, digits: int) -> tuple[int, int]:
        """The least and the most minor units that are meant, in a currency with so many digits."""
        low, high = (end.scaleb(digits) for end in (self.ends[0], self.ends[-1]))
        above = int(low.to_integral_value(ROUND_CEILING))
        below = int(high.to_integral_value(ROUND_FLOOR))
        return {
            ">": (int(low.to_integral_value(ROUND_FLOOR)) + 1, MAX_MINOR),
            ">=": (above, MAX_MINOR),
            "<": (0, int(high.to_integral_value(ROUND_CEILING)) - 1),
            "<=": (0, below),
        }.get(self.op, (above, below))


def read_amounts(value: Value) -> Amounts:
    """Raises ``BadValue``."""
    texts = [text for text in (value.text, value.high) if text]
    parts = [_split(text, value) for text in texts]
    currencies = {code for _, code in parts if code}
    if len(currencies) > 1:
        raise BadValue("The two ends of a range must be in the same currency.")
    currency = next(iter(currencies), None)
    ends = tuple(_amount(text, currency, value) for text, _ in parts)
    if value.op == RANGE and ends[0] > ends[1]:
        turned = Value(value.high, RANGE, value.text).written()
        raise BadValue("The first end of this range is the larger one.", turned)
    return Amounts(value.op, ends, currency)


def _split(text: str, value: Value) -> tuple[str, str | None]:
    """The digits of an amount and its currency."""
    coded = _with_code(text, value)
    _refuse_shorthand(coded, text, value)
    found = _ENDS.fullmatch(coded)
    if not found or (found[1] and found[3]):
        raise BadValue(f"“{text}” is no amount. Type digits and a currency, such as 5000usd.")
    code = (found[1] or found[3] or "").upper()
    if code and not is_currency(code):
        near = [
            _instead(value, text, found[2].strip() + name.lower())
            for name in nearest(code, CURRENCIES)
        ]
        raise BadValue(f"There is no currency {code}. Type its ISO code, such as USD.", *near)
    return found[2].strip(), code or None


def _with_code(text: str, value: Value) -> str:
    """The amount with its currency's code for its sign, if it has one. Raises ``BadValue``."""
    bare = text.strip()
    sign = next((sign for sign in SIGNS if bare.startswith(sign) or bare.endswith(sign)), None)
    if sign is None:
        return bare
    rest = bare.removeprefix(sign).removesuffix(sign).strip()
    named = _LETTERS.search(rest)
    if named and named[0].upper() in SIGNS[sign]:
        return rest
    if len(SIGNS[sign]) == 1:
        return rest + SIGNS[sign][0]
    offered = [code.lower() for code in SIGNS[sign] if code in CURRENCIES][:MOST_SUGGESTED]
    meant = [_instead(value, text, rest + code) for code in offered if rest and not named]
    raise BadValue(f"{sign} may be {meanings(sign)}. Type the code of one.", *meant)


def _refuse_shorthand(coded: str, text: str, value: Value) -> None:
    short = _SHORTENED.fullmatch(coded)
    if short:
        whole = Decimal(short[1]) * (1000 if short[2] in "kK" else 1_000_000)
        meant = _instead(value, text, f"{whole.normalize():f}{(short[3] or '').lower()}")
        raise BadValue("Type the amount with all its digits.", meant)


def _amount(text: str, currency: str | None, value: Value) -> Decimal:
    code = currency or FINEST
    try:
        return Decimal(parse_amount(text, code)).scaleb(-minor_digits(code))
    except MoneyError as error:
        words = str(error).replace(f" {FINEST}", "").replace("A budget", "An amount")
        whole, mark, rest = text.replace(",", ".").partition(".")
        meant = (
            [f"{whole}.{rest[:2]}", whole + rest]
            if mark and (whole + rest).isdigit() and (whole + rest).isascii()
            else []
        )
        suffix = (currency or "").lower()
        suggested = [_instead(value, value.text, amount + suffix) for amount in meant]
        raise BadValue(words, *([] if value.high else suggested)) from None


def _instead(value: Value, text: str, words: str) -> str:
    low, high = (words if end == text else end for end in (value.text, value.high))
    return Value(low, value.op, high).written()


def by_budget(value: Value) -> ColumnElement[bool]:
    """Campaigns with such a budget; with a currency, one stretch of the list's index."""
    amounts = read_amounts(value)
    minor, code = Campaign.total_budget_minor, Campaign.total_budget_currency
    if amounts.currency is None:
        return _in_any_currency(amounts, minor, code)
    least, most = amounts.minor_bounds(minor_digits(amounts.currency))
    if least > most:
        return false()
    # As campaigns.keys.budget_key writes them.
    first, end = (f"{amounts.currency:3}{minor:016d}" for minor in (least, most + 1))
    return stretch(Campaign.budget_key, first, end)


def by_revenue(value: Value) -> ColumnElement[bool]:
    amounts = read_amounts(value)
    minor, code = Campaign.total_revenue_minor, Campaign.total_revenue_currency
    if amounts.currency is None:
        return _in_any_currency(amounts, minor, code)
    return and_(code == amounts.currency, _within(amounts, minor, minor_digits(amounts.currency)))


def _in_any_currency(
    amounts: Amounts,
    minor: InstrumentedAttribute[int | None],
    code: InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    unusual = [code_ for digits in UNUSUAL_DIGITS for code_ in currencies_with(digits)]
    usual = and_(code.not_in(unusual), _within(amounts, minor, USUAL_DIGITS))
    others = [
        and_(code.in_(currencies_with(digits)), _within(amounts, minor, digits))
        for digits in UNUSUAL_DIGITS
    ]
    return or_(usual, *others)


def _within(
    amounts: Amounts, minor: InstrumentedAttribute[int | None], digits: int
) -> ColumnElement[bool]:
    least, most = amounts.minor_bounds(digits)
    return minor.between(least, most) if least <= most else false()


def words_of(value: Value) -> str:
    """``more than USD 5,000.00``."""
    amounts = read_amounts(value)
    ends = [_written(end, amounts.currency) for end in amounts.ends]
    suffix = "" if amounts.currency else " in any currency"
    if value.op == RANGE:
        return f"{ends[0]} to {ends[1]}{suffix}"
    sign = {">": "more than ", ">=": "at least ", "<": "less than ", "<=": "at most "}
    return f"{sign.get(value.op, '')}{ends[0]}{suffix}"


def _written(end: Decimal, currency: str | None) -> str:
    if currency is None:
        return f"{end.normalize():,f}"
    return f"{currency} {format_amount(int(end.scaleb(minor_digits(currency))), currency)}"
