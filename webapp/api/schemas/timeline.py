"""What happened, as scripts read it."""

from typing import Annotated

from pydantic import Field

from webapp.api.schemas.base import Answered, Moment, Sent

Cursor = Annotated[
    str | None,
    Field(
        max_length=4_000,
        description="`meta.next_cursor` of the page before; `start`, or left out, for the first.",
    ),
]


class Event(Answered):
    """One fact. ``before`` and ``after`` are texts as people read them.

    What one request or one save did to several fields is several events with the same time.
    """

    id: str
    at: Moment
    actor: str
    source: str
    action: str
    field: str | None
    before: str | None
    after: str | None
    reason: str | None
    request_id: str | None


class WalkMeta(Answered):
    per_page: int
    next_cursor: str | None


class Timeline(Answered):
    items: list[Event]
    meta: WalkMeta


class TimelineQuery(Sent):
    per_page: int = Field(50, ge=1, le=100)
    cursor: Cursor = None


class ChangedCampaign(Answered):
    """``title`` is the one that it had then."""

    id: str
    title: str


class ChangeEvent(Event):
    campaign: ChangedCampaign


class FeedMeta(Answered):
    """``next_cursor`` is always there: ask with it again for what happens next."""

    limit: int
    next_cursor: str
    has_more: bool


class Changes(Answered):
    items: list[ChangeEvent]
    meta: FeedMeta


class ChangesQuery(Sent):
    since: str | None = Field(
        None,
        max_length=4_000,
        description="A time (ISO 8601), or `meta.next_cursor` of an answer before. Left out: from "
        "the beginning.",
        examples=["2026-03-02T09:30:00Z"],
    )
    limit: int = Field(100, ge=1, le=1_000)
