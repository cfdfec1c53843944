"""Conflicts as scripts read and settle them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from webapp.api.schemas.base import Answered, Cents, Moment, Sent, Whole
from webapp.api.schemas.campaigns import Currency, ExternalId
from webapp.api.schemas.timeline import ChangedCampaign, Cursor, WalkMeta


class BudgetValue(Answered):
    total_budget_cents: int
    total_budget_currency: str | None


class AdvertiserValue(Answered):
    id: str
    name: str | None


Value = str | bool | BudgetValue | AdvertiserValue | None


class Conflict(Answered):
    """``base`` is what both sides had before, ``ours`` what is here now."""

    id: str
    campaign: ChangedCampaign
    field: Literal["title", "advertiser", "external_id", "copy_needed", "total_budget"]
    base: Value
    ours: Value
    theirs: Value
    seen_at: Moment


class ConflictList(Answered):
    items: list[Conflict]
    meta: WalkMeta


class ConflictListQuery(Sent):
    campaign_id: str | None = Field(None, max_length=40)
    per_page: int = Field(50, ge=1, le=100)
    cursor: Cursor = None


class SentBudget(Sent):
    total_budget_cents: Cents
    total_budget_currency: Currency


class Resolution(Sent):
    """``value`` is needed when that is the choice, and not taken otherwise.

    A text for `title` and `external_id`, true or false for `copy_needed`, an id for `advertiser`,
    an object for `total_budget`; ``null`` clears.
    """

    choice: Literal["ours", "theirs", "value"]
    value: Annotated[bool, Field(strict=True)] | Whole | ExternalId | SentBudget | None = None

    @model_validator(mode="after")
    def _value_where_needed(self) -> Self:
        if (self.choice == "value") != ("value" in self.model_fields_set):
            raise ValueError("Send “value” with the choice “value”, and only then.")
        return self
