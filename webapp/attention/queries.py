"""What needs a person: one set of conditions for the page and for the number in the rail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from flask import g, has_request_context
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Row,
    ScalarSelect,
    Select,
    TextualSelect,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from webapp.campaigns.models import (
    CONFLICT,
    HELD,
    IN_FLIGHT,
    NEEDS_YOU,
    READY,
    REJECTED,
    STUCK,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.queries import DETACHED_IDS, MADE_THERE, UNCONFIRMED
from webapp.changes import words
from webapp.changes.queries import why_it_waits
from webapp.connections.models import ACTIVE, DETACHED, PAUSED, Connection
from webapp.core import fixed
from webapp.core.clock import utc_now
from webapp.core.db import UtcDateTime, db
from webapp.core.errors import NotFound
from webapp.core.listing import count_of, written_out
from webapp.core.postgresql import PREPARED
from webapp.sync.models import BRAKED, COMPLETE, FAILED, INCOMPLETE, LOST, Duplicate, SyncRun

# How long a change may be under way before someone is told.
PATIENCE = timedelta(minutes=15)
MOST_COUNTED = 1_000
SHOWN_OF_A_KIND = 20
# These have a row of their own here already, and a button that ends them.
SAID_ELSEWHERE = (words.PAUSED, words.ALL_ON_HOLD)
ENDED = (COMPLETE, INCOMPLETE, FAILED, LOST, BRAKED)
FULL = (COMPLETE, BRAKED)
# Given with each use of a statement, so that it need not be made anew for every page.
NOW = bindparam("now", type_=UtcDateTime())
LATE_SINCE = bindparam("late_since", type_=UtcDateTime())
_also: list[ScalarSelect[Any]] = []


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each kind there are; campaigns are counted up to ``MOST_COUNTED``."""

    refused: int
    conflict: int
    parked: int
    duplicates: int
    runs: int
    connections: int
    late: int
    held: int

    @property
    def campaigns(self) -> int:
        return self.conflict + self.refused + self.parked

    @property
    def total(self) -> int:
        # Changes on hold are one thing to look at, however many they are.
        other = self.duplicates + self.runs + self.connections + self.late
        return self.campaigns + other + bool(self.held)


@dataclass(frozen=True, slots=True)
class LateChanges:
    """Changes of a connection that have been under way for too long, for one reason."""

    connection_id: int
    why: str
    number: int
    oldest: datetime


def ask_also(*columns: ScalarSelect[Any]) -> None:
    """Have the statement that counts bring these as well. Whoever draws the rail calls it."""
    _also[:] = columns


def counts() -> Counts:
    """One statement; asked once for a request, by the rail and by the page."""
    if not has_request_context():
        return _counts()[0]
    if "needs_you" not in g:
        g.needs_you, g.besides = _counts()
    found: Counts = g.needs_you
    return found


def besides() -> Sequence[Any]:
    """What :func:`ask_also` asked for, at no further cost. Only for requests."""
    counts()
    found: Sequence[Any] = g.besides
    return found


def _counts() -> tuple[Counts, Sequence[Any]]:
    found = db.session.execute(_counting(db.engine.dialect, *_also), _times()).one()
    edge = len(found) - len(_also)
    return Counts(*found[:edge]), found[edge:]


@cache
def _counting(dialect: Dialect, *more: ScalarSelect[Any]) -> TextualSelect:
    """Made once: to put it together takes many times as long as to carry it out."""
    late = _late().subquery()
    columns: list[ScalarSelect[Any]] = [
        *(_number(select(Campaign.id).where(*_troubled(state))) for state in NEEDS_YOU),
        _number(select(Duplicate.id).where(*_open_duplicate())),
        _number(select(SyncRun.id).join(Connection).where(_needs_answer())),
        _number(select(Connection.id).where(_stands_still())),
        select(func.count()).select_from(late).scalar_subquery(),
        _number(select(Change.id).where(*_held())),
        *more,
    ]
    query = fixed.as_text(select(*columns), dialect, NOW, LATE_SINCE)
    return query.execution_options(**PREPARED)


def _times() -> Mapping[str, datetime]:
    now = utc_now()
    return {"now": now, "late_since": now - PATIENCE}


def _number(query: Select[int]) -> ScalarSelect[int]:
    return count_of(query, MOST_COUNTED)


def _troubled(state: str) -> tuple[ColumnElement[bool], ...]:
    return (
        UNCONFIRMED,
        Campaign.sync_state == state,
        Campaign.archived_at.is_(None),
        Campaign.connection_id.not_in(DETACHED_IDS),
    )


