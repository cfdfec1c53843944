"""What somebody has to settle of a campaign, and second records of one booking."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from webapp.api.schemas.base import Answered, Moment, Sent
from webapp.api.schemas.timeline import ChangedCampaign, Cursor, WalkMeta

Choice = Literal["find_out", "link", "book_again", "archive", "recreate", "detach", "send_again"]


class Candidate(Answered):
    """A campaign of the ad server that the booking in doubt may be."""

    id: str
    megaphone_id: str
    title: str
    external_id: str | None
    advertiser: str | None = Field(examples=["Northwind Coffee"])
    total_budget_cents: int | None
    total_budget_currency: str | None
    created_at: Moment | None


class Unsettled(Answered):
    """``choices`` is empty where nothing has to be settled. ``change_id`` is the change it is
    about, ``detail`` what is known of it."""

    campaign_id: str
    choices: list[Choice]
    change_id: str | None
    detail: str | None
    candidates: list[Candidate]


class Settlement(Sent):
    """``candidate_id`` is needed with `link`, and not taken otherwise."""

    choice: Choice
    candidate_id: (
        Annotated[UUID, Field(description="The `id` of one of the candidates.")] | None
    ) = None

    @model_validator(mode="after")
    def _candidate_where_needed(self) -> Self:
        if (self.choice == "link") != (self.candidate_id is not None):
            raise ValueError("Send “candidate_id” with the choice “link”, and only then.")
        return self


class Duplicate(Answered):
    """The ad server has a second record with the external id of a campaign that was booked here.

    ``duplicate_id`` is the second record here, ``null`` until it was read.
    """

    id: str
    campaign: ChangedCampaign
    megaphone_id: str
    external_id: str
    duplicate_id: str | None
    seen_at: Moment
    closed_at: Moment | None
    closed_by: str | None


class DuplicateList(Answered):
    items: list[Duplicate]
    meta: WalkMeta


class DuplicateListQuery(Sent):
    per_page: int = Field(50, ge=1, le=100)
    cursor: Cursor = None
