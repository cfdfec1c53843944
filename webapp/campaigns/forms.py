"""The form that books and edits a campaign: what was typed. The rules are the service's."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField

from webapp.campaigns.fields import EDITABLE, CampaignValues, Snapshot, editable, values_of
from webapp.campaigns.figures import Figures, figures
from webapp.campaigns.models import Campaign
from webapp.campaigns.validation import MAX_TITLE
from webapp.core.money import CURRENCIES, MoneyError, parse_amount, plain_amount, plain_blanks
from webapp.web.forms import BaseForm, clean_text

# Where the service's messages belong.
FIELD_OF = {"total_budget_minor": "total_budget"}
FIELD_OF_GROUP = {"advertiser": "advertiser_id", "budget": "total_budget", "owner": "owner_id"}
GROUP_OF = {
    "advertiser_id": "advertiser",
    "total_budget_minor": "budget",
    "total_budget_currency": "budget",
    "owner_id": "owner",
}
FIELDS = (
    "title",
    "advertiser_id",
    "external_id",
    "total_budget",
    "total_budget_currency",
    "copy_needed",
    "owner_id",
    "notes",
)
CARRIED = ("intent_key", "opened", "budget_tick")
# Before the names of fields that carry along what someone typed, while it is weighed.
MINE = "mine-"
MAX_ID_DIGITS = 9
# What a button says that offers one of two readings of an amount: this, and then the amount.
READING = "reading:"


def row_id(text: Any) -> int | None:
    """A row's id from a form; ``None`` for anything that cannot be one."""
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS else None


@dataclass(frozen=True, slots=True)
class Offered:
    """What the form's lists offer: ids and words.

    ``is_many``: there are too many advertisers for a list; these are what a search found. Of too
    many owners there is none: a name is typed.
    """

    advertisers: Sequence[tuple[int, str]]
    owners: Sequence[tuple[int, str]] | None
    is_many: bool = False


class CampaignForm(BaseForm):
    """``opened`` is what the fields held when the form was drawn, to tell what was typed since.

    ``start`` is what the fields of a new campaign hold at first. ``budget_tick`` is the box that a
    large rise or another currency asks for: it holds the figures that it was ticked for.
    ``owner_problem`` says why the name of an owner was not taken, ``owner_choices`` are those that
    it may mean.
    """

    title = StringField("Title")
    advertiser_id = SelectField("Advertiser", coerce=row_id, validate_choice=False)
    external_id = StringField("External ID")
    # Blanks that do not break would be dropped, and what they divide be one number.
    total_budget = StringField("Total budget", filters=[lambda text: plain_blanks(text or "")])
    total_budget_currency = SelectField("Currency", validate_choice=False)
    copy_needed = BooleanField("Ad copy is needed")
    owner_id = SelectField("Owner", coerce=row_id, validate_choice=False)
    notes = TextAreaField("Notes")
    owner_name = StringField("Owner")
    advertiser_search = StringField("Find an advertiser")
    budget_tick = StringField()
    intent_key = HiddenField()
    version = HiddenField()
    opened = HiddenField()

    def __init__(
        self,
        offered: Offered,
        campaign: Campaign | None = None,
        prefix: str = "",
        start: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data=_shown(campaign) | dict(start or {}), prefix=prefix)
        self._campaign = campaign
        self.is_many = offered.is_many
        self.is_owner_typed = offered.owners is None
        self.owner_problem: str | None = None
        self.owner_choices: Sequence[tuple[str, str]] = ()
        # For the label; the service says what is missing.
        self.title.flags.required = True
        self.advertiser_id.choices = [("", "Pick an advertiser"), *offered.advertisers]
        self.owner_id.choices = [("", "Nobody"), *(offered.owners or ())]
        self.total_budget_currency.choices = self._currencies()

    def _currencies(self) -> list[tuple[str, str]]:
        own = self._campaign.total_budget_currency if self._campaign else None
        typed = self.total_budget_currency.data
        extra = {code for code in (own, typed) if code and code not in CURRENCIES}
        return [("", "No currency"), *((code, code) for code in (*CURRENCIES, *sorted(extra)))]

    def values(self) -> CampaignValues | None:
        """What was typed; ``None`` when the amount cannot be read, with the reason at its field."""
        try:
            return values_of({group: self.group(group) for group in EDITABLE})
        except MoneyError as problem:
            self.add_errors({"total_budget": str(problem)}, {})
            return None

    def figures(self) -> Figures:
        """What the typed budget means beside the one that is there."""
        now = editable(self._campaign)["budget"] if self._campaign else None
        currency = self.total_budget_currency.data or None
        return figures(self.total_budget.data or "", currency, now, is_new=self._campaign is None)

    def asks_for_tick(self) -> bool:
        """Whether the budget has to be meant and nobody has said that it is; with the reason."""
        if self._campaign and self._campaign.version != self.seen_version():
            # Someone saved meanwhile: both are weighed first, and asked about there.
            return False
        found = self.figures()
        if not found.tick or self.budget_tick.data == found.tick:
            return False
        self.add_errors({"budget_tick": found.demand}, {})
        return True

    def is_owner_unclear(self) -> bool:
        """Whether the typed name of an owner is not one person's; with the reason."""
        if self.owner_problem is None:
            return False
        self.add_errors({"owner_name": self.owner_problem}, {})
        return True

    def field_of(self) -> dict[str, str]:
        """Where the service's messages belong."""
        return FIELD_OF | ({"owner_id": "owner_name"} if self.is_owner_typed else {})

    def read_as(self, again: str | None) -> None:
        """Put the reading of an amount that a button offered in place of what was typed."""
        if again and again.startswith(READING):
            self.total_budget.data = again.removeprefix(READING)

    def group(self, group: str) -> Any:
        """What was typed for one field group. Raises ``MoneyError``."""
        if group == "title":
            return self._text("title")
        if group in ("external_id", "notes"):
            return self._text(group) or None
        if group in ("advertiser", "owner"):
            return self[FIELD_OF_GROUP[group]].data
        if group == "copy_needed":
            return self.copy_needed.data
        currency = self.total_budget_currency.data or None
        if not self.total_budget.data:
            return None
        return [parse_amount(self.total_budget.data, currency), currency]

    def _text(self, name: str) -> str:
        """The typed text, or the stored one where a browser only could not show it as it is."""
        typed: str = self[name].data or ""
        stored = self.opened_groups().get(name) or getattr(self._campaign, name, None)
        shown = clean_text if name == "notes" else _as_shown
        return str(stored) if stored is not None and typed == shown(stored) else typed

    def key(self) -> uuid.UUID:
        """The one-time key the form was drawn with; a new one when it was tampered with."""
        try:
            return uuid.UUID(self.intent_key.data)
        except (ValueError, TypeError, AttributeError):
            return uuid.uuid4()

    def seen_version(self) -> int:
        return row_id(self.version.data) or 0

    def opened_groups(self) -> Snapshot:
        """What the fields held when the form was drawn; empty when that cannot be read."""
        return read_snapshot(self.opened.data)

    def as_hidden(self) -> list[tuple[str, str]]:
        """What was typed, as names and values to be sent along unseen under ``MINE``."""
        texts = {name: str(self[name].data or "") for name in (*FIELDS, *CARRIED)}
        texts["copy_needed"] = "y" if self.copy_needed.data else ""
        return [(MINE + name, text) for name, text in texts.items()]


