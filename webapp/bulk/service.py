"""Making a bulk job, and what is done to it until the worker is through with it.

A job is drafted with its campaigns frozen, planned (what each shall be), looked at and ticked, and
started. The caller commits. What the worker does is ``webapp.bulk.runner``'s.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.bulk import queries, words
from webapp.bulk.models import (
    CANCELLED,
    DONE,
    DRAFT,
    FAILED,
    IMPORT,
    LEFT_OUT,
    PAUSED,
    PLANNED,
    QUEUED,
    RUNNING,
    UNCHANGED,
    UNDER_WAY,
    BulkItem,
    BulkJob,
)
from webapp.bulk.warnings import MEANT
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput, TooLate

MOST_ITEMS = 10_000
DRAFTS_LAST = timedelta(days=7)
COUNT_OF = {
    DONE: "done_count",
    UNCHANGED: "unchanged_count",
    FAILED: "failed_count",
    LEFT_OUT: "left_out_count",
}


class NotYours(DomainError):
    """A draft is planned and started by who made it, since it is done in that name."""


class PlannedAnew(DomainError):
    """What was looked at is not the plan any more: nothing of it is done unseen."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One campaign of a job, and what it shall be.

    ``wanted`` maps field groups (``webapp.campaigns.fields``) to values, and ``archived`` to yes or
    no; empty means that nothing is to change, and ``None`` that it is not planned yet or, with a
    ``problem``, cannot be done. ``before`` has the same groups as they are. Without a
    ``campaign_id`` a campaign is booked: groups left out of ``wanted`` are empty then. ``version``
    is the campaign's when it was read. ``line`` is the file's; ``warnings`` are whole sentences,
    worded alike for campaigns that are alike. ``unchanged`` says why nothing is to change.
    """

    campaign_id: int | None
    version: int | None
    wanted: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    line: int | None = None
    warnings: Sequence[str] = ()
    problem: str | None = None
    unchanged: str = words.SO_ALREADY


def draft(
    actor: Actor,
    kind: str,
    items: Sequence[Planned],
    *,
    selection: str,
    operation: dict[str, Any] | None = None,
    **columns: Any,
) -> BulkJob:
    """A job that nobody has started. ``columns`` are further ones of :class:`BulkJob`.

    ``operation`` has its words under ``words``; without one it is still to be chosen. Raises
    ``InvalidInput`` when there is nothing to do it with, or too much.
    """
    if not 0 < len(items) <= MOST_ITEMS:
        raise InvalidInput({"items": words.TOO_MANY if items else words.NOTHING_PICKED})
    job = BulkJob(
        kind=kind,
        operator_id=actor.operator_id,
        actor=actor.label,
        selection=selection,
        operation=operation,
        total=len(items),
        created_at=utc_now(),
        **columns,
    )
    db.session.add(job)
    db.session.flush()
    db.session.execute(insert(BulkItem), [{"job_id": job.id, **_row(each)} for each in items])
    recount(job)
    return job


def _row(planned: Planned) -> dict[str, Any]:
    return {
        "campaign_id": planned.campaign_id,
        "version": planned.version,
        "line": planned.line,
        **planned_columns(planned),
    }


def planned_columns(planned: Planned) -> dict[str, Any]:
    """What a plan says of an item. Without ``wanted`` it cannot be ticked."""
    state, message = PLANNED, planned.problem
    if planned.problem:
        state = LEFT_OUT
    elif planned.wanted is not None and not planned.wanted:
        state, message = UNCHANGED, planned.unchanged
    is_doable = state == PLANNED and planned.wanted is not None
    return {
        "state": state,
        "wanted": dict(planned.wanted or {}) if is_doable else None,
        "before": dict(planned.before) if planned.before else None,
        "warnings": list(planned.warnings) or None,
        "message": message,
    }


def recount(job: BulkJob) -> None:
    """Count the job's items by state anew."""
    db.session.flush()
    query = select(BulkItem.state, func.count().label("number")).where(BulkItem.job_id == job.id)
    found = {row.state: row.number for row in db.session.execute(query.group_by(BulkItem.state))}
    for state, column in COUNT_OF.items():
        setattr(job, column, found.get(state, 0))
    db.session.flush()


def tick(
    actor: Actor, job: BulkJob, shown: Collection[int], ticked: Collection[int], seen: int
) -> None:
    """Of the items that were shown, do those that are ticked and leave out the others.

    ``seen`` is the number of the plan that they were ticked in.
    """
    locked_draft(actor, job, seen)
    _set_ticks(job, [id_ for id_ in shown if id_ in ticked], PLANNED)
    _set_ticks(job, [id_ for id_ in shown if id_ not in ticked], LEFT_OUT)
    recount(job)


def leave_out(actor: Actor, job: BulkJob, warning: str) -> int:
    """Leave out every campaign with this warning; returns how many were left out."""
    locked_draft(actor, job)
    found = [id_ for id_, warned in queries.warned_items(job) if warning in warned]
    _set_ticks(job, found, LEFT_OUT)
    recount(job)
    return len(found)


