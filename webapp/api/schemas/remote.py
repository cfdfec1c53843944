"""Records of the ad server in its own spelling: camelCase members, its own ids."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from webapp.api.schemas.base import Cents, Sent, SentInPart
from webapp.api.schemas.campaigns import BUDGET, Currency, ExternalId, Title

# As many records as the ad server gives on one page.
MOST_ROWS = 500
RemoteId = Annotated[
    str,
    Field(pattern="^[A-Za-z0-9_-]{1,64}$", examples=["9a22ee30-1a9f-11f0-8de9-0242ac120002"]),
]
TheirId = Annotated[str, Field(examples=["9a22ee30-1a9f-11f0-8de9-0242ac120002"])]


class Passed(BaseModel):
    """As the ad server gives it: there may be further members, and some may be left out."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)


class RemoteAgency(Passed):
    id: TheirId
    name: str | None = None


class RemoteAdvertiserInCampaign(Passed):
    id: TheirId
    name: str | None = None
    agency: RemoteAgency | None = None


class RemoteAdvertiser(Passed):
    id: TheirId
    name: str
    agency_id: TheirId | None = None
    competitive_categories: Any = None
    created_at: str | None = None
    updated_at: str | None = None


class RemoteCampaignValues(Passed):
    title: str
    advertiser_id: TheirId | None = None
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


class RemoteCampaign(RemoteCampaignValues):
    id: TheirId


class RemoteCampaignUnderWay(RemoteCampaignValues):
    """What is wanted, while the ad server has not answered. ``id`` is ``null`` until it has one.

    ``campaignId`` is its id in Flightdeck, ``syncState`` how far it is.
    """

    id: TheirId | None
    campaign_id: str
    sync_state: str = Field(examples=["waiting"])


class SentInCamelCase(Sent):
    model_config = ConfigDict(alias_generator=to_camel)


class NewRemoteCampaign(SentInCamelCase):
    """``advertiserId`` is the ad server's."""

    title: Title
    advertiser_id: RemoteId
    total_budget_cents: Cents | None = Field(None, description=BUDGET)
    total_budget_currency: Currency | None = None
    external_id: ExternalId | None = None
    copy_needed: bool = Field(False, strict=True)


class RemoteCampaignChange(SentInPart, SentInCamelCase):
    """Only the members that are sent change; ``null`` clears. One is needed at least."""

    title: Title = Field(default_factory=str)
    advertiser_id: RemoteId = Field(default_factory=str)
    total_budget_cents: Cents | None = Field(None, description=BUDGET)
    total_budget_currency: Currency | None = None
    external_id: ExternalId | None = None
    copy_needed: bool = Field(default_factory=bool, strict=True)


class RemotePageQuery(Sent):
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS)
