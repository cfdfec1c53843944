"""The worker's part: batch after batch of the jobs that were started, each job in its turn."""

import structlog

from webapp.bulk import queries, runner, service
from webapp.core.db import db, reading, transaction
from webapp.sync.jobs import Work

# Who waits to save something gets in between two batches: SQLite lets one write at a time, and who
# waits looks again every few milliseconds at best.
BREATH_SECONDS = 0.02

log = structlog.get_logger()


def run_next(work: Work) -> None:
    """Work on what was started until nothing is left, or the worker is to stop.

    A job whose worker died is one like the others: what it had not committed was not done.
    """
    while work.keep_going():
        with reading():
            job_id = queries.next_job()
            db.session.rollback()
        if job_id is None:
            return
        with structlog.contextvars.bound_contextvars(bulk_id=job_id):
            runner.run_batch(job_id, work.clock())
        work.sleep(BREATH_SECONDS)


def forget_drafts(work: Work) -> None:
    """Delete drafts that nobody started in a while."""
    with transaction():
        deleted = service.delete_old_drafts(work.clock())
    if deleted:
        log.info("old_drafts_deleted", count=deleted)