def _set_ticks(job: BulkJob, ids: Iterable[int], state: str) -> None:
    tickable = update(BulkItem).where(
        BulkItem.job_id == job.id,
        BulkItem.state.in_((PLANNED, LEFT_OUT)),
        BulkItem.wanted.is_not(None),
    )
    for chunk in queries.chunks(list(ids)):
        db.session.execute(
            tickable.where(BulkItem.id.in_(chunk)).values(state=state),
            execution_options={"synchronize_session": False},
        )


def start(
    actor: Actor, job: BulkJob, *, confirmed: bool = False, seen: int | None = None
) -> BulkJob:
    """Have the worker carry the plan out. Pressed twice, it is started once.

    ``seen`` is the number of the plan that was looked at, where somebody did. Raises
    ``InvalidInput`` when nothing is ticked, or when a budget changes in a way that has to be meant
    (``warnings.MEANT``) and that was not ``confirmed``.
    """
    lock(job)
    if job.state in UNDER_WAY:
        return job
    _check_draft(actor, job, seen)
    if job.operation is None or not queries.has_planned(job):
        raise InvalidInput({"items": words.NOTHING_TICKED})
    if not confirmed and queries.planned_with(job, MEANT):
        raise InvalidInput({"confirmed": words.CONFIRM})
    job.state = QUEUED
    record(actor, "started", job)
    return job


def pause(actor: Actor, job: BulkJob) -> BulkJob:
    """Stop before the next batch; what was done stays. Raises ``TooLate`` when it is through."""
    _expect(job, UNDER_WAY)
    job.state, job.message = PAUSED, f"Paused by {actor.label}."
    record(actor, "paused", job)
    return job


def resume(actor: Actor, job: BulkJob) -> BulkJob:
    """Go on with a paused job, in the name of who started it. Raises ``TooLate``."""
    _expect(job, (PAUSED,))
    job.state, job.message = QUEUED, None
    record(actor, "went on with", job)
    return job


def cancel(actor: Actor, job: BulkJob) -> BulkJob:
    """Do nothing more of it; what was done stays done, and can be undone. Raises ``TooLate``."""
    _expect(job, (DRAFT, QUEUED, RUNNING, PAUSED))
    was_started = job.state != DRAFT
    job.state, job.finished_at = CANCELLED, utc_now()
    job.message = f"Stopped by {actor.label}."
    db.session.execute(
        update(BulkItem)
        .where(BulkItem.job_id == job.id, BulkItem.state == PLANNED)
        .values(state=LEFT_OUT, message=words.STOPPED_BEFORE),
        execution_options={"synchronize_session": False},
    )
    recount(job)
    if was_started:
        record(actor, "stopped", job)
    return job


def delete_old_drafts(now: datetime) -> int:
    """Delete drafts that were made ``DRAFTS_LAST`` ago, thrown away or not; returns how many.

    An import's is kept with its file.
    """
    never_started = select(BulkJob.id).where(
        BulkJob.kind != IMPORT,
        BulkJob.state.in_((DRAFT, CANCELLED)),
        BulkJob.started_at.is_(None),
        BulkJob.created_at < now - DRAFTS_LAST,
        BulkJob.id.not_in(select(BulkJob.undoes_id).where(BulkJob.undoes_id.is_not(None))),
    )
    ids = db.session.scalars(never_started).all()
    for chunk in queries.chunks(ids):
        db.session.execute(delete(BulkItem).where(BulkItem.job_id.in_(chunk)))
        db.session.execute(delete(BulkJob).where(BulkJob.id.in_(chunk)))
    return len(ids)


def is_draft(job: BulkJob) -> bool:
    """Whether nobody has started it; who asks has it locked from then on."""
    lock(job)
    return job.state == DRAFT


def lock(job: BulkJob) -> None:
    """Read the row anew and keep others from changing it until the transaction ends."""
    db.session.refresh(job, with_for_update={"key_share": True})


def locked_draft(actor: Actor, job: BulkJob, seen: int | None = None) -> None:
    """Raises ``TooLate`` when it was started, ``NotYours`` when somebody else drafted it, and
    ``PlannedAnew`` when another plan than this one was looked at."""
    lock(job)
    _check_draft(actor, job, seen)


def _check_draft(actor: Actor, job: BulkJob, seen: int | None) -> None:
    if job.state != DRAFT:
        raise TooLate(words.STARTED)
    if job.operator_id != actor.operator_id:
        raise NotYours(words.NOT_YOURS.format(job.actor))
    if seen is not None and seen != job.plan_number:
        raise PlannedAnew(words.PLANNED_ANEW)


def _expect(job: BulkJob, states: Collection[str]) -> None:
    lock(job)
    if job.state not in states:
        raise TooLate(words.TOO_LATE[job.state])


def record(actor: Actor, action: str, job: BulkJob) -> None:
    """Say in the timeline what was done to the job itself."""
    audit.record(actor, action, Subject("bulk", job.id, words.name_of(job)))
    db.session.flush()
