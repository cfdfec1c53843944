"""Reading outgoing changes: the outbox as a list, one change, and why each has not arrived."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, select

from webapp.auth.models import Operator
from webapp.campaigns.models import (
    APPLIED,
    CHANGE_STATES,
    CONFLICT,
    CREATE,
    HELD,
    PARKED,
    PROBING,
    READY,
    SETTLING,
    UPDATE,
    Campaign,
    Change,
)
from webapp.campaigns.queries import DETACHED_IDS
from webapp.campaigns.search import search_for
from webapp.changes import words
from webapp.connections.models import DETACHED, PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.listing import (
    Filter,
    ListParams,
    ListTable,
    Page,
    count_of,
    is_counted,
    page_of,
)
from webapp.sync import breaker
from webapp.sync.models import OPEN_STATES, SyncRun

AGES = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
}
NEWER = "last-"


def why_it_waits(now: datetime | ColumnElement[datetime]) -> ColumnElement[str]:
    """Why an open change has not arrived, one of ``words.WHY`` or an error's code.

    Needs ``Campaign`` and ``Connection`` joined.
    """
    return case(
        (Change.state == HELD, words.ON_HOLD),
        (Change.state.in_((SETTLING, PROBING)), words.CHECKING),
        (Change.state != READY, words.SENDING),
        (Connection.state == PAUSED, words.PAUSED),
        (Connection.held_at.is_not(None), words.ALL_ON_HOLD),
        (Campaign.sync_state == CONFLICT, words.CONFLICT),
        (Campaign.sync_state == PARKED, words.PARKED),
        (Change.not_before > now, words.LATER),
        (breaker.is_open(), words.BREAKER),
        else_=func.coalesce(Change.error_code, words.QUEUE),
    )


def _by_state(text: str) -> ColumnElement[bool] | None:
    if text == "all":
        return None
    if text not in words.STATES:
        raise ValueError(text)
    return _in_states(words.STATES[text])


def _in_states(states: Sequence[str]) -> ColumnElement[bool]:
    if APPLIED in states:
        # Said this way round SQLite keeps to the order's index: nearly all are confirmed.
        return Change.state.not_in([state for state in CHANGE_STATES if state not in states])
    return Change.state.in_(states)


def _by_kind(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text not in (CREATE, UPDATE):
        raise ValueError(text)
    return Change.kind == text


def _by_id(column: Any) -> Callable[[str], ColumnElement[bool] | None]:
    def condition(text: str) -> ColumnElement[bool] | None:
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise ValueError(text)
        found: ColumnElement[bool] = column == int(text)
        return found

    return condition


def _by_age(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text not in words.AGE_CHOICES:
        raise ValueError(text)
    edge = utc_now() - AGES[text.removeprefix(NEWER)]
    return Change.created_at >= edge if text.startswith(NEWER) else Change.created_at < edge


def _by_why(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text not in words.WHY:
        raise ValueError(text)
    return and_(Change.state.in_(words.OPEN), why_it_waits(utc_now()) == text)


def _by_campaign(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    wanted = select(Campaign.id).where(Campaign.uuid == UUID(text)).scalar_subquery()
    return Change.campaign_id == wanted


CHANGES = ListTable(
    sorts={
        "saved": (Change.id,),
        # With its id, so that two indexes in a row have this order already.
        "campaign": (Campaign.title_key, Campaign.id),
        "next": (Change.next_attempt_at,),
    },
    tie_break=Change.id,
    default_sort="-saved",
    filters={
        "state": Filter(_by_state, default="open"),
        "kind": Filter(_by_kind),
        "operator": Filter(_by_id(Change.operator_id)),
        "connection": Filter(_by_id(Change.connection_id)),
        "age": Filter(_by_age),
        "why": Filter(_by_why),
        "campaign": Filter(_by_campaign),
    },
)


@dataclass(frozen=True, slots=True)
class Sending:
    """A connection, and what waits in it: may go out now (bookings among it), on hold, put off."""

    connection: Connection
    waiting: int
    bookings: int
    on_hold: int
    later: int
    is_pulling: bool


def list_changes(params: ListParams) -> tuple[Page[Row[Any]], list[Sending]]:
    """One page of changes with their campaigns, and what waits in each connection shown.

    Two statements whatever the number of rows; a third where a search is made.
    """
    conditions = [*CHANGES.conditions(params), *_found(params.query)]
    rows = _rows(conditions, params)
    most = params.most_counted
    wanted = _wanted(conditions, params, is_ordered=False)
    sending, total = _sending(None if is_counted(rows, params) else count_of(wanted, most))
    return page_of(rows, params, total, most), sending


def _found(query: str) -> list[ColumnElement[bool]]:
    """Changes of campaigns with these words, or the change with this one-time key."""
    if not query:
        return []
    try:
        return [Change.intent_key == UUID(query)]
    except ValueError:
        return search_for(query).conditions


def _wanted(
    conditions: Sequence[ColumnElement[bool]], params: ListParams, *, is_ordered: bool
) -> Select[int]:
    """The ids of the changes that fit. Other tables are joined only where they are asked about."""
    query = select(Change.id).where(Change.connection_id.not_in(DETACHED_IDS), *conditions)
    is_by_campaign = is_ordered and params.sort_column == "campaign"
    if params.query or is_by_campaign or "why" in params.filters:
        query = query.join(Campaign, Change.campaign_id == Campaign.id)
    if "why" in params.filters:
        query = query.join(Connection, Change.connection_id == Connection.id)
    return query.order_by(*CHANGES.order(params)) if is_ordered else query


def _sending(total: ScalarSelect[int] | None) -> tuple[list[Sending], int | None]:
    """What waits in each connection; the list's length comes with the same statement."""
    is_later = Change.not_before > utc_now()
    is_now = (Change.state == READY) & is_later.is_not(True)
    pulls = select(SyncRun.id).where(SyncRun.state.in_(OPEN_STATES))
    query = select(
        Connection,
        _number(is_now),
        _number(is_now, Change.kind == CREATE),
        _number(Change.state == HELD),
        _number(Change.state == READY, is_later),
        pulls.where(SyncRun.connection_id == Connection.id).correlate(Connection).exists(),
        *([] if total is None else [total]),
    )
    found = db.session.execute(
        query.where(Connection.state != DETACHED).order_by(Connection.id)
    ).all()
    sending = [Sending(*row[:6]) for row in found]
    counted = next((int(row[6]) for row in found), 0) if total is not None else None
    return sending, counted


