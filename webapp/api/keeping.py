"""What the API keeps for a while only: answers by their keys, and counts of requests."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete

from webapp.api import answers
from webapp.api.limits import WINDOW_SECONDS
from webapp.api.models import ApiWindow
from webapp.core.db import db, transaction
from webapp.sync.jobs import Work

WINDOW = timedelta(seconds=WINDOW_SECONDS)

log = structlog.get_logger()


def forget_old(work: Work) -> None:
    """The worker's part."""
    with transaction():
        deleted = answers.delete_old(work.clock())
        delete_old_windows(work.clock())
    if deleted:
        log.info("old_answers_deleted", count=deleted)


def delete_old_windows(now: datetime) -> None:
    """One more window is left: a process whose clock is behind may still be in it."""
    db.session.execute(delete(ApiWindow).where(ApiWindow.started_at <= now - 2 * WINDOW))
