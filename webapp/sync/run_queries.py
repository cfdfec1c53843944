"""Reading runs for their pages: the filtered list, one run's findings, and how far it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from webapp.advertisers import queries as advertisers
from webapp.campaigns.fields import LABELS, readable
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.listing import Filter, ListParams, ListTable, Page
from webapp.sync import queries
from webapp.sync.models import (
    BRAKED,
    RESUMABLE,
    RUN_STATES,
    RUNNING,
    Duplicate,
    PulledChange,
    SyncRun,
)
from webapp.sync.runs import MAX_NAMED
from webapp.sync.words import PULLED_WORDS, SINCE, TRIGGERS

# Before that the pace says little.
ETA_AFTER_SECONDS = 3.0


def _one_of(column: Any, choices: Iterable[str]) -> Filter:
    known = set(choices)

    def condition(text: str) -> ColumnElement[bool] | None:
        if text and text not in known:
            raise ValueError(text)
        return column == text if text else None

    return Filter(condition)


def _of_connection(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(text)
    return SyncRun.connection_id == int(text)


def _since(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text not in SINCE:
        raise ValueError(text)
    return SyncRun.requested_at >= utc_now() - timedelta(hours=SINCE[text][0])


RUNS = ListTable(
    sorts={
        "started": (SyncRun.requested_at,),
        "read": (SyncRun.read_count,),
        "created": (SyncRun.created_count,),
        "updated": (SyncRun.updated_count,),
        "set_aside": (SyncRun.set_aside_count,),
        "requests": (SyncRun.request_count,),
    },
    tie_break=SyncRun.id,
    default_sort="-started",
    filters={
        "state": _one_of(SyncRun.state, RUN_STATES),
        "trigger": _one_of(SyncRun.trigger, TRIGGERS),
        "connection": Filter(_of_connection),
        "since": Filter(_since),
    },
)

CHANGED = ListTable(
    sorts={"order": (PulledChange.id,)},
    tie_break=PulledChange.id,
    default_sort="order",
    filters={"kind": _one_of(PulledChange.kind, PULLED_WORDS)},
)


@dataclass(frozen=True, slots=True)
class PulledItem:
    """One line of "what changed": texts as people read them."""

    id: int
    kind: str
    uuid: str
    title: str
    label: str | None
    before: str | None
    after: str | None
    can_undo: bool
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running run is; ``left`` is an estimate, ``None`` while it would be a guess."""

    done: int
    total: int | None
    left: timedelta | None


def list_runs(params: ListParams) -> Page[SyncRun]:
    conditions = RUNS.conditions(params)
    total = db.session.scalar(select(func.count(SyncRun.id)).where(*conditions)) or 0
    query = select(SyncRun).where(*conditions).order_by(*RUNS.order(params))
    rows = db.session.scalars(query.offset(params.offset).limit(params.per_page)).all()
    return Page(rows, params.page, params.per_page, total)


def progress_of(run: SyncRun, now: datetime) -> Progress | None:
    """Of a run under way. The pace so far says how long the rest takes."""
    if run.state != RUNNING or run.started_at is None:
        return None
    total = run.remote_total if run.resumes_id is None else None
    seconds = (now - run.started_at).total_seconds()
    if not total or not run.read_count or seconds < ETA_AFTER_SECONDS:
        return Progress(run.read_count, total, None)
    rest = max(0, total - run.read_count)
    return Progress(run.read_count, total, timedelta(seconds=seconds * rest / run.read_count))


def missing_of(run: SyncRun) -> Sequence[Any]:
    """The campaigns that a run did not see, as many as a page lists, and how each is now."""
    found = run.brake if run.state == BRAKED else run.missing if run.missing_count else None
    ids = (found or [])[:MAX_NAMED]
    if not ids:
        return []
    query = select(
        Campaign.uuid,
        Campaign.title,
        Campaign.remote_id,
        Campaign.synced_at,
        Campaign.sync_state,
        Campaign.missed_runs,
    )
    return db.session.execute(query.where(Campaign.id.in_(ids)).order_by(Campaign.title_key)).all()


def can_decide(run: SyncRun) -> bool:
    """Whether the brake still waits for an answer that would mean anything."""
    return (
        run.state == BRAKED
        and run.brake is not None
        and run.brake_decision is None
        and not queries.later_full_run(run)
    )


def can_resume(run: SyncRun) -> bool:
    return (
        run.state in RESUMABLE
        and bool(run.cursor)
        and queries.resumed_by(run) is None
        and not queries.later_full_run(run)
    )


def changed_in(run: SyncRun, params: ListParams) -> Page[PulledItem]:
    """What the run changed here, field group by field group, in the order it was read."""
    conditions = [PulledChange.run_id == run.id, *CHANGED.conditions(params)]
    total = db.session.scalar(select(func.count(PulledChange.id)).where(*conditions)) or 0
    query = _pulled_rows().where(*conditions).order_by(*CHANGED.order(params))
    rows = db.session.execute(query.offset(params.offset).limit(params.per_page)).all()
    return Page(_items(rows), params.page, params.per_page, total)


def pulled_item(pulled_id: int) -> tuple[PulledChange, Campaign]:
    """Raises ``NotFound``."""
    query = (
        select(PulledChange, Campaign)
        .join(Campaign, PulledChange.campaign_id == Campaign.id)
        .where(PulledChange.id == pulled_id)
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        raise NotFound("There is no such change.")
    return found[0], found[1]


def duplicates_of(run: SyncRun) -> Sequence[Any]:
    """Second records that this run was the first to see."""
    query = (
        select(Duplicate, Campaign.uuid, Campaign.title)
        .join(Campaign, Duplicate.campaign_id == Campaign.id)
        .where(Duplicate.run_id == run.id)
        .order_by(Duplicate.id)
        .limit(MAX_NAMED)
    )
    return db.session.execute(query).all()


def _pulled_rows() -> Any:
    return select(PulledChange, Campaign.uuid, Campaign.title).join(
        Campaign, PulledChange.campaign_id == Campaign.id
    )


def _items(rows: Sequence[Any]) -> list[PulledItem]:
    pulled = [row.PulledChange for row in rows]
    named = [
        value for p in pulled if p.field_group == "advertiser" for value in (p.before, p.after)
    ]
    names = advertisers.names_of(named)
    return [
        PulledItem(
            id=p.id,
            kind=p.kind,
            uuid=str(row.uuid),
            title=row.title,
            label=LABELS.get(p.field_group or ""),
            before=readable(p.field_group, p.before, names) if p.field_group else None,
            after=readable(p.field_group, p.after, names) if p.field_group else None,
            can_undo=p.kind == "changed" and p.undone_at is None,
            undone_by=p.undone_by,
            undone_at=p.undone_at,
        )
        for p, row in zip(pulled, rows, strict=True)
    ]
