"""What a typed budget means beside the one that is there: figures, readings, and when to ask.

The rules of a budget are the service's; here is what a person sees before saving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from webapp.campaigns.fields import readable
from webapp.core.money import AmbiguousAmount, MoneyError, format_amount, parse_amount

# More than this asks whether it is meant: a zero too many is quickly typed.
LARGE_RISE_PERCENT = 50
RISE = f"a rise by more than {LARGE_RISE_PERCENT} %"
FROM_ZERO = "a rise from 0"
OTHER_CURRENCY = "another currency"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read an amount: what to type for it, and how it looks then."""

    text: str
    words: str


@dataclass(frozen=True, slots=True)
class Figures:
    """``words`` is the line under the field; ``tick`` is what a box must say before it is saved.

    ``asks`` says what has to be meant for that: a large rise, or what is none to compare with.
    """

    words: str = ""
    problem: str | None = None
    readings: Sequence[Reading] = ()
    tick: str | None = None
    question: str | None = None
    asks: str = ""

    @property
    def demand(self) -> str:
        """What is said to someone who has not ticked the box."""
        return f"Tick the box if {self.asks} is meant: {self.words}."


def figures(text: str, currency: str | None, now: Any, *, is_new: bool = False) -> Figures:
    """``now`` is the budget group of what is there (``[minor, currency]``), or ``None``."""
    if not text:
        return Figures("" if is_new or now is None else f"No budget – {_now(now)}")
    try:
        minor = parse_amount(text, currency)
    except AmbiguousAmount as problem:
        return Figures(problem=str(problem), readings=_readings(problem, currency))
    except MoneyError as problem:
        return Figures(problem=str(problem))
    if not currency:
        return Figures(f"{format_amount(minor, 'USD')} – pick a currency")
    return _beside(minor, currency, now, is_new=is_new)


def rise(wanted: Any, now: Any) -> Figures:
    """What one budget group means in the place of another."""
    if not wanted or not wanted[1]:
        return Figures()
    minor, currency = wanted
    return _beside(minor, currency, now, is_new=False)


def _beside(minor: int, currency: str, now: Any, *, is_new: bool) -> Figures:
    typed = readable("budget", [minor, currency], {})
    if is_new:
        return Figures(typed or "")
    if now == [minor, currency]:
        return Figures(f"{typed} – as it is now")
    words = f"{typed} – {_now(now, minor, currency)}"
    asks = to_be_meant([minor, currency], now)
    if not asks:
        return Figures(words)
    question = _question(asks, minor, currency, now)
    return Figures(words, tick=f"{minor} {currency}", question=question, asks=asks)


def _question(asks: str, minor: int, currency: str, now: Any) -> str:
    before, typed = (readable("budget", each, {}) for each in (now, [minor, currency]))
    if asks == OTHER_CURRENCY:
        return f"Yes, change it from {before} to {typed} (another currency: cannot be compared)"
    why = "there was 0" if asks == FROM_ZERO else _percent(minor, now[0])
    return f"Yes, raise it from {before} to {typed} ({why})"


def _now(now: Any, minor: int | None = None, currency: str | None = None) -> str:
    if now is None:
        return "no budget now"
    words = f"now {readable('budget', now, {})}"
    if minor is None:
        return words
    if now[1] != currency:
        return f"{words}, in another currency"
    return f"{words} ({_percent(minor, now[0])})" if now[0] else words


def to_be_meant(wanted: Any, now: Any) -> str | None:
    """What has to be meant for this budget beside the one there is; a first one is compared with
    nothing."""
    if not now or not wanted or not wanted[0]:
        return None
    if now[1] != wanted[1]:
        return OTHER_CURRENCY
    if not now[0]:
        return FROM_ZERO
    return RISE if wanted[0] * 100 > int(now[0]) * (100 + LARGE_RISE_PERCENT) else None


def _percent(minor: int, before: int) -> str:
    change = Decimal(minor - before) * 100 / before
    digits = Decimal("0.1") if abs(change) < 10 else Decimal(1)
    rounded = change.quantize(digits, ROUND_HALF_UP)
    if not rounded:
        return "less than 0.1 %"
    return f"{rounded.normalize():+,f} %"


def _readings(problem: AmbiguousAmount, currency: str | None) -> list[Reading]:
    found = []
    for text in problem.readings:
        try:
            minor = parse_amount(text, currency)
        except MoneyError:
            # In a currency without a fraction only one of the two can be meant.
            continue
        words = format_amount(minor, currency or "USD")
        found.append(Reading(text, f"{currency} {words}" if currency else words))
    return found
