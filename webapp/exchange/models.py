"""Files that were given for import."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Model, UtcDateTime


class ImportFile(Model):
    """``content`` is the file as it came, compressed. ``digest`` tells the same file given twice.

    ``planned_at`` is when it was decided what it asks for; ``job_id`` the bulk job that was drafted
    for that, if there was anything to do. ``problems`` are pairs of a line's number and what is
    wrong with it; ``notes`` say how the file was read. Counts are of rows.
    """

    __tablename__ = "import_file"
    __table_args__ = (
        Index("ix_import_file_digest", "digest", "id"),
        Index("ix_import_file_job", "job_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(Uuid, unique=True, default=uuid4)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operator.id"))
    actor: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    planned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_job.id"))
    row_count: Mapped[int] = mapped_column(default=0)
    new_count: Mapped[int] = mapped_column(default=0)
    changed_count: Mapped[int] = mapped_column(default=0)
    same_count: Mapped[int] = mapped_column(default=0)
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
