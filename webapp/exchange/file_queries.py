"""Reading files that were given for import, and which of their lines came to nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from webapp.bulk.models import CANCELLED, FAILED, BulkItem, BulkJob
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.exchange.models import ImportFile

MOST_SHOWN = 10


def get_file(uuid_text: str) -> ImportFile:
    """Raises ``NotFound``."""
    try:
        uuid = UUID(uuid_text)
    except ValueError:
        raise NotFound("There is no such import.") from None
    file = db.session.scalars(select(ImportFile).where(ImportFile.uuid == uuid)).one_or_none()
    if file is None:
        raise NotFound("There is no such import.")
    return file


def file_of_job(job_uuid: UUID) -> ImportFile:
    """Raises ``NotFound``."""
    query = select(ImportFile).join(BulkJob, ImportFile.job_id == BulkJob.id)
    file = db.session.scalars(query.where(BulkJob.uuid == job_uuid)).one_or_none()
    if file is None:
        raise NotFound("No file was given for this.")
    return file


def job_of(file: ImportFile) -> BulkJob | None:
    return db.session.get(BulkJob, file.job_id) if file.job_id else None


def earlier(file: ImportFile) -> ImportFile | None:
    """The last file before this one with the same content from which something came."""
    query = (
        select(ImportFile)
        .join(BulkJob, ImportFile.job_id == BulkJob.id)
        .where(
            ImportFile.digest == file.digest,
            ImportFile.id < file.id,
            (BulkJob.state != CANCELLED) | (BulkJob.done_count > 0),
        )
    )
    return db.session.scalars(query.order_by(ImportFile.id.desc()).limit(1)).one_or_none()


def latest_files() -> Sequence[Any]:
    """The files that were planned last, each with its job."""
    query = (
        select(ImportFile, BulkJob)
        .outerjoin(BulkJob, ImportFile.job_id == BulkJob.id)
        .where(ImportFile.planned_at.is_not(None))
    )
    return db.session.execute(query.order_by(ImportFile.id.desc()).limit(MOST_SHOWN)).all()


def problems_of(file: ImportFile) -> Mapping[int, str]:
    """What came of lines that came to nothing, by their number: unusable, or failed since."""
    query = select(BulkItem.line, BulkItem.message).where(
        BulkItem.job_id == file.job_id, BulkItem.state == FAILED
    )
    failed = {row.line or 0: row.message or "" for row in db.session.execute(query)}
    found = {int(line): str(message) for line, message in file.problems} | failed
    return dict(sorted(found.items()))
