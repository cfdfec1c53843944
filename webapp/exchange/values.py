"""From the cells that somebody typed to the value of a field group, or what is wrong with them.

Asks no database: what can be picked comes in by ``facts.Known``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.core.money import MoneyError, is_currency, parse_amount
from webapp.core.text import fold
from webapp.exchange.columns import (
    ADVERTISER,
    ADVERTISER_ID,
    AGENCY,
    ARCHIVED,
    BUDGET,
    COPY_NEEDED,
    CURRENCY,
    EXTERNAL_ID,
    NOTES,
    OWNER,
    TITLE,
)
from webapp.exchange.facts import Facts, Known
from webapp.web.forms import clean_text

HEADINGS_OF = {
    "title": (TITLE,),
    "advertiser": (ADVERTISER_ID, ADVERTISER, AGENCY),
    "external_id": (EXTERNAL_ID,),
    "budget": (BUDGET, CURRENCY),
    "copy_needed": (COPY_NEEDED,),
    "owner": (OWNER,),
    "notes": (NOTES,),
    "archived": (ARCHIVED,),
}
YES_OR_NO = dict.fromkeys(("yes", "y", "true", "1"), True) | dict.fromkeys(
    ("no", "n", "false", "0"), False
)
MOST_DIGITS = 9
# What spreadsheets make of a long number: 1.23E+15, or zeros from the sixteenth digit on.
EXACT_DIGITS = 15

_BREAKS = re.compile(r"[\r\n\t]+")
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


class Wrong(Exception):
    """A cell that cannot be used. The text says why."""

    def __init__(self, heading: str, message: str) -> None:
        super().__init__(f"{heading}: {message}")


@dataclass(frozen=True)
class Typed:
    """The cells of a line that somebody typed into, and all others as they stand."""

    cells: Mapping[str, str]
    typed: Mapping[str, str]
    cleared: frozenset[str]
    facts: Facts | None
    has_decimal_comma: bool

    def touches(self, group: str) -> bool:
        return any(name in self.typed or name in self.cleared for name in HEADINGS_OF[group])

    def refuse_clearing(self, group: str) -> None:
        for name in HEADINGS_OF[group]:
            if name in self.cleared:
                raise Wrong(name, "It cannot be empty.")


def _title(typed: Typed, _known: Known) -> str:
    typed.refuse_clearing("title")
    return _one_line(typed.typed[TITLE])


def _external_id(typed: Typed, _known: Known) -> str | None:
    if EXTERNAL_ID in typed.cleared:
        return None
    text = _one_line(typed.typed[EXTERNAL_ID])
    old = (typed.facts.external_id if typed.facts else None) or ""
    if _SHORTENED.fullmatch(text) or _is_rounded(text, old):
        raise Wrong(
            EXTERNAL_ID,
            f"“{text}” looks like a long number that the spreadsheet has shortened. Make the "
            "column one of text there, and fill it in again.",
        )
    return text or None


def _is_rounded(text: str, old: str) -> bool:
    is_long = text.isdigit() and len(text) == len(old) > EXACT_DIGITS
    return is_long and text[:EXACT_DIGITS] == old[:EXACT_DIGITS] and not text[15:].strip("0")


def _copy_needed(typed: Typed, _known: Known) -> bool:
    return _yes_or_no(typed, "copy_needed")


def _archived(typed: Typed, _known: Known) -> bool:
    return _yes_or_no(typed, "archived")


def _yes_or_no(typed: Typed, group: str) -> bool:
    typed.refuse_clearing(group)
    [name] = HEADINGS_OF[group]
    text = typed.typed[name].strip()
    if fold(text) not in YES_OR_NO:
        raise Wrong(name, f"“{text[:60]}” is neither yes nor no.")
    return YES_OR_NO[fold(text)]


def _owner(typed: Typed, known: Known) -> int | None:
    if OWNER in typed.cleared:
        return None
    email = typed.typed[OWNER].strip()
    if fold(email) not in known.operators:
        near = _did_you_mean(known.operators_like(email))
        raise Wrong(OWNER, f"Nobody signs in here as “{email[:100]}”.{near}")
    return known.operators[fold(email)]


def _notes(typed: Typed, _known: Known) -> str | None:
    return None if NOTES in typed.cleared else str(clean_text(typed.typed[NOTES])) or None


def _budget(typed: Typed, _known: Known) -> list[Any] | None:
    if BUDGET in typed.cleared:
        if CURRENCY in typed.typed:
            raise Wrong(CURRENCY, "There is no amount beside it.")
        return None
    if CURRENCY in typed.cleared:
        raise Wrong(CURRENCY, f"Clear “{BUDGET}” as well: an amount needs its currency.")
    known = typed.facts.total_budget_currency if typed.facts else None
    currency = typed.cells.get(CURRENCY, known or "").strip().upper()
    amount = typed.cells.get(BUDGET, "").strip()
    if not amount:
        raise Wrong(BUDGET, "Fill in the amount beside its currency.")
    if CURRENCY in typed.typed and not is_currency(currency):
        raise Wrong(
            CURRENCY, f"There is no currency “{currency[:20]}”. Type its code, such as USD."
        )
    if not currency and not typed.facts:
        raise Wrong(CURRENCY, "Fill in the budget’s currency, such as USD.")
    try:
        # Files whose cells are separated by semicolons have commas in their numbers.
        minor = parse_amount(amount, currency or None, decimal_comma=typed.has_decimal_comma)
    except MoneyError as problem:
        raise Wrong(BUDGET, f"“{amount[:60]}”: {problem}") from None
    return [minor, currency or None]


def _advertiser(typed: Typed, known: Known) -> int:
    typed.refuse_clearing("advertiser")
    if ADVERTISER_ID in typed.typed:
        return _by_id(typed, known)
    name = typed.cells.get(ADVERTISER, "").strip()
    if not name:
        raise Wrong(ADVERTISER, "Fill in its name, or its ID.")
    found = known.named.get(fold(name), [])
    if not found:
        near = _did_you_mean(known.buyers_like(name))
        raise Wrong(ADVERTISER, f"There is none called “{name[:100]}”.{near}")
    agency = fold(typed.cells.get(AGENCY, "")).strip()
    through = [buyer for buyer in found if fold(buyer.agency) == agency]
    if AGENCY in typed.typed and not through:
        agencies = ", ".join(f"“{buyer.agency}”" for buyer in found)
        raise Wrong(AGENCY, f"“{name[:100]}” is bought through {agencies}.")
    fitting = through or found
    if len(fitting) > 1:
        listed = ", ".join(f"{buyer.id} (through {buyer.agency})" for buyer in fitting[:5])
        raise Wrong(ADVERTISER, f"Several are called “{name[:100]}”. Fill in the ID: {listed}.")
    return fitting[0].id


def _did_you_mean(names: Sequence[str]) -> str:
    if not names:
        return ""
    *first, last = [f"“{name}”" for name in names]
    return f" Did you mean {', '.join(first) + ' or ' if first else ''}{last}?"


def _by_id(typed: Typed, known: Known) -> int:
    text = typed.typed[ADVERTISER_ID].strip()
    digits = text.removesuffix(".0")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
    buyer = known.buyers.get(int(digits)) if is_number else None
    if buyer is None:
        raise Wrong(ADVERTISER_ID, f"There is no advertiser {text[:60]}.")
    name = typed.typed.get(ADVERTISER, "").strip()
    if name and fold(name) != fold(buyer.name):
        raise Wrong(ADVERTISER_ID, f"{digits} is “{buyer.name}”, and the name says “{name[:100]}”.")
    return buyer.id


def _one_line(cell: str) -> str:
    return str(clean_text(_BREAKS.sub(" ", cell)))


READERS: Mapping[str, Callable[[Typed, Known], Any]] = {
    "title": _title,
    "advertiser": _advertiser,
    "external_id": _external_id,
    "budget": _budget,
    "copy_needed": _copy_needed,
    "owner": _owner,
    "notes": _notes,
    "archived": _archived,
}
