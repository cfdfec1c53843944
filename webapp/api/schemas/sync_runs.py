"""Sync runs as scripts read them."""

from typing import Literal

from pydantic import Field

from webapp.api.schemas.base import Answered, Moment, NumberId, Sent

Status = Literal["success", "partial_failure", "complete_failure", "running"]
State = Literal[
    "requested", "running", "complete", "incomplete", "failed", "lost", "braked", "cancelled"
]
Trigger = Literal["start", "schedule", "operator"]


class Run(Answered):
    """One reading of everything: agencies, advertisers, campaigns, in this order.

    ``total`` records were read, of which ``upserted`` are here now as the ad server has them and
    ``failed`` could not be used. ``deleted`` are gone from the ad server; they are kept here,
    marked as gone. These four are of campaigns, but in the answer of ``POST /sync/advertisers`` of
    advertisers. ``status`` is for scripts, ``state`` is the same more exactly, and ``message`` in
    words. ``remote_total`` is how many campaigns the ad server says it has.
    """

    id: str
    connection_id: str
    status: Status
    state: State
    message: str
    total: int
    upserted: int
    failed: int
    deleted: int
    created: int
    updated: int
    unchanged: int
    missing: int
    advertisers: int
    agencies: int
    remote_total: int | None
    requests: int
    trigger: Trigger
    requested_by: str | None
    requested_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class AskedRun(Run):
    """``joined``: it was asked for, or under way, already; no second one was begun."""

    joined: bool


class SetAside(Answered):
    """A record that could not be used. ``id`` is the ad server's, where it could be read."""

    id: str | None
    reason: str


class FullRun(Run):
    """``set_aside`` names the first 200 records that could not be used.

    The first of them says what was wrong with the list of advertisers, if anything; it has no
    ``id``.
    """

    set_aside: list[SetAside]


class PageMeta(Answered):
    page: int
    per_page: int
    total: int


class RunList(Answered):
    items: list[Run]
    meta: PageMeta


class RunListQuery(Sent):
    state: State | None = None
    trigger: Trigger | None = None
    connection_id: NumberId | None = None
    page: int = Field(1, ge=1, le=100_000)
    per_page: int = Field(20, ge=1, le=100)
