"""The forms of the operations: one small form each, read into an operation."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar

from flask import request
from wtforms import BooleanField, HiddenField, SelectField, StringField

from webapp.advertisers import finding
from webapp.advertisers import queries as advertisers
from webapp.advertisers.finding import Meant
from webapp.auth import access
from webapp.auth import queries as operators
from webapp.bulk.operations import (
    AddToBudget,
    Archive,
    Operation,
    ReplaceInTitle,
    ScaleBudget,
    SetAdvertiser,
    SetBudget,
    SetOwner,
    Unarchive,
)
from webapp.campaigns import named, owners
from webapp.campaigns.forms import row_id
from webapp.campaigns.named import Kind
from webapp.core.money import CURRENCIES, MoneyError, parse_amount, plain_blanks
from webapp.web.forms import BaseForm

NOBODY = "nobody"
PERCENT = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,2})?) ?%?")
MAX_PERCENT = 1_000
# A minus as typographers write it.
MINUS = "\u2212"


class OperationForm(BaseForm):
    """:meth:`operation` is what was typed; ``None`` with a message at the field that is wrong."""

    # For their labels.
    needed: ClassVar[tuple[str, ...]] = ()
    # What its field for a name suggests.
    finds: ClassVar[Kind | None] = None

    def __init__(self) -> None:
        super().__init__()
        for name in self.needed:
            self[name].flags.required = True

    def operation(self) -> Operation | None:
        raise NotImplementedError

    def _refuse(self, field: str, message: str) -> None:
        self.add_errors({field: message}, {})


class ArchiveForm(OperationForm):
    def operation(self) -> Operation | None:
        return Archive()


class UnarchiveForm(OperationForm):
    def operation(self) -> Operation | None:
        return Unarchive()


class OwnerForm(OperationForm):
    owner = SelectField("Owner", validate_choice=False)

    def __init__(self) -> None:
        super().__init__()
        self._known = {str(id_): email for id_, email in operators.operator_choices()}
        choices = [("", "Pick an owner"), (NOBODY, "Nobody"), *self._known.items()]
        self.owner.choices = choices

    def operation(self) -> Operation | None:
        if self.owner.data == NOBODY:
            return SetOwner(None, NOBODY)
        if self.owner.data not in self._known:
            self._refuse("owner", "Pick an owner from the list.")
            return None
        return SetOwner(int(self.owner.data), self._known[self.owner.data])


class _NameForm(OperationForm):
    """A name, typed; ``chosen`` is the one that was picked from what it found.

    ``choices`` are those that a name may mean, to be pressed.
    """

    needed = ("name",)
    name = StringField()
    chosen = HiddenField()

    def __init__(self) -> None:
        super().__init__()
        self.choices: Sequence[tuple[str | int, str]] = ()


class TypedOwnerForm(_NameForm):
    finds = owners.OWNER
    name = StringField("Owner", description="An e-mail address or a part of it; me, or nobody.")

    def operation(self) -> Operation | None:
        pressed = request.form.get("choice")
        typed = None if pressed else self.name.data or ""
        if typed == "":
            self._refuse("name", "Type an owner’s address, or nobody.")
            return None
        box = owners.box_of(pressed or self.chosen.data or "", typed, access.operator().id)
        if box.value == owners.NOBODY:
            return SetOwner(None, NOBODY)
        people = {str(id_): email for id_, email in operators.operator_choices()}
        if box.value not in people:
            self.choices = box.choices
            self._refuse("name", owners.problem_of(box))
            return None
        return SetOwner(int(box.value), people[box.value])


def _owner_form() -> OperationForm:
    """A list to pick from, as long as it is one."""
    is_list = len(operators.operator_choices()) <= named.MOST_LISTED
    return OwnerForm() if is_list else TypedOwnerForm()


class AdvertiserForm(_NameForm):
    finds = named.KINDS["advertiser"]
    name = StringField(
        "Advertiser",
        description="Its name, or a part of it. Its agency stands behind the dash.",
    )

    def operation(self) -> Operation | None:
        pressed = row_id(request.form.get("choice", ""))
        typed = self.name.data or ""
        if not typed and not pressed:
            self._refuse("name", "Type an advertiser’s name.")
            return None
        found = Meant(pressed) if pressed else finding.meant(typed, row_id(self.chosen.data))
        advertiser = advertisers.get_advertiser(found.id) if found.id else None
        if advertiser is None:
            self.choices = found.choices
            self._refuse("name", self._problem(typed))
            return None
        return SetAdvertiser(advertiser.id, advertiser.name, advertiser.connection_id)

    def _problem(self, typed: str) -> str:
        if self.choices:
            return f"Several advertisers match “{typed}”. Press the one that is meant."
        return f"No advertiser matches “{typed}”."


class _MoneyForm(OperationForm):
    needed = ("amount",)
    amount = StringField("Amount", filters=[lambda text: plain_blanks(text or "")])
    currency = SelectField("Currency", validate_choice=False)

    def __init__(self) -> None:
        super().__init__()
        self.currency.choices = [("", "Pick a currency"), *((code, code) for code in CURRENCIES)]

    def _minor(self, text: str) -> int | None:
        if self.currency.data not in CURRENCIES:
            self._refuse("currency", "Pick a currency from the list.")
            return None
        try:
            return parse_amount(text, self.currency.data)
        except MoneyError as problem:
            self._refuse("amount", str(problem))
            return None


class BudgetForm(_MoneyForm):
    def operation(self) -> Operation | None:
        minor = self._minor(self.amount.data or "")
        return None if minor is None else SetBudget(minor, self.currency.data)


class AddForm(_MoneyForm):
    def __init__(self) -> None:
        super().__init__()
        self.amount.description = "With a minus in front it is taken off."

    def operation(self) -> Operation | None:
        typed = (self.amount.data or "").replace(MINUS, "-")
        sign = -1 if typed.startswith("-") else 1
        minor = self._minor(typed.lstrip("+-").strip())
        if minor == 0:
            self._refuse("amount", "Nothing would change by 0. Type another amount.")
        return AddToBudget(sign * minor, self.currency.data) if minor else None


class PercentForm(OperationForm):
    needed = ("percent",)
    percent = StringField(
        "Per cent",
        description="Such as 10 or -12.5. Rounded half up to the currency’s smallest unit.",
    )

    def operation(self) -> Operation | None:
        found = PERCENT.fullmatch((self.percent.data or "").replace(MINUS, "-"))
        if found is None:
            self._refuse("percent", "Type a number such as 10 or -12.5, with a point.")
            return None
        percent = Decimal(found[1] + found[2])
        if not -100 <= percent <= MAX_PERCENT or percent == 0:
            self._refuse("percent", f"Type a number from -100 to {MAX_PERCENT:,}, but not 0.")
            return None
        return ScaleBudget(str(percent))


class TitleForm(OperationForm):
    needed = ("find",)
    find = StringField("Find")
    replacement = StringField("Replace with", description="Left empty, what is found is removed.")
    match_case = BooleanField("Match capital and small letters")

    def operation(self) -> Operation | None:
        if not self.find.data:
            self._refuse("find", "Type what to look for.")
            return None
        return ReplaceInTitle(self.find.data, self.replacement.data or "", self.match_case.data)


# By the name of the operation: what it is called, and its form.
FORMS: dict[str, tuple[str, Callable[[], OperationForm]]] = {
    "archive": ("Archive", ArchiveForm),
    "unarchive": ("Take out of the archive", UnarchiveForm),
    "owner": ("Set the owner", _owner_form),
    "advertiser": ("Set the advertiser", AdvertiserForm),
    "budget": ("Set the budget", BudgetForm),
    "add": ("Add to the budget", AddForm),
    "percent": ("Raise or lower the budget", PercentForm),
    "title": ("Find and replace in titles", TitleForm),
}
