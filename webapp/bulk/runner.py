"""Carrying a job out: a batch of its items a transaction, each item by the verbs of a single edit.

What was done and that it was done are committed together: a worker that dies in the middle of a
batch leaves nothing of it, and the next one begins it anew. An item that fails stops no other.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select

from webapp.audit.service import Actor
from webapp.auth import queries as operators
from webapp.auth.permissions import Permission, role_may
from webapp.bulk import queries, undoing, verbs, words
from webapp.bulk.models import (
    DONE,
    FAILED,
    FINISHED,
    IMPORT,
    PLANNED,
    RUNNING,
    UNDER_WAY,
    UNDO,
    BulkItem,
    BulkJob,
)
from webapp.bulk.service import COUNT_OF, lock
from webapp.bulk.verbs import Outcome
from webapp.campaigns import many
from webapp.campaigns.models import Campaign
from webapp.core.db import db, transaction
from webapp.core.errors import DomainError

BATCH = 50
# Much of an undo goes one by one: a longer batch would keep others from saving for too long.
UNDO_BATCH = 10

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch works on: the job, who acts, and what was read of its campaigns at once."""

    job: BulkJob
    actor: Actor
    items: Sequence[BulkItem]
    campaigns: Mapping[int, Campaign]
    in_conflict: Mapping[int, set[str]]
    undone: Mapping[int, BulkItem]


def run_batch(job_id: int, now: datetime) -> None:
    """Do the job's next items; the job is finished when there is none."""
    with transaction():
        job = db.session.get_one(BulkJob, job_id)
        lock(job)
        if job.state not in UNDER_WAY:
            return
        job.state, job.started_at, job.heartbeat_at = RUNNING, job.started_at or now, now
        batch = _next_batch(job)
        _carry_out(batch)
        if len(batch.items) < _size(job):
            job.state, job.finished_at = FINISHED, now


def _next_batch(job: BulkJob) -> Batch:
    query = select(BulkItem).where(BulkItem.job_id == job.id, BulkItem.state == PLANNED)
    items = db.session.scalars(query.order_by(BulkItem.id).limit(_size(job))).all()
    ids = [item.campaign_id for item in items if item.campaign_id is not None]
    campaigns = _locked(ids)
    actor = Actor(
        job.actor, "import" if job.kind == IMPORT else "bulk", operator_id=job.operator_id
    )
    return Batch(
        job,
        actor,
        items,
        {campaign.id: campaign for campaign in campaigns},
        queries.conflicts_of(ids),
        undoing.undone_items(job, ids) if job.kind == UNDO else {},
    )


def _size(job: BulkJob) -> int:
    return UNDO_BATCH if job.kind == UNDO else BATCH


def _locked(ids: Sequence[int]) -> Sequence[Campaign]:
    """The batch's campaigns, in the order in which whoever locks several locks them."""
    query = select(Campaign).where(Campaign.id.in_(ids)).order_by(Campaign.id)
    fresh = query.execution_options(populate_existing=True)
    return db.session.scalars(fresh.with_for_update(of=Campaign, key_share=True)).all()


def _carry_out(batch: Batch) -> None:
    if _may_edit(batch.job):
        outcomes = _outcomes(batch)
    else:
        refused = FAILED, words.NO_RIGHTS.format(batch.job.actor)
        outcomes = {item.id: refused for item in batch.items}
    # Written down together: one by one, each would be a statement of its own.
    for item in batch.items:
        item.state, item.message = outcomes[item.id]
        column = COUNT_OF[item.state]
        setattr(batch.job, column, getattr(batch.job, column) + 1)


def _may_edit(job: BulkJob) -> bool:
    """Rights may have been taken away since it was started."""
    operator = operators.get_operator(job.operator_id)
    if operator is None:
        return False
    db.session.refresh(operator)
    return operator.active and role_may(operator.role, Permission.EDIT_CAMPAIGNS)


def _outcomes(batch: Batch) -> dict[int, Outcome]:
    """By item, its state and words where there is something to say."""
    if batch.job.kind == UNDO:
        done = _in_few(batch, _undo_local)
        done |= _in_few(batch, partial(_send_anew, done))
    else:
        done = _in_few(batch, _change)
    return {item.id: done.get(item.id) or _alone(batch, item) for item in batch.items}


def _in_few(batch: Batch, do: Callable[[Batch], dict[int, Outcome]]) -> dict[int, Outcome]:
    """Do items in few statements; none of them when one cannot be done, whatever the reason."""
    try:
        with db.session.begin_nested():
            return do(batch)
    except Exception:
        # Which one it was shows when they are done one by one.
        log.exception("bulk_items_refused", job=batch.job.id)
        return {}


def _change(batch: Batch) -> dict[int, Outcome]:
    """Items that can be done together with others, each campaign once."""
    plain = many.plain(list(batch.campaigns.values()))
    found: dict[int, verbs.Pair] = {}
    for item in batch.items:
        campaign = batch.campaigns.get(item.campaign_id or 0)
        if campaign and (campaign.id in plain or verbs.is_local(item.wanted or {})):
            waiting = plain.get(campaign.id, frozenset())
            found.setdefault(campaign.id, verbs.Pair(item, campaign, waiting))
    return _change_many(batch, list(found.values()))


def _undo_local(batch: Batch) -> dict[int, Outcome]:
    """Items of an undo that no ad server is told of."""
    pairs = [
        verbs.Pair(item, campaign, frozenset())
        for item in batch.items
        if (campaign := batch.campaigns.get(item.campaign_id or 0))
        and undoing.is_local(item.wanted or {})
    ]
    return undoing.in_words(_change_many(batch, pairs))


def _change_many(batch: Batch, pairs: Sequence[verbs.Pair]) -> dict[int, Outcome]:
    return verbs.change_many(batch.actor, pairs, batch.in_conflict, batch.job.uuid)


def _send_anew(done: Container[int], batch: Batch) -> dict[int, Outcome]:
    """Of the items of an undo that are not done yet, those that had arrived."""
    rest = [item for item in batch.items if item.id not in done]
    return undoing.send_anew(batch.actor, rest, batch.undone, batch.campaigns, batch.job.uuid)


def _alone(batch: Batch, item: BulkItem) -> Outcome:
    """Do one item, all or nothing of it."""
    try:
        with db.session.begin_nested():
            return _do(batch, item)
    except DomainError as problem:
        return FAILED, verbs.said_of(problem, item)
    except Exception:
        log.exception("bulk_item_failed", job=batch.job.id, item=item.id)
        return FAILED, words.OUR_FAULT


def _do(batch: Batch, item: BulkItem) -> Outcome:
    uuid = batch.job.uuid
    if item.campaign_id is None:
        item.campaign_id = verbs.book(batch.actor, item, uuid).id
        return DONE, None
    campaign = batch.campaigns[item.campaign_id]
    if batch.job.kind == UNDO:
        original = batch.undone[item.campaign_id]
        return DONE, undoing.undo(batch.actor, item, original, campaign, uuid)
    return verbs.change(batch.actor, item, campaign, batch.in_conflict, uuid)
