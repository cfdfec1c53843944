"""What can be done to many campaigns at once. Each says what a campaign shall be, or why it cannot.

An operation is kept with its job as plain values (:func:`kept`), and read back by :func:`read`.
"""

import re
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from webapp.campaigns.validation import MAX_TITLE
from webapp.core.money import MAX_MINOR, format_amount

Wanted = dict[str, Any]

NOT_IN_TITLE = "The text is not in its title."
SMALL = "So small a change of its budget is rounded to none."


class Impossible(Exception):
    """It cannot be done to this campaign; the text says why, to an operator."""


class Unchanged(Exception):
    """There is nothing to be done to this campaign; the text says why, to an operator."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Hide from the daily list. Local: no ad server is told."""

    name: ClassVar[str] = "archive"
    words: ClassVar[str] = "Archive"

    def wanted(self, facts: Any) -> Wanted:
        if facts.archived_at:
            raise Unchanged("It is in the archive already.")
        return {"archived": True}


@dataclass(frozen=True, slots=True)
class Unarchive:
    """Bring back to the daily list. Local, like archiving."""

    name: ClassVar[str] = "unarchive"
    words: ClassVar[str] = "Take out of the archive"

    def wanted(self, facts: Any) -> Wanted:
        if not facts.archived_at:
            raise Unchanged("It is not in the archive.")
        return {"archived": False}


@dataclass(frozen=True, slots=True)
class SetOwner:
    """``owner_id`` ``None`` is nobody. Local."""

    owner_id: int | None
    owner: str
    name: ClassVar[str] = "owner"

    @property
    def words(self) -> str:
        return f"Set the owner to {self.owner}"

    def wanted(self, facts: Any) -> Wanted:
        if facts.owner_id == self.owner_id:
            raise Unchanged("It has this owner already." if self.owner_id else "It has no owner.")
        return {"owner": self.owner_id}


@dataclass(frozen=True, slots=True)
class SetAdvertiser:
    """Only for campaigns of the advertiser's own connection."""

    advertiser_id: int
    advertiser: str
    connection_id: int
    name: ClassVar[str] = "advertiser"

    @property
    def words(self) -> str:
        return f"Set the advertiser to {self.advertiser}"

    def wanted(self, facts: Any) -> Wanted:
        if facts.connection_id != self.connection_id:
            raise Impossible("It belongs to another connection than this advertiser.")
        if facts.advertiser_id == self.advertiser_id:
            raise Unchanged("It has this advertiser already.")
        return {"advertiser": self.advertiser_id}


@dataclass(frozen=True, slots=True)
class SetBudget:
    """The same budget for all."""

    minor: int
    currency: str
    name: ClassVar[str] = "budget"

    @property
    def words(self) -> str:
        return f"Set the budget to {self.currency} {format_amount(self.minor, self.currency)}"

    def wanted(self, facts: Any) -> Wanted:
        return _budget(facts, self.minor, self.currency)


@dataclass(frozen=True, slots=True)
class AddToBudget:
    """An amount more, or less: only for budgets in its own currency."""

    minor: int
    currency: str
    name: ClassVar[str] = "add"

    @property
    def words(self) -> str:
        amount = f"{self.currency} {format_amount(abs(self.minor), self.currency)}"
        return f"Lower the budget by {amount}" if self.minor < 0 else f"Add {amount} to the budget"

    def wanted(self, facts: Any) -> Wanted:
        currency = _currency_of(facts)
        if currency != self.currency:
            raise Impossible(f"Its budget is in {currency}, and the amount in {self.currency}.")
        return _budget(facts, facts.total_budget_minor + self.minor, currency)


@dataclass(frozen=True, slots=True)
class ScaleBudget:
    """So many per cent more, or less, rounded half up to the smallest unit of the currency."""

    percent: str
    name: ClassVar[str] = "percent"

    @property
    def words(self) -> str:
        change = Decimal(self.percent)
        return f"{'Lower' if change < 0 else 'Raise'} the budget by {abs(change):f} %"

    def wanted(self, facts: Any) -> Wanted:
        currency = _currency_of(facts)
        exact = facts.total_budget_minor * (100 + Decimal(self.percent)) / 100
        minor = int(exact.to_integral_value(ROUND_HALF_UP))
        if minor == facts.total_budget_minor:
            raise Unchanged(SMALL if minor else "Its budget is 0, and so is any part of it.")
        return _budget(facts, minor, currency)


@dataclass(frozen=True, slots=True)
class ReplaceInTitle:
    """Plain text for plain text, every time it occurs."""

    find: str
    replacement: str
    match_case: bool
    name: ClassVar[str] = "title"

    @property
    def words(self) -> str:
        new = f"“{self.replacement}”" if self.replacement else "nothing"
        return f"Replace “{self.find}” in titles with {new}"

    def wanted(self, facts: Any) -> Wanted:
        flags = 0 if self.match_case else re.IGNORECASE
        # By a function, or a backslash in the new text would mean something.
        title, times = re.subn(
            re.escape(self.find), lambda _: self.replacement, facts.title, flags=flags
        )
        if facts.title in (title, title.strip()):
            raise Unchanged("Its title stays the same." if times else NOT_IN_TITLE)
        if not title.strip():
            raise Impossible("Nothing would be left of its title.")
        if len(title) > MAX_TITLE:
            raise Impossible(f"Its title would have more than {MAX_TITLE} characters.")
        return {"title": title.strip()}


Operation = (
    Archive
    | Unarchive
    | SetOwner
    | SetAdvertiser
    | SetBudget
    | AddToBudget
    | ScaleBudget
    | ReplaceInTitle
)
_CLASSES: dict[str, type[Operation]] = {
    each.name: each
    for each in (
        Archive,
        Unarchive,
        SetOwner,
        SetAdvertiser,
        SetBudget,
        AddToBudget,
        ScaleBudget,
        ReplaceInTitle,
    )
}


def kept(operation: Operation) -> dict[str, Any]:
    """As it is kept with the job: its name, its words, and its values."""
    return {"name": operation.name, "words": operation.words, "values": asdict(operation)}


def read(data: dict[str, Any]) -> Operation:
    return _CLASSES[data["name"]](**data["values"])


def _currency_of(facts: Any) -> str:
    if facts.total_budget_minor is None or facts.total_budget_currency is None:
        raise Impossible("It has no budget that could be changed.")
    return str(facts.total_budget_currency)


def _budget(facts: Any, minor: int, currency: str) -> Wanted:
    if minor < 0:
        raise Impossible("Its budget would fall below zero.")
    if minor > MAX_MINOR:
        raise Impossible("Its budget would be larger than any that can be kept.")
    if (facts.total_budget_minor, facts.total_budget_currency) == (minor, currency):
        raise Unchanged("It has this budget already.")
    return {"budget": [minor, currency]}
