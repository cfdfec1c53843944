"""Connections to Megaphone for tests, and rows as Megaphone would list them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from webapp.adservers.base import AdServer
from webapp.adservers.registry import USER_AGENT, connect
from webapp.adservers.types import ConnectionSettings, RequestRecord
from webapp.core.http import Limits, Monotonic, http_session
from webapp.core.ratelimit import RateLimiter

ORGANIZATION = "2f6ad6b0-5f1c-11f0-8de9-0242ac120002"
TOKEN = "cAnArY-7f3a-token"
# Times that no busy machine oversteps; a test of silence has its own.
PATIENT = Limits(connect=60, read=60, total=120, body_bytes=200_000)
CAMPAIGN_ID = "9a22ee30-1a9f-11f0-b531-1b59096fa63d"
ADVERTISER_ID = "5c0a3a7e-1a9f-11f0-b531-1b59096fa63d"


@dataclass
class Connected:
    """A connection and what it told about its requests."""

    server: AdServer
    limiter: RateLimiter
    log: list[RequestRecord] = field(default_factory=list)


@contextmanager
def connected(
    base_url: str,
    *,
    token: str = TOKEN,
    organization: str = ORGANIZATION,
    limits: Limits = PATIENT,
    limiter: RateLimiter | None = None,
    monotonic: Monotonic = time.monotonic,
) -> Iterator[Connected]:
    limiter = limiter or RateLimiter(0)
    log: list[RequestRecord] = []
    with http_session(USER_AGENT, monotonic=monotonic) as http:
        server = connect(
            "megaphone",
            ConnectionSettings(base_url, token, organization, 0),
            http=http,
            limiter=limiter,
            on_request=log.append,
            limits=limits,
            monotonic=monotonic,
        )
        yield Connected(server, limiter, log)


def campaign_row(number: int = 1, **changes: object) -> dict[str, object]:
    return {
        "id": f"{number:08x}-1a9f-11f0-b531-1b59096fa63d",
        "title": f"Spring launch {number}",
        "advertiserId": ADVERTISER_ID,
        "advertiser": {
            "id": ADVERTISER_ID,
            "name": "Müller Kaffee",
            "agency": {"id": "6d0a3a7e-1a9f-11f0-b531-1b59096fa63d", "name": "North"},
        },
        "organizationId": ORGANIZATION,
        "externalId": f"IO-{number}",
        "totalBudgetCents": 1_000_000 + number,
        "totalBudgetCurrency": "USD",
        "totalRevenueCents": 0,
        "totalRevenueCurrency": "USD",
        "durationInSeconds": 86_400,
        "copyNeeded": True,
        "bookingSource": None,
        "createdAt": "2025-03-27T13:56:42.529Z",
        "updatedAt": "2025-03-28T01:00:00.000Z",
        **changes,
    }
