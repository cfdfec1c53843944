"""Campaigns as scripts send them and read them."""

from typing import Literal

from pydantic import Field

from webapp.api.schemas.base import Answered, Flag, Moment, NumberId, Sent

SortBy = Literal[
    "title",
    "created_at",
    "updated_at",
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
    """``total`` counts all that was found. ``next_cursor`` is ``null`` at the end, or by pages."""

    page: int | None
    per_page: int
    total: int | None
    next_cursor: str | None


class CampaignList(Answered):
    items: list[Campaign]
    meta: ListMeta


class CampaignListQuery(Sent):
    """Either ``search`` (plain words) or ``q`` (the query language), and by pages or by cursor."""

    search: str | None = Field(None, max_length=400)
    q: str | None = Field(None, max_length=400)
    advertiser_id: NumberId | None = None
    archived: Flag | None = None
    sort_by: SortBy = "created_at"
    sort_order: Literal["asc", "desc"] = "desc"
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=500)
