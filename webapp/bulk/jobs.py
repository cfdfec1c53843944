"""The worker's part: batch after batch of the jobs that were started, each job in its turn."""

from webapp.bulk import queries, runner
from webapp.core.db import db, reading
from webapp.sync.jobs import Work

# Who waits to save something gets in between two batches.
BREATH_SECONDS = 0.01


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
        runner.run_batch(job_id, work.clock())
        work.sleep(BREATH_SECONDS)
