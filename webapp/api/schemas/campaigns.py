"""Campaigns as scripts send them and read them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from webapp.api.schemas.base import Answered, Cents, Flag, Moment, NumberId, Sent, SentInPart
from webapp.campaigns.validation import MAX_EXTERNAL_ID, MAX_NOTES, MAX_TITLE
from webapp.core.query import MAX_LENGTH

SortBy = Literal[
    "title",
    "created_at",
    "updated_at",
    "changed_at",
    "organization_id",
    "total_budget_cents",
    "total_budget_currency",
    "total_revenue_cents",
    "total_revenue_currency",
    "duration_in_seconds",
    "copy_needed",
    "booking_source",
    "synced_at",
    "archived",
]


class Agency(Answered):
    id: str
    megaphone_id: str | None
    name: str


class AdvertiserInCampaign(Answered):
    id: str
    megaphone_id: str | None
    name: str
    agency: Agency | None


class SyncState(Answered):
    """``detail`` says what is the matter, where something is. Of one campaign, also what it waits
    for while somebody has stopped its sending; lists do not look for that.
    """

    state: str
    detail: str | None


class Campaign(Answered):
    """``created_at`` and ``updated_at`` are the ad server's, once it has the campaign."""

    id: str
    megaphone_id: str | None
    external_id: str | None
    title: str
    organization_id: str
    advertiser: AdvertiserInCampaign | None
    total_budget_cents: int | None
    total_budget_currency: str | None
    total_revenue_cents: int | None
    total_revenue_currency: str | None
    duration_in_seconds: int | None
    copy_needed: bool
    booking_source: str | None
    created_at: Moment
    updated_at: Moment
    synced_at: Moment | None
    archived: bool
    owner: str | None
    notes: str | None
    version: int
    sync: SyncState


class ListMeta(Answered):
    """``total`` counts all that was found, up to 10,000 unless ``total_is_exact``.

    It is exact on every page that reaches the 10,000th row.

    ``next_cursor`` is ``null`` at the end. A walk has no ``page`` and counts nothing.
    """

    page: int | None
    per_page: int
    total: int | None
    total_is_exact: bool
    next_cursor: str | None


class CampaignList(Answered):
    items: list[Campaign]
    meta: ListMeta


class CampaignListQuery(Sent):
    """Either ``search`` (plain words) or ``q`` (the query language), and by pages or by cursor."""

    search: str | None = Field(
        None, max_length=400, description="Words, each of which is found anywhere; no operators."
    )
    q: str | None = Field(
        None,
        max_length=MAX_LENGTH,
        description="A query, as the list page takes it, except that archived campaigns are found "
        "too unless it says `archived:no`. In a bulk change's `selection` they are not.",
    )
    advertiser_id: NumberId | None = None
    archived: Flag | None = Field(None, description="Left out: both.")
    sort_by: SortBy | None = Field(
        None,
        description="By pages: `created_at` unless said. `changed_at` is the order that the list "
        "page begins with: when it was last changed here, which no member says. Amounts are "
        "sorted by currency first: amounts of two currencies cannot be compared. With `cursor`, "
        "left out: the order in which campaigns came to Flightdeck, which never changes.",
    )
    sort_order: Literal["asc", "desc"] = "desc"
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(
        None,
        max_length=4_000,
        description="`start` begins a walk through everything; go on with `meta.next_cursor`.",
    )


def _no_control(text: str) -> str:
    if any(c < " " and c not in "\n\t" for c in text):
        raise ValueError("This has characters that no screen can show.")
    return text


Text = Annotated[str, AfterValidator(_no_control)]
Title = Annotated[Text, Field(min_length=1, max_length=MAX_TITLE, examples=["Spring launch"])]
ExternalId = Annotated[Text, Field(max_length=MAX_EXTERNAL_ID)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]
Owner = Annotated[
    Text, Field(max_length=254, description="The e-mail address of an operator; kept here only.")
]
Notes = Annotated[Text, Field(max_length=MAX_NOTES, description="Kept here only.")]
BUDGET = "In minor units of the currency: 5.00 USD is 500, and 500 yen are 500."


class NewCampaign(Sent):
    """What a booking takes. Without an ``external_id`` it is given one of its own."""

    title: Title
    advertiser_id: NumberId
    total_budget_cents: Cents | None = Field(None, description=BUDGET)
    total_budget_currency: Currency | None = None
    external_id: ExternalId | None = None
    copy_needed: bool = Field(False, strict=True)
    owner: Owner | None = None
    notes: Notes | None = None


class CampaignChange(SentInPart):
    """Only the members that are sent change; ``null`` clears. One is needed at least.

    ``total_budget_cents: null`` clears the currency too.
    """

    title: Title = Field(default_factory=str)
    advertiser_id: NumberId = Field(default_factory=str)
    total_budget_cents: Cents | None = Field(None, description=BUDGET)
    total_budget_currency: Currency | None = None
    external_id: ExternalId | None = None
    copy_needed: bool = Field(default_factory=bool, strict=True)
    owner: Owner | None = None
    notes: Notes | None = None


class Archiving(Sent):
    archived: bool = Field(strict=True)


class Effect(Answered):
    """What a change does to one field, in words."""

    field: str
    before: str | None
    after: str | None


class WaitingChange(Answered):
    """``id`` is what `/outgoing/{change_id}` takes.

    ``next_attempt_at`` is when it is due; whether anything stops it, the status says as a whole.
    """

    id: str
    kind: Literal["create", "update"]
    state: str
    effects: list[Effect]
    attempts: int
    created_at: Moment
    next_attempt_at: Moment
    not_before: Moment | None
    held_by: str | None
    last_error: str | None


class Unconfirmed(Answered):
    """A field in which the ad server has another value than we do; ``remote`` is its value."""

    field: str
    remote: str | None


class SyncStatus(Answered):
    """``words`` and ``detail`` are what the campaign's page says.

    ``moving``: it changes by itself, so ask again. Not moving and not confirmed: it needs somebody.
    ``next_attempt_at`` is when a change is sent, or was due and waits for its turn since; ``null``
    where nothing is sent by itself.
    """

    campaign_id: str
    megaphone_id: str | None
    state: str
    words: str
    detail: str | None
    moving: bool
    synced_at: Moment | None
    next_attempt_at: Moment | None
    waiting: list[WaitingChange]
    unconfirmed: list[Unconfirmed]
    open_conflicts: int
