"""From an operation to a plan: what each campaign of a draft shall be, with warnings on the way."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, update

from webapp.audit.service import Actor
from webapp.bulk import queries
from webapp.bulk.models import EDIT, FAILED, UNDO, BulkItem, BulkJob
from webapp.bulk.operations import Impossible, Operation, Unchanged, kept, read
from webapp.bulk.service import Planned, draft, locked_draft, planned_columns, recount
from webapp.bulk.warnings import conflict_problem, warnings_of
from webapp.campaigns.fields import editable
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate

RETRIED = "Those that failed in: {}"


def plan(actor: Actor, job: BulkJob, operation: Operation) -> BulkJob:
    """Say for each campaign what it shall be, by its values of now. Ticks begin anew.

    Raises ``TooLate`` when the job was started, ``NotYours`` when somebody else drafted it.
    """
    locked_draft(actor, job)
    began = utc_now()
    facts, in_conflict = queries.facts(job), queries.conflicts(job)
    items = select(BulkItem.id, BulkItem.campaign_id, BulkItem.version).where(
        BulkItem.job_id == job.id
    )
    rows = []
    for item in db.session.execute(items.order_by(BulkItem.id)):
        now = facts[item.campaign_id]
        made = planned_for(now, operation, in_conflict.get(now.id, ()), item.version)
        rows.append({"id": item.id, "version": made.version, **planned_columns(made)})
    db.session.execute(update(BulkItem), rows)
    mark = {"plan": job.plan_number + 1, "planned_at": began.isoformat()}
    job.operation = kept(operation) | mark
    recount(job)
    return job


def planned_for(
    facts: Any, operation: Operation, in_conflict: Collection[str], version: int | None
) -> Planned:
    """One campaign under this operation; ``facts`` is its row of ``queries.facts``."""
    try:
        wanted = operation.wanted(facts)
    except Unchanged as why:
        return Planned(facts.id, facts.version, {}, unchanged=str(why))
    except Impossible as why:
        return Planned(facts.id, facts.version, problem=str(why))
    problem = conflict_problem(wanted, in_conflict)
    if problem:
        return Planned(facts.id, facts.version, problem=problem)
    warnings = warnings_of(facts, wanted, in_conflict, version)
    return Planned(facts.id, facts.version, wanted, values_of(facts, wanted), warnings=warnings)


def values_of(facts: Any, groups: Collection[str]) -> dict[str, Any]:
    """What these groups are now, ``archived`` among them."""
    now = editable(facts) | {"archived": facts.archived_at is not None}
    return {group: now[group] for group in groups}


def retry(actor: Actor, job: BulkJob) -> BulkJob:
    """A new draft of those that failed, planned alike on what they are now.

    Raises ``TooLate`` when none failed.
    """
    failed = queries.items_of(job, FAILED)
    if not failed:
        raise TooLate("None of them failed.")
    facts = queries.facts(job, BulkItem.state == FAILED)
    again = draft(
        actor,
        job.kind,
        [_again(item, facts.get(item.campaign_id or 0)) for item in failed],
        selection=RETRIED.format(job.selection) if job.kind != UNDO else job.selection,
        operation=job.operation,
        list_arguments=job.list_arguments,
        file_name=job.file_name,
        undoes_id=job.undoes_id,
    )
    return plan(actor, again, read(job.operation)) if job.kind == EDIT and job.operation else again


def _again(item: BulkItem, facts: Any) -> Planned:
    wanted = item.wanted or {}
    if facts is None:
        return Planned(None, None, wanted, line=item.line, warnings=item.warnings or ())
    before = values_of(facts, [group for group in wanted if group != "booked"])
    return Planned(facts.id, facts.version, wanted, before, item.line, item.warnings or ())
