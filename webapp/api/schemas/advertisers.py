"""Advertisers and agencies as scripts read them."""

from pydantic import Field

from webapp.api.schemas.base import Moment, NumberId, Sent
from webapp.api.schemas.campaigns import AdvertiserInCampaign, Agency

MOST_ROWS = 10_000


class Advertiser(AdvertiserInCampaign):
    """Names are not unique: a company bought through two agencies is two advertisers.

    ``created_at`` and ``updated_at`` are the ad server's.
    """

    organization_id: str
    competitive_categories: str | None
    created_at: Moment | None
    updated_at: Moment | None
    synced_at: Moment


class FullAgency(Agency):
    organization_id: str
    external_id: str | None
    created_at: Moment | None
    updated_at: Moment | None
    synced_at: Moment


class BarePageQuery(Sent):
    """Without ``page`` and ``per_page`` all rows come at once, at most 10,000."""

    page: int | None = Field(None, ge=1, le=100_000)
    per_page: int | None = Field(
        None, ge=1, le=MOST_ROWS, description="100 when only ``page`` is given."
    )

    def asked(self) -> tuple[int, int]:
        """The page, and how many rows it has."""
        every = MOST_ROWS if self.page is None else 100
        return self.page or 1, self.per_page or every


class AdvertiserListQuery(BarePageQuery):
    search: str | None = Field(
        None, max_length=200, description="Words of the name, or of the agency's."
    )
    agency_id: NumberId | None = None
