"""Connections to ad servers as scripts read them. A credential is no part of it."""

from typing import Any, Literal

from pydantic import Field

from webapp.api.schemas.base import Answered, Moment, Sent


class Held(Answered):
    """An operator, or a script, keeps everything from being sent. Reading goes on."""

    at: Moment
    by: str | None
    reason: str | None


class Freshness(Answered):
    """How old our copy is. ``late``: older than two intervals. ``age_seconds`` ``null``: never."""

    late: bool
    age_seconds: int | None
    interval_seconds: int
    last_attempt_at: Moment | None
    last_success_at: Moment | None


class Breaker(Answered):
    """Open after five failures in a row: one trial a minute is made then, the next at ``trial_at``.

    ``retry_tokens`` is what sending again may still cost.
    """

    is_open: bool
    failures: int
    trial_at: Moment | None
    retry_tokens: float


class Requests(Answered):
    """Calls to the ad server in the last minute, by all of Flightdeck. ``null``: no limit."""

    last_minute: int
    most_a_minute: int | None


class Connection(Answered):
    """``paused``: the ad server does not let us, for ``reason``; nothing is sent until it does.

    ``capabilities`` is what the last check found, at ``checked_at``. ``external_ids`` says whether
    the ad server keeps ours: ``unique``, ``stored`` or ``none``.
    """

    id: str
    platform: str
    name: str
    organization_id: str
    base_url: str
    state: Literal["active", "paused"]
    reason: str | None
    held: Held | None
    freshness: Freshness
    breaker: Breaker
    requests: Requests
    external_ids: Literal["unique", "stored", "none"]
    capabilities: dict[str, Any] | None
    checked_at: Moment | None


class ConnectionList(Answered):
    items: list[Connection]


class PauseBody(Sent):
    reason: str = Field(min_length=1, max_length=500, examples=["Rates are being renegotiated."])
