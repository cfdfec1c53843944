"""Calls out after work that was done, so that somebody elsewhere notices when none is.

One address for each schedule, from the settings. A call that fails is logged, and nothing else.
"""

import structlog
from pydantic import SecretStr

from webapp.core.http import HttpFailure, Limits
from webapp.core.outgoing import call

LIMITS = Limits(connect=2.0, read=3.0, total=5.0, body_bytes=64 * 1024)
USER_AGENT = "Flightdeck heartbeat"

log = structlog.get_logger()


def tell(
    schedule: str, url: SecretStr | None, limits: Limits = LIMITS, *, private: bool = False
) -> None:
    """Say that this schedule's work is done, where an address is set for it."""
    if url is None:
        return
    try:
        answer = call(USER_AGENT, "GET", url.get_secret_value(), private=private, limits=limits)
    except HttpFailure as failure:
        log.warning("heartbeat_failed", schedule=schedule, reason=str(failure))
        return
    if not 200 <= answer.status < 300:
        log.warning("heartbeat_failed", schedule=schedule, status=answer.status)