def _open_duplicate() -> tuple[ColumnElement[bool], ...]:
    return Duplicate.closed_at.is_(None), Duplicate.connection_id.not_in(DETACHED_IDS)


def _held() -> tuple[ColumnElement[bool], ...]:
    return Change.state == HELD, Change.connection_id.not_in(DETACHED_IDS)


def _stands_still() -> ColumnElement[bool]:
    """Paused by an error, or all sending paused by an operator."""
    return and_(
        Connection.state != DETACHED,
        or_(Connection.state == PAUSED, Connection.held_at.is_not(None)),
    )


def _needs_answer() -> ColumnElement[bool]:
    """The brake of the newest run that saw the whole list; a newest run that did not come through.

    A paused connection's runs fail for its own reason, which is said there.
    """
    is_braked = and_(SyncRun.state == BRAKED, SyncRun.brake_decision.is_(None))
    has_failed = and_(SyncRun.state.in_((FAILED, LOST)), Connection.state == ACTIVE)
    # A braked one of these is the newest that saw the whole list, a failed one the newest of all.
    newest = union_all(_newest_runs(FULL), _newest_runs(ENDED))
    return and_(SyncRun.id.in_(newest), Connection.state != DETACHED, or_(is_braked, has_failed))


def _newest_runs(states: Sequence[str]) -> Select[int]:
    """The id of each connection's newest run in one of these states.

    Found once for each connection: asked of each run, all runs would be read for every one of them.
    """
    run, each = aliased(SyncRun), aliased(Connection)
    query = select(run.id).where(run.connection_id == each.id, run.state.in_(states))
    newest = query.order_by(run.id.desc()).limit(written_out(1)).correlate(each)
    return select(newest.scalar_subquery()).select_from(each)


def _late() -> Select[*tuple[Any, ...]]:
    """One row for each reason that keeps changes under way for longer than ``PATIENCE``.

    One that was put off is late only after its time.
    """
    why = why_it_waits(NOW)
    return (
        select(
            Change.connection_id,
            why.label("why"),
            func.count().label("number"),
            func.min(Change.created_at).label("oldest"),
        )
        .join(Campaign, Change.campaign_id == Campaign.id)
        .join(Connection, Change.connection_id == Connection.id)
        .where(
            Change.state.in_((READY, *IN_FLIGHT)),
            Change.created_at < LATE_SINCE,
            or_(Change.not_before.is_(None), Change.not_before < LATE_SINCE),
            Connection.state != DETACHED,
            why.not_in(SAID_ELSEWHERE),
        )
        .group_by(Change.connection_id, "why")
    )


def campaigns() -> dict[str, list[Row[Any]]]:
    """The campaigns that wait for a decision, by sync state, those first that changed first."""
    found: dict[str, list[Row[Any]]] = {state: [] for state in NEEDS_YOU}
    shown = union_all(*(_some_of(state) for state in NEEDS_YOU)).subquery()
    since = case(
        (shown.c.sync_state == CONFLICT, _seen_at(shown.c.id)), else_=_ended_at(shown.c.id)
    )
    query = select(shown, func.coalesce(since, shown.c.changed_at).label("since"))
    for row in db.session.execute(query.order_by(shown.c.changed_at, shown.c.id)):
        found[row.sync_state].append(row)
    return found


def _some_of(state: str) -> Select[*tuple[Any, ...]]:
    some = (
        select(
            Campaign.id,
            Campaign.uuid,
            Campaign.title,
            Campaign.remote_id,
            Campaign.sync_state,
            Campaign.sync_detail,
            Campaign.changed_at,
            _is_made_there().label("is_made_there"),
        )
        .where(*_troubled(state))
        .order_by(Campaign.changed_at, Campaign.id)
        .limit(SHOWN_OF_A_KIND)
    )
    return select(some.subquery())


def _is_made_there() -> ColumnElement[bool]:
    """Whether the ad server has this booking, as another campaign of ours."""
    return exists().where(
        Change.campaign_id == Campaign.id,
        Change.state == STUCK,
        Change.error_code == MADE_THERE,
    )


def _seen_at(campaign_id: ColumnElement[int]) -> ScalarSelect[datetime]:
    """When the ad server was first seen with another value than ours."""
    query = select(func.min(Conflict.seen_at)).where(
        Conflict.campaign_id == campaign_id, Conflict.decided_at.is_(None)
    )
    return query.scalar_subquery()


