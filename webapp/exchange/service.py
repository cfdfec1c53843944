"""Taking files in: kept as they came, planned once, and drafted as a bulk job."""

import hashlib
import zlib
from collections.abc import Sequence

from webapp.audit.service import Actor
from webapp.bulk.models import IMPORT
from webapp.bulk.service import draft
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate
from webapp.exchange.keeping import check_kept
from webapp.exchange.models import ImportFile
from webapp.exchange.planning import Plan
from webapp.exchange.reading import Table

MOST_NAME = 100
PLANNED_ALREADY = "What this file asks for was worked out already."


def keep_file(actor: Actor, name: str, content: bytes, table: Table) -> ImportFile:
    """Keep a file that could be read."""
    file = ImportFile(
        operator_id=actor.operator_id,
        actor=actor.label,
        name=_shown(name),
        digest=digest_of(content),
        content=zlib.compress(content),
        created_at=utc_now(),
        row_count=len(table.lines),
        notes=[*table.notes, *table.cautions],
    )
    db.session.add(file)
    db.session.flush()
    return file


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_of(file: ImportFile) -> bytes:
    """The file as it came. Raises ``TooLate`` when it is kept no longer."""
    check_kept(file)
    return zlib.decompress(file.content)


def take_plan(actor: Actor, file: ImportFile, plan: Plan) -> ImportFile:
    """Draft a job of what the file asks for, if there is anything. Raises ``TooLate`` when that
    was done before."""
    db.session.refresh(file, with_for_update=True)
    if file.planned_at is not None:
        raise TooLate(PLANNED_ALREADY)
    file.planned_at = utc_now()
    file.new_count = sum(item.campaign_id is None for item in plan.items)
    file.changed_count = len(plan.items) - file.new_count
    file.same_count = plan.same
    file.problems = [list(problem) for problem in plan.problems]
    if plan.items:
        job = draft(
            actor,
            IMPORT,
            plan.items,
            selection=_selection(file),
            operation={"name": IMPORT, "words": f"Import of {file.name}"},
            file_name=file.name,
            file_digest=file.digest,
        )
        file.job_id = job.id
    db.session.flush()
    return file


def _selection(file: ImportFile) -> str:
    parts: Sequence[tuple[int, str]] = (
        (file.changed_count, "to change"),
        (file.new_count, "to book"),
        (file.same_count, "that are so already"),
        (len(file.problems), "that cannot be used"),
    )
    said = ", ".join(f"{number:,} {words}" for number, words in parts if number)
    return f"Rows of the file: {said}"


def _shown(name: str) -> str:
    kept = "".join(c for c in name if c.isprintable()).strip()
    return kept[-MOST_NAME:] or "a file"
