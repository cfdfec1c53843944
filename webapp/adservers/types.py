"""The records that cross the border between Flightdeck and an ad server.

All are immutable. Times are aware and in UTC, money is integer minor units (ISO 4217), and what an
ad server leaves out is ``None``. ``raw`` is the ad server's own record, untouched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from webapp.core.ratelimit import Priority

__all__ = [
    "Archive",
    "BadRow",
    "CampaignPatch",
    "CampaignSpec",
    "Capabilities",
    "CheckResult",
    "ConnectionSettings",
    "MarkerMode",
    "MarkerSearch",
    "Priority",
    "RemoteAdvertiser",
    "RemoteAgency",
    "RemoteCampaign",
    "RemotePage",
    "RequestRecord",
]

T = TypeVar("T")
Raw = Mapping[str, object]

# Keys: title, advertiser_id, external_id, total_budget (a Money or None), copy_needed.
# A key that is absent keeps its value in the ad server; None clears it.
CampaignPatch = Mapping[str, object]


class Archive(StrEnum):
    """What archiving means in an ad server."""

    NONE = "none"
    ONE_WAY = "one_way"
    REVERSIBLE = "reversible"
    LOCAL_ONLY = "local_only"


class MarkerMode(StrEnum):
    """Whether the ad server keeps a marker by which a campaign of ours is found again."""

    UNIQUE = "unique"
    STORED = "stored"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RemoteAgency:
    """A company that buys for advertisers."""

    id: str
    name: str
    external_id: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoteAdvertiser:
    """Whose campaigns they are. Names repeat: the id and the agency tell two apart."""

    id: str
    name: str
    agency_id: str | None
    agency_name: str | None
    competitive_categories: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoteCampaign:
    """A campaign as the ad server has it. ``advertiser`` is what it says of it: less than a list.

    It is there for an advertiser that no list has, and stands for no full record.
    """

    id: str
    title: str
    advertiser_id: str | None
    advertiser: RemoteAdvertiser | None
    external_id: str | None
    total_budget_minor: int | None
    total_budget_currency: str | None
    total_revenue_minor: int | None
    total_revenue_currency: str | None
    duration_seconds: int | None
    copy_needed: bool | None
    booking_source: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A listed row that cannot be read. ``id`` where at least that was readable."""

    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RemotePage(Generic[T]):
    """One page of a listing. ``next_cursor`` is opaque; ``total`` is what the server claims.

    ``rows`` are all its records in their order, as the ad server gave them, readable or not.
    """

    items: list[T]
    bad_rows: list[BadRow]
    next_cursor: str | None
    total: int | None
    rows: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class MarkerSearch:
    """Campaigns with exactly the marker; only a ``complete`` search can prove that there is none.

    ``listed`` is how many campaigns were looked through.
    """

    found: list[RemoteCampaign]
    complete: bool
    problem: str | None = None
    listed: int = 0


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """What a new campaign is made of. ``None`` leaves the value to the ad server."""

    title: str
    advertiser_id: str
    external_id: str | None = None
    total_budget_minor: int | None = None
    total_budget_currency: str | None = None
    copy_needed: bool | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an ad server can do, for pages that must know before they draw a button."""

    label: str
    create_campaign: bool
    update_fields: frozenset[str]
    immutable_fields: frozenset[str]
    archive: Archive
    delete: bool
    budget_kinds: frozenset[str]
    marker: MarkerMode
    native_idempotency: bool
    lists_advertisers: bool
    needs_advertiser_on_create: bool
    page_size: int
    requests_per_minute: int


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A connection that answers: how many records its credential may see.

    ``looked_at`` campaigns were read from the list's beginning, middle and end, as far as that can
    be; ``unreadable`` says what was wrong with those of them that cannot be used.
    """

    advertisers: int | None
    campaigns: int | None
    looked_at: int = 0
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to reach one account of an ad server. ``requests_per_minute`` 0 means no limit."""

    base_url: str
    token: str = field(repr=False)
    organization_id: str
    requests_per_minute: int = 60


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One remote call, for the request log. The path is a template: no id, no query."""

    method: str
    path_template: str
    status: int | None
    received_bytes: int
    duration_ms: int
    outcome: str
    request_id: str | None = None
