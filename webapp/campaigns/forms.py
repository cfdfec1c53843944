"""The form that books and edits a campaign: what was typed. The rules are the service's."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField, HiddenField, SelectField, StringField

from webapp.campaigns.fields import CampaignValues, Snapshot, snapshot
from webapp.campaigns.models import Campaign
from webapp.core.money import CURRENCIES, MoneyError, parse_amount, plain_amount
from webapp.web.forms import BaseForm, clean_text

# Where the service's messages belong.
FIELD_OF = {"total_budget_minor": "total_budget"}
FIELD_OF_GROUP = {"advertiser": "advertiser_id", "budget": "total_budget"}
MAX_ID_DIGITS = 9


def _row_id(text: Any) -> int | None:
    text = str(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS else None


class CampaignForm(BaseForm):
    """``opened`` is what the fields held when the form was drawn, to tell what was typed since."""

    title = StringField("Title")
    advertiser_id = SelectField("Advertiser", coerce=_row_id, validate_choice=False)
    external_id = StringField("External ID")
    total_budget = StringField("Total budget")
    total_budget_currency = SelectField("Currency", validate_choice=False)
    copy_needed = BooleanField("Ad copy is needed")
    intent_key = HiddenField()
    version = HiddenField()
    opened = HiddenField()

    def __init__(
        self, advertisers: list[tuple[int, str]], campaign: Campaign | None = None
    ) -> None:
        super().__init__(data=_shown(campaign))
        self._campaign = campaign
        # For the label; the service says what is missing.
        self.title.flags.required = True
        self.advertiser_id.choices = [("", "Pick an advertiser"), *advertisers]
        self.total_budget_currency.choices = self._currencies()

    def _currencies(self) -> list[tuple[str, str]]:
        own = self._campaign.total_budget_currency if self._campaign else None
        typed = self.total_budget_currency.data
        extra = {code for code in (own, typed) if code and code not in CURRENCIES}
        return [("", "No currency"), *((code, code) for code in (*CURRENCIES, *sorted(extra)))]

    def values(self) -> CampaignValues | None:
        """What was typed; ``None`` when the amount cannot be read, with the reason at its field."""
        minor, currency = None, self.total_budget_currency.data or None
        if self.total_budget.data:
            try:
                minor = parse_amount(self.total_budget.data, currency or "USD")
            except MoneyError as problem:
                self.add_errors({"total_budget": str(problem)}, {})
                return None
        return CampaignValues(
            title=self._text("title"),
            advertiser_id=self.advertiser_id.data,
            external_id=self._text("external_id") or None,
            total_budget_minor=minor,
            total_budget_currency=None if minor is None else currency,
            copy_needed=self.copy_needed.data,
        )

    def _text(self, name: str) -> str:
        """The typed text, or the stored one where a browser only could not show it as it is."""
        typed: str = self[name].data or ""
        stored: str | None = getattr(self._campaign, name, None)
        return stored if stored is not None and typed == _as_shown(stored) else typed

    def key(self) -> uuid.UUID:
        """The one-time key the form was drawn with; a new one when it was tampered with."""
        try:
            return uuid.UUID(self.intent_key.data)
        except (ValueError, TypeError, AttributeError):
            return uuid.uuid4()

    def seen_version(self) -> int:
        return _row_id(self.version.data) or 0

    def opened_groups(self) -> Snapshot:
        """What the fields held when the form was drawn; empty when that cannot be read."""
        try:
            opened = json.loads(self.opened.data or "{}")
        except ValueError:
            return {}
        return opened if isinstance(opened, dict) else {}

    def move_on(self, campaign: Campaign, untouched: Mapping[str, Any]) -> None:
        """Draw the form anew on what is stored now: saving it again then is a decision.

        ``untouched`` names the groups that were not typed in; they take the stored value.
        """
        shown = _shown(campaign)
        for group in untouched:
            for name in _fields_of(group):
                self[name].data = shown[name]
        self.version.data, self.opened.data = shown["version"], shown["opened"]


def _fields_of(group: str) -> list[str]:
    if group == "budget":
        return ["total_budget", "total_budget_currency"]
    return [FIELD_OF_GROUP.get(group, group)]


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
        "intent_key": str(uuid.uuid4()),
        "version": str(campaign.version),
        "opened": json.dumps(snapshot(campaign)),
    }


def _as_shown(text: str) -> str:
    # A browser's one-line field drops line breaks; the form drops blanks and what cannot be seen.
    return str(clean_text(text.replace("\r", "").replace("\n", "")))
