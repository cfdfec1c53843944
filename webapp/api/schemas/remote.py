"""Records of the ad server in its own spelling: camelCase members, its own ids."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from webapp.api.schemas.base import Sent

# As many records as the ad server gives on one page.
MOST_ROWS = 500


class Passed(BaseModel):
    """As the ad server gives it: there may be further members, and some may be left out."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)


class RemoteAgency(Passed):
    id: str
    name: str | None = None


class RemoteAdvertiserInCampaign(Passed):
    id: str
    name: str | None = None
    agency: RemoteAgency | None = None


class RemoteAdvertiser(Passed):
    id: str
    name: str
    agency_id: str | None = None
    competitive_categories: Any = None
    created_at: str | None = None
    updated_at: str | None = None


class RemoteCampaign(Passed):
    id: str
    title: str
    advertiser_id: str | None = None
    advertiser: RemoteAdvertiserInCampaign | None = None
    organization_id: str | None = None
    external_id: str | None = None
    total_budget_cents: int | None = None
    total_budget_currency: str | None = None
    total_revenue_cents: int | None = None
    total_revenue_currency: str | None = None
    duration_in_seconds: int | None = None
    copy_needed: bool | None = None
    booking_source: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class RemotePageQuery(Sent):
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS)
