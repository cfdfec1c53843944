"""Which ad servers there are, and how a connection to one is opened."""

import time
from collections.abc import Callable

from webapp.adservers.base import AdServer
from webapp.adservers.errors import Unsupported
from webapp.adservers.megaphone.adapter import Megaphone, with_rate
from webapp.adservers.megaphone.client import MegaphoneClient
from webapp.adservers.types import ConnectionSettings, RequestRecord
from webapp.core.clock import Clock, utc_now
from webapp.core.http import HttpSession, Limits
from webapp.core.ratelimit import RateLimiter

USER_AGENT = "Flightdeck/0.1"


def connect(
    platform: str,
    settings: ConnectionSettings,
    *,
    http: HttpSession,
    limiter: RateLimiter,
    clock: Clock = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    on_request: Callable[[RequestRecord], None] | None = None,
    limits: Limits | None = None,
) -> AdServer:
    """Open a connection; sends nothing yet.

    ``http`` belongs to one thread, ``limiter`` to the credential. ``on_request`` hears of every
    call made, good or bad, and must not raise. Raises ``Unsupported`` or ``AuthFailed`` for
    settings that cannot work.
    """
    if platform != "megaphone":
        raise Unsupported(f"Flightdeck does not know the ad server {platform[:40]!r}.")
    client = MegaphoneClient(
        settings,
        http=http,
        limiter=limiter,
        clock=clock,
        monotonic=monotonic,
        on_request=on_request,
        limits=limits,
    )
    return Megaphone(client, with_rate(settings.requests_per_minute))
