"""How long a file's content is kept: what was read of it, and what came of it, stay for good."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from webapp.bulk.models import CANCELLED, DRAFT, FINISHED, BulkJob
from webapp.core.db import db, transaction
from webapp.core.errors import TooLate
from webapp.exchange.models import ImportFile
from webapp.sync.jobs import Work

KEPT = timedelta(days=90)
# What stands in the place of a content that was deleted; a file of ours is never this short.
DELETED = b""
GONE = (
    f"This file was deleted: files are kept for {KEPT.days} days after their import ended. "
    "What came of it is still told, and can be undone."
)
ENDED = (FINISHED, CANCELLED)

log = structlog.get_logger()


def check_kept(file: ImportFile) -> None:
    """Raises ``TooLate`` when the content is there no more."""
    if file.content == DELETED:
        raise TooLate(GONE)


def is_kept(file: ImportFile) -> bool:
    """The same, without reading what may be long."""
    query = select(ImportFile.content != DELETED).where(ImportFile.id == file.id)
    return bool(db.session.scalar(query))


def kept_until(file: ImportFile, job: BulkJob | None) -> datetime | None:
    """``None`` while the import is under way."""
    if job is None or job.state == DRAFT:
        return file.created_at + KEPT
    return job.finished_at + KEPT if job.finished_at else None


def delete_old_contents(now: datetime) -> int:
    """Empty the files whose import ended, or was never begun, ``KEPT`` ago; returns how many."""
    jobs = select(ImportFile.id).outerjoin(BulkJob, ImportFile.job_id == BulkJob.id)
    due = db.session.scalars(
        jobs.where(ImportFile.content != DELETED, _ended_before(now - KEPT))
    ).all()
    if due:
        emptied = update(ImportFile).where(ImportFile.id.in_(due)).values(content=DELETED)
        db.session.execute(emptied, execution_options={"synchronize_session": False})
    return len(due)


def _ended_before(moment: datetime) -> ColumnElement[bool]:
    never_begun = or_(ImportFile.job_id.is_(None), BulkJob.state == DRAFT)
    return or_(
        and_(never_begun, ImportFile.created_at < moment),
        and_(BulkJob.state.in_(ENDED), BulkJob.finished_at < moment),
    )


def forget_contents(work: Work) -> None:
    """The worker's part."""
    with transaction():
        deleted = delete_old_contents(work.clock())
    if deleted:
        log.info("old_import_files_deleted", count=deleted)