def as_copy(campaign: Campaign) -> dict[str, Any]:
    """What the form of a new campaign like this one holds at first; its ids stay behind."""
    shown = _shown(campaign)
    own = ("external_id", "intent_key", "version", "opened", "owner_id")
    title = f"Copy of {shown['title']}"[:MAX_TITLE]
    return {name: value for name, value in shown.items() if name not in own} | {"title": title}


def fields_of(group: str) -> list[str]:
    """The names of the form's fields that make up a group."""
    if group == "budget":
        return ["total_budget", "total_budget_currency"]
    return [FIELD_OF_GROUP.get(group, group)]


def read_snapshot(text: str | None) -> Snapshot:
    """Groups from a hidden field, without those that are not what we put there."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {group: found[group] for group in EDITABLE if group in found and _is_sound(group, found)}


def _is_sound(group: str, found: Snapshot) -> bool:
    value = found[group]
    if group == "copy_needed":
        return isinstance(value, bool)
    if group in ("advertiser", "owner"):
        return value is None or row_id(value) == value
    if group == "budget":
        return value is None or _is_money(value)
    return value is None or isinstance(value, str)


def _is_money(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2
    return is_pair and type(value[0]) is int and isinstance(value[1], str | None)


def _shown(campaign: Campaign | None) -> dict[str, Any]:
    """A campaign as the form's fields show it."""
    if campaign is None:
        return {"intent_key": str(uuid.uuid4())}
    minor, currency = campaign.total_budget_minor, campaign.total_budget_currency
    return {
        "title": _as_shown(campaign.title),
        "advertiser_id": campaign.advertiser_id,
        "external_id": _as_shown(campaign.external_id or ""),
        "total_budget": "" if minor is None else plain_amount(minor, currency or "USD"),
        "total_budget_currency": currency or "",
        "copy_needed": campaign.copy_needed,
        "owner_id": campaign.owner_id,
        "notes": clean_text(campaign.notes or ""),
        "intent_key": str(uuid.uuid4()),
        "version": str(campaign.version),
        "opened": json.dumps(editable(campaign)),
    }


def _as_shown(text: str) -> str:
    # A browser's one-line field drops line breaks; the form drops blanks and what cannot be seen.
    return str(clean_text(text.replace("\r", "").replace("\n", "")))
