"""Changes on their way to the ad server, as scripts read them, hold them and take them back."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from webapp.api.schemas.base import Answered, Moment, NumberId, Sent
from webapp.api.schemas.campaigns import Effect
from webapp.api.schemas.timeline import ChangedCampaign, Cursor, WalkMeta

ChangeState = Literal[
    "ready",
    "held",
    "claimed",
    "sent",
    "settling",
    "probing",
    "applied",
    "rejected",
    "parked",
    "superseded",
    "cancelled",
]
Verb = Literal["hold", "release", "send_at", "cancel", "find_out", "undo", "settle", "edit"]
SentField = Literal["title", "advertiser", "external_id", "copy_needed", "total_budget"]
AnyField = Literal[
    "title", "advertiser", "external_id", "copy_needed", "total_budget", "owner", "notes"
]


class OutgoingChange(Answered):
    """One change. An effect of which both sides are ``null`` was not kept.

    ``state``: not sent yet (`ready`, `held`), under way (`claimed`, `sent`), being looked for
    because its answer was lost (`settling`, `probing`), or ended: `applied`, `rejected` by the ad
    server, `parked` (somebody has to settle it), `superseded` by a newer one, `cancelled`.
    ``waits_for`` says why an open one has not arrived. ``can`` is what may be done with it now:
    `settle` by `POST /campaigns/{uuid}/settle`, `edit` by `PUT /campaigns/{uuid}`.
    """

    id: str
    campaign: ChangedCampaign
    kind: Literal["create", "update"]
    state: ChangeState
    effects: list[Effect]
    waits_for: str | None = Field(examples=["queue"])
    can: list[Verb]
    by: str
    attempts: int
    created_at: Moment
    next_attempt_at: Moment
    not_before: Moment | None
    held_by: str | None
    sent_at: Moment | None
    finished_at: Moment | None
    last_error: str | None


class OutgoingList(Answered):
    items: list[OutgoingChange]
    meta: WalkMeta


class OutgoingListQuery(Sent):
    campaign_id: str | None = Field(None, max_length=40)
    state: ChangeState | Literal["open"] | None = Field(
        None, description="Only those in this state; `open`: all that have not ended."
    )
    per_page: int = Field(50, ge=1, le=100)
    cursor: Cursor = None


class Delay(Sent):
    """``when`` lies in the future, a year ahead at most; ``null``: as soon as it may be."""

    when: Annotated[AwareDatetime, Field(strict=True)] | None = Field(
        examples=["2026-12-24T09:00:00Z"]
    )


class Undoing(Sent):
    """Left out: every field of the change that nothing has changed since."""

    fields: Annotated[list[SentField], Field(min_length=1, max_length=5)] | None = None


class Restoring(Sent):
    """``event_id`` is of the campaign's timeline: the fields become what they were right after it.

    ``fields`` left out: every field that differs and can be restored.
    """

    event_id: NumberId
    fields: Annotated[list[AnyField], Field(min_length=1, max_length=7)] | None = None
