"""Bulk changes as scripts send them and read them: one operation on many campaigns."""

from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from webapp.api.schemas.base import Answered, Cents, Flag, Moment, NumberId, Sent, Whole
from webapp.api.schemas.campaigns import BUDGET, Currency, Text
from webapp.api.schemas.sync_runs import PageMeta
from webapp.bulk.forms import MAX_PERCENT
from webapp.bulk.service import MOST_ITEMS
from webapp.campaigns.validation import MAX_TITLE
from webapp.core.money import MAX_MINOR
from webapp.core.query import MAX_LENGTH

ONE_MEMBER: JsonDict = {"minProperties": 1, "maxProperties": 1, "additionalProperties": False}
SHOWN = Literal["warned", "planned", "done", "unchanged", "failed", "left_out"]


class OneMember(Sent):
    """An object of which exactly one member is sent."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len([name for name in self.model_fields_set if getattr(self, name) is not None]) != 1:
            raise ValueError(f"Send exactly one of {', '.join(type(self).model_fields)}.")
        return self


class Selection(OneMember):
    """Which campaigns: by their ids, or all that a query of the list finds. At most 10,000.

    As on the list page, ``q`` finds none that are archived unless it asks for them
    (``archived:any`` or ``archived:yes``). ``GET /campaigns?q=`` finds them unasked.
    """

    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_ITEMS)] | None = None
    q: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)] | None = Field(
        None, examples=["advertiser:northwind currency:usd"]
    )

    model_config = ConfigDict(json_schema_extra=ONE_MEMBER)


Words = Annotated[str, Field(examples=["Raise the budget by 10 %"])]
Picked = Annotated[str, Field(examples=["All 12 campaigns that match spring"])]
JobId = Annotated[str, Field(examples=["0d9b8f6e-5a4c-4e2f-8f3a-2b1c0d9e8f7a"])]
Warned = Annotated[str, Field(examples=["Its budget rises by more than 50 %."])]


class Nothing(Sent):
    """It needs no more words: an empty object."""


class ToOwner(Sent):
    owner: Text | None = Field(
        max_length=254, description="An operator's e-mail address; ``null``: nobody."
    )


class ToAdvertiser(Sent):
    advertiser_id: NumberId


class ToBudget(Sent):
    total_budget_cents: Cents = Field(description=BUDGET)
    total_budget_currency: Currency


class More(Sent):
    """Only for budgets in this currency. A negative amount is taken off."""

    cents: Whole = Field(ge=-MAX_MINOR, le=MAX_MINOR, examples=[10000])
    currency: Currency

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.cents == 0:
            raise ValueError("Nothing would change by 0.")
        return self


class Scale(Sent):
    """So many per cent more, or less, rounded half up to the currency's smallest unit."""

    by: Annotated[
        Decimal,
        Field(
            ge=-100,
            le=MAX_PERCENT,
            decimal_places=2,
            max_digits=6,
            description="With two decimals at most.",
            examples=["12.5"],
        ),
    ]

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.by == 0:
            raise ValueError("Nothing would change by 0 per cent.")
        return self


class Replace(Sent):
    """Plain text for plain text, each time it occurs."""

    find: str = Field(min_length=1, max_length=MAX_TITLE, examples=["Spring"])
    replacement: Text = Field("", max_length=MAX_TITLE, examples=["Summer"])
    match_case: bool = Field(False, strict=True)

    # What is looked for may begin or end with a blank.
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class BulkOperation(OneMember):
    """What is done to each of them: exactly one of these."""

    archive: Nothing | None = None
    unarchive: Nothing | None = None
    owner: ToOwner | None = None
    advertiser: ToAdvertiser | None = None
    budget: ToBudget | None = None
    add: More | None = None
    percent: Scale | None = None
    title: Replace | None = None

    model_config = ConfigDict(json_schema_extra=ONE_MEMBER)


class BulkBody(Sent):
    """``confirmed`` says that what ``needs_confirmation`` stands for in a dry run is meant."""

    selection: Selection
    operation: BulkOperation
    note: Text | None = Field(None, max_length=500, description="Why, for the timeline.")
    confirmed: bool = Field(False, strict=True)


class BulkQuery(Sent):
    dry_run: Flag = Field(False, description="Only say what would be done.")


class BulkRowsQuery(Sent):
    show: SHOWN | None = Field(None, description="Only rows in this state, or with a warning.")
    page: int = Field(1, ge=1, le=100_000, description="Of 100 rows each.")


class Values(Answered):
    """The members that change, and no others."""

    title: str | None = None
    advertiser_id: str | None = None
    external_id: str | None = None
    copy_needed: bool | None = None
    total_budget_cents: int | None = None
    total_budget_currency: str | None = None
    owner: str | None = None
    notes: str | None = None
    archived: bool | None = None
    booked: bool | None = None


class BulkRow(Answered):
    """One campaign. ``state`` is of the bulk change, ``sync_state`` the campaign's now.

    ``campaign_id`` is ``null`` while a row of an import is not booked yet.
    """

    campaign_id: str | None
    title: str
    state: Literal["planned", "done", "unchanged", "failed", "left_out"]
    message: str | None
    warnings: list[Warned]
    before: Values
    after: Values
    sync_state: str | None = Field(examples=["confirmed"])


class Reason(Answered):
    """How many rows a sentence is true of."""

    message: Warned
    rows: int


class Total(Answered):
    """Budgets of one currency, summed: amounts of two currencies are never added."""

    currency: str = Field(examples=["USD"])
    campaigns: int
    before_cents: int
    after_cents: int


class BulkPreview(Answered):
    """What would be done. ``refused`` rows cannot be done and are left out, with their reasons.

    ``needs_confirmation``: budgets rise by more than half or from 0, fall by more than half, or
    change their currency, so that ``confirmed`` is needed. ``warnings`` say how many do what.
    ``rows`` are the first 100, those with a warning first.
    """

    operation: Words
    selection: Picked
    total: int
    planned: int
    unchanged: int
    refused: int
    is_sent: bool = Field(description="Whether the ad server is told of it.")
    needs_confirmation: bool
    totals: list[Total]
    warnings: list[Reason]
    reasons: list[Reason]
    rows: list[BulkRow]


class Sending(Answered):
    """What the ad server has heard of it: changes made, those it confirmed, those still open."""

    changes: int
    confirmed: int
    open: int


class BulkJob(Answered):
    """``state`` says how far it is here; ``sending`` how far the ad server has heard of it."""

    id: JobId
    kind: Literal["edit", "import", "undo"]
    state: Literal["draft", "queued", "running", "paused", "finished", "cancelled"]
    operation: Words | None
    selection: Picked
    by: str
    total: int
    done: int
    unchanged: int
    failed: int
    left_out: int
    message: str | None
    undoes: JobId | None = Field(description="The bulk change that this one undoes.")
    sending: Sending
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class BulkJobRows(BulkJob):
    rows: list[BulkRow]
    meta: PageMeta
