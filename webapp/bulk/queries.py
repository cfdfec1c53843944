"""Reading bulk jobs, their items, and the campaigns that they are about."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from webapp.audit.models import AuditEvent
from webapp.audit.queries import about
from webapp.bulk.models import (
    DONE,
    FAILED,
    IMPORT,
    LEFT_OUT,
    PLANNED,
    UNCHANGED,
    UNDER_WAY,
    BulkItem,
    BulkJob,
)
from webapp.campaigns.fields import LABELS
from webapp.campaigns.models import CREATE, READY, Campaign, Change, Conflict
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.listing import Page

ITEMS_A_PAGE = 100
JOBS_A_PAGE = 50
# Well below what either database takes as parameters of one statement.
CHUNK = 1_000
# What part of the items a page shows, by the name in its address.
SHOWN: dict[str, ColumnElement[bool]] = {
    "warned": BulkItem.warnings.is_not(None),
    "planned": BulkItem.state == PLANNED,
    "done": BulkItem.state == DONE,
    "unchanged": BulkItem.state == UNCHANGED,
    "failed": BulkItem.state == FAILED,
    "left-out": BulkItem.state == LEFT_OUT,
}
FACTS = (
    Campaign.id,
    Campaign.connection_id,
    Campaign.title,
    Campaign.advertiser_id,
    Campaign.external_id,
    Campaign.total_budget_minor,
    Campaign.total_budget_currency,
    Campaign.copy_needed,
    Campaign.owner_id,
    Campaign.notes,
    Campaign.archived_at,
    Campaign.sync_state,
    Campaign.version,
)

# What a campaign becomes another by, and no field of it says so.
WHOLE = ("booked anew", "cancelled booking", "gone", "kept here only", "linked")

T = TypeVar("T")


def get_job(uuid_text: str) -> BulkJob:
    """Raises ``NotFound``."""
    try:
        uuid = UUID(uuid_text)
    except ValueError:
        raise NotFound("There is no such bulk change.") from None
    job = find_job(uuid)
    if job is None:
        raise NotFound("There is no such bulk change.")
    return job


def find_job(uuid: UUID) -> BulkJob | None:
    return db.session.scalars(select(BulkJob).where(BulkJob.uuid == uuid)).one_or_none()


def uuids_of(job_ids: Iterable[int]) -> Mapping[int, UUID]:
    query = select(BulkJob.id, BulkJob.uuid).where(BulkJob.id.in_(set(job_ids)))
    return {row.id: row.uuid for row in db.session.execute(query)}


def list_jobs(number: int) -> Page[BulkJob]:
    """Jobs, newest first; drafts of which nothing came are not kept for long."""
    total = db.session.scalar(select(func.count(BulkJob.id))) or 0
    query = select(BulkJob).order_by(BulkJob.id.desc())
    rows = db.session.scalars(query.offset((number - 1) * JOBS_A_PAGE).limit(JOBS_A_PAGE)).all()
    return Page(rows, number, JOBS_A_PAGE, total)


def job_of(item: BulkItem) -> BulkJob:
    return db.session.get_one(BulkJob, item.job_id)


def first_change(campaign_id: int, since: datetime) -> AuditEvent | None:
    """What made a campaign another than it was then; that it was sent or confirmed does not."""
    query = select(AuditEvent).where(
        *about("campaign", campaign_id),
        AuditEvent.at > since,
        or_(AuditEvent.field.in_(LABELS.values()), AuditEvent.action.in_(WHOLE)),
    )
    return db.session.scalars(query.order_by(AuditEvent.id).limit(1)).one_or_none()


def next_job() -> int | None:
    """The job whose turn it is: they take turns, batch by batch."""
    query = select(BulkJob.id).where(BulkJob.state.in_(UNDER_WAY))
    turn = query.order_by(BulkJob.heartbeat_at.nulls_first(), BulkJob.id)
    return db.session.scalar(turn.limit(1))


def items_page(job: BulkJob, show: str, number: int) -> Page[Any]:
    """Items with their campaign's name and sync state; those to be looked at come first."""
    conditions = [BulkItem.job_id == job.id]
    if show in SHOWN:
        conditions.append(SHOWN[show])
    total = db.session.scalar(select(func.count(BulkItem.id)).where(*conditions)) or 0
    query = (
        select(BulkItem, Campaign.uuid, Campaign.title, Campaign.sync_state)
        .outerjoin(Campaign, BulkItem.campaign_id == Campaign.id)
        .where(*conditions)
        .order_by(BulkItem.warnings.is_(None), BulkItem.id)
    )
    rows = db.session.execute(query.offset((number - 1) * ITEMS_A_PAGE).limit(ITEMS_A_PAGE)).all()
    return Page(rows, number, ITEMS_A_PAGE, total)


def has_planned(job: BulkJob) -> bool:
    query = select(BulkItem.id).where(
        BulkItem.job_id == job.id, BulkItem.state == PLANNED, BulkItem.wanted.is_not(None)
    )
    return db.session.scalar(query.limit(1)) is not None