def _number(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many changes of a statement's connection these conditions fit."""
    query = select(func.count(Change.id)).where(Change.connection_id == Connection.id, *conditions)
    return query.correlate(Connection).scalar_subquery()


def _rows(conditions: Sequence[ColumnElement[bool]], params: ListParams) -> Sequence[Row[Any]]:
    """The page's rows, and one more where there is a next page."""
    # Ids first: a deep page then walks narrow indexes, not whole rows.
    wanted = _wanted(conditions, params, is_ordered=True)
    ids = wanted.offset(params.offset).limit(params.per_page + 1).scalar_subquery()
    query = _columns().where(Change.id.in_(ids))
    return db.session.execute(query.order_by(*CHANGES.order(params))).all()


def _columns() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Change.id,
            Change.kind,
            Change.fields,
            Change.before,
            Change.after,
            Change.state,
            Change.attempts,
            Change.next_attempt_at,
            Change.not_before,
            Change.lane,
            Change.held_by,
            Change.sent_at,
            Change.settle_until,
            Change.last_error,
            Change.last_status,
            Change.operator_id,
            Change.created_at,
            Change.finished_at,
            why_it_waits(utc_now()).label("why"),
            Campaign.uuid,
            Campaign.title,
            Campaign.external_id,
            Campaign.advertiser_id,
            Operator.email,
        )
        .join(Campaign, Change.campaign_id == Campaign.id)
        .join(Connection, Change.connection_id == Connection.id)
        .outerjoin(Operator, Change.operator_id == Operator.id)
    )


def changes_before(
    place: int | None, limit: int, *, campaign_id: int | None, states: Sequence[str]
) -> Sequence[Row[Any]]:
    """Changes of a campaign, or of all, newest first, older than a place: in any of these states.

    No states are all of them. Rows as :func:`list_changes` gives them.
    """
    ids = select(Change.id)
    if states:
        ids = ids.where(_in_states(states))
    if campaign_id is None:
        ids = ids.where(Change.connection_id.not_in(DETACHED_IDS))
    else:
        ids = ids.where(Change.campaign_id == campaign_id)
    if place is not None:
        ids = ids.where(Change.id < place)
    # Ids first, as for a page of the list.
    wanted = ids.order_by(Change.id.desc()).limit(limit).scalar_subquery()
    query = _columns().where(Change.id.in_(wanted))
    return db.session.execute(query.order_by(Change.id.desc())).all()


def change_row(change_id: int) -> Row[Any]:
    """One change with the columns of a list row. Raises ``NotFound``."""
    row = db.session.execute(_columns().where(Change.id == change_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such change.")
    return row


def get_change(change_id: int) -> Change:
    """Raises ``NotFound``."""
    change = db.session.get(Change, change_id)
    if change is None:
        raise NotFound("There is no such change.")
    return change


def titles_of(change_ids: Sequence[int]) -> Mapping[int, str]:
    """The titles of the campaigns that these changes belong to, by change."""
    query = select(Change.id, Campaign.title).join(Campaign, Change.campaign_id == Campaign.id)
    rows = db.session.execute(query.where(Change.id.in_(change_ids)))
    return {row.id: row.title for row in rows}


def operator_choices() -> list[tuple[int, str]]:
    """Everyone who may have saved a change, by address."""
    query = select(Operator.id, Operator.email).order_by(Operator.email)
    return [(row.id, row.email) for row in db.session.execute(query)]