def _ended_at(campaign_id: ColumnElement[int]) -> ScalarSelect[datetime | None]:
    """When the latest change that ended badly did so."""
    query = select(func.max(Change.finished_at)).where(
        Change.campaign_id == campaign_id, Change.state.in_((REJECTED, STUCK))
    )
    return query.scalar_subquery()


def waiting_since(before: datetime) -> Sequence[Row[str, int, datetime]]:
    """Of each kind that waits for a decision since before then: how many, and since when.

    Kinds are sync states and ``duplicate``; of each, ``MOST_COUNTED`` are looked at.
    """
    found = union_all(*(_since(state) for state in NEEDS_YOU), _duplicates_since()).subquery()
    query = select(
        found.c.kind, func.count().label("number"), func.min(found.c.since).label("oldest")
    )
    return db.session.execute(query.where(found.c.since < before).group_by(found.c.kind)).all()


def _since(state: str) -> Select[*tuple[Any, ...]]:
    few = select(Campaign.id, Campaign.changed_at).where(*_troubled(state))
    some = few.order_by(Campaign.changed_at, Campaign.id).limit(MOST_COUNTED).subquery()
    since = _seen_at(some.c.id) if state == CONFLICT else _ended_at(some.c.id)
    return select(
        literal(state).label("kind"), func.coalesce(since, some.c.changed_at).label("since")
    )


def _duplicates_since() -> Select[*tuple[Any, ...]]:
    some = select(Duplicate.seen_at).where(*_open_duplicate()).order_by(Duplicate.id)
    found = some.limit(MOST_COUNTED).subquery()
    return select(literal("duplicate").label("kind"), found.c.seen_at.label("since"))


def duplicates() -> Sequence[Row[Any]]:
    """Second records of bookings of ours, newest first, with the campaign they repeat."""
    query = (
        select(Duplicate.id, Duplicate.remote_id, Duplicate.marker, Duplicate.seen_at)
        .add_columns(Campaign.uuid, Campaign.title)
        .join(Campaign, Duplicate.campaign_id == Campaign.id)
        .where(*_open_duplicate())
        .order_by(Duplicate.id.desc())
        .limit(SHOWN_OF_A_KIND)
    )
    return db.session.execute(query).all()


def open_duplicates(after_id: int, limit: int) -> Sequence[Row[Duplicate, UUID, str, UUID | None]]:
    """The same from the oldest on, each with the second record here: ``None`` until it is read."""
    other = aliased(Campaign)
    is_other = and_(
        other.connection_id == Duplicate.connection_id, other.remote_id == Duplicate.remote_id
    )
    query = (
        select(Duplicate, Campaign.uuid, Campaign.title, other.uuid.label("other_uuid"))
        .join(Campaign, Duplicate.campaign_id == Campaign.id)
        .outerjoin(other, is_other)
        .where(*_open_duplicate(), Duplicate.id > after_id)
    )
    return db.session.execute(query.order_by(Duplicate.id).limit(limit)).all()


def runs() -> Sequence[Row[SyncRun, str]]:
    """Runs that the brake stopped, or that failed with none after them, newest first."""
    query = select(SyncRun, Connection.name).join(Connection).where(_needs_answer())
    return db.session.execute(query.order_by(SyncRun.id.desc()).limit(SHOWN_OF_A_KIND)).all()


def connections() -> Sequence[Row[Connection, int]]:
    """Connections that stand still, with how many changes wait for each."""
    waiting = (
        select(func.count(Change.id))
        .where(Change.connection_id == Connection.id, Change.state == READY)
        .correlate(Connection)
        .scalar_subquery()
    )
    query = select(Connection, waiting.label("waiting")).where(_stands_still())
    return db.session.execute(query.order_by(Connection.id)).all()


def late_changes() -> list[LateChanges]:
    query = _late().order_by(func.min(Change.created_at))
    rows = db.session.execute(query, _times()).all()
    return [LateChanges(row.connection_id, row.why, row.number, row.oldest) for row in rows]


def get_duplicate(duplicate_id: int) -> Duplicate:
    """Raises ``NotFound``."""
    duplicate = db.session.get(Duplicate, duplicate_id)
    if duplicate is None:
        raise NotFound("There is no such report.")
    return duplicate


def other_record(duplicate: Duplicate) -> Campaign | None:
    """The second record as it was imported; ``None`` until a pull has brought it."""
    query = select(Campaign).where(
        Campaign.connection_id == duplicate.connection_id,
        Campaign.remote_id == duplicate.remote_id,
    )
    return db.session.scalars(query).one_or_none()