def warned_items(job: BulkJob) -> Iterator[tuple[int, list[str]]]:
    """Ids and warnings of the items that are ticked."""
    query = select(BulkItem.id, BulkItem.warnings).where(
        BulkItem.job_id == job.id, BulkItem.state == PLANNED, BulkItem.warnings.is_not(None)
    )
    return ((row.id, row.warnings) for row in db.session.execute(query))


def ways_of(job: BulkJob) -> set[str]:
    """The warnings of all items that can be ticked."""
    query = select(BulkItem.warnings).where(
        BulkItem.job_id == job.id, BulkItem.wanted.is_not(None), BulkItem.warnings.is_not(None)
    )
    return {warning for warned in db.session.scalars(query) for warning in warned or ()}


def undoes_import(job: BulkJob) -> bool:
    """Whether what the job undoes may have booked campaigns."""
    return db.session.get_one(BulkJob, job.undoes_id).kind == IMPORT


def planned_with(job: BulkJob, warnings: Iterable[str]) -> Mapping[str, int]:
    """How many of the ticked items have each of these warnings; only those that any has."""
    found = Counter(each for _, warned in warned_items(job) for each in warned)
    return {warning: found[warning] for warning in warnings if found[warning]}


def warned_count(job: BulkJob) -> int:
    """How many items have a warning, ticked or not."""
    query = select(func.count(BulkItem.id)).where(BulkItem.job_id == job.id, SHOWN["warned"])
    return db.session.scalar(query) or 0


def messages(job: BulkJob) -> Sequence[Any]:
    """Why items were left out or failed: state, message and number, the most frequent first."""
    query = (
        select(BulkItem.state, BulkItem.message, func.count().label("number"))
        .where(BulkItem.job_id == job.id, BulkItem.message.is_not(None))
        .group_by(BulkItem.state, BulkItem.message)
        .order_by(func.count().desc(), BulkItem.message)
    )
    return db.session.execute(query).all()


def budgets(job: BulkJob) -> Iterator[tuple[Any, Any]]:
    """Budget before and after of each ticked item whose budget changes."""
    query = select(BulkItem.before, BulkItem.wanted).where(
        BulkItem.job_id == job.id, BulkItem.state == PLANNED, BulkItem.wanted.is_not(None)
    )
    for before, wanted in db.session.execute(query):
        if "budget" in wanted:
            yield (before or {}).get("budget"), wanted["budget"]


def facts(job: BulkJob, *conditions: ColumnElement[bool]) -> dict[int, Any]:
    """What planning must know of the job's campaigns, by id."""
    query = select(*FACTS).join(BulkItem, BulkItem.campaign_id == Campaign.id)
    rows = db.session.execute(query.where(BulkItem.job_id == job.id, *conditions))
    return {row.id: row for row in rows}


def conflicts(job: BulkJob) -> Mapping[int, set[str]]:
    """The groups in conflict of the job's campaigns, by campaign."""
    query = select(Conflict.campaign_id, Conflict.field_group).join(
        BulkItem, BulkItem.campaign_id == Conflict.campaign_id
    )
    return by_campaign(query.where(BulkItem.job_id == job.id, Conflict.decided_at.is_(None)))


def conflicts_of(campaign_ids: Iterable[int]) -> Mapping[int, set[str]]:
    query = select(Conflict.campaign_id, Conflict.field_group)
    open_ones = Conflict.decided_at.is_(None)
    return by_campaign(query.where(Conflict.campaign_id.in_(list(campaign_ids)), open_ones))


def by_campaign(query: Select[int, str]) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for campaign_id, group in db.session.execute(query):
        found[campaign_id].add(group)
    return found


def items_of(job: BulkJob, *states: str) -> Sequence[BulkItem]:
    query = select(BulkItem).where(BulkItem.job_id == job.id)
    if states:
        query = query.where(BulkItem.state.in_(states))
    return db.session.scalars(query.order_by(BulkItem.id)).all()


def sending(job: BulkJob) -> dict[str, int]:
    """The job's outgoing changes, counted by state."""
    query = select(Change.state, func.count().label("number"))
    of_job = query.where(Change.lane == lane_of(job)).group_by(Change.state)
    return {row.state: row.number for row in db.session.execute(of_job)}


def bookings_to_send(job: BulkJob) -> int:
    query = select(func.count()).where(
        Change.lane == lane_of(job), Change.state == READY, Change.kind == CREATE
    )
    return db.session.scalar(query) or 0


def lane_of(job: BulkJob) -> str:
    return f"batch:{job.uuid}"


def undone_by(job: BulkJob) -> BulkJob | None:
    """The latest job that undoes this one, once it was started."""
    query = select(BulkJob).where(BulkJob.undoes_id == job.id, BulkJob.started_at.is_not(None))
    return db.session.scalars(query.order_by(BulkJob.id.desc()).limit(1)).one_or_none()


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(values), CHUNK):
        yield values[begin : begin + CHUNK]
