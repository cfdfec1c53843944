"""The worker's part: deleting what is kept of signing in for a while only."""

from datetime import datetime

import structlog

from webapp.auth import sessions, throttle
from webapp.core.db import transaction

log = structlog.get_logger()


def forget_old(now: datetime) -> None:
    """Sessions that are over for a month, and failures that no longer count."""
    with transaction():
        deleted = sessions.forget_old(now)
        throttle.forget_old(now)
    if deleted:
        log.info("old_sessions_deleted", count=deleted)
