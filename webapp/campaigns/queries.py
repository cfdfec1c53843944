"""Reading campaigns: the list, one campaign, and what belongs to it."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import joinedload

from webapp.advertisers.models import Advertiser, Agency
from webapp.campaigns.models import (
    CHANGE_STATES,
    IN_FLIGHT,
    NEEDS_YOU,
    READY,
    SYNC_STATES,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.search import matching
from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.listing import COUNT_CAP, Filter, ListParams, ListTable, Page

UNFINISHED = (READY, *IN_FLIGHT)


def _by_advertiser(text: str) -> ColumnElement[bool] | None:
    return Campaign.advertiser_id == _row_id(text) if text else None


def _row_id(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(text)
    return int(text)


def _by_archive(text: str) -> ColumnElement[bool] | None:
    conditions = {
        "active": Campaign.archived_at.is_(None),
        "archived": Campaign.archived_at.is_not(None),
        "all": None,
    }
    if text not in conditions:
        raise ValueError(text)
    return conditions[text]


def _by_sync(text: str) -> ColumnElement[bool] | None:
    if not text:
        return None
    if text == "needs_you":
        return Campaign.sync_state.in_(NEEDS_YOU)
    if text not in SYNC_STATES:
        raise ValueError(text)
    return Campaign.sync_state == text


CAMPAIGNS = ListTable(
    sorts={
        "title": (Campaign.title_key,),
        "advertiser": (Campaign.advertiser_key,),
        "external_id": (Campaign.external_key,),
        "budget": (Campaign.budget_key,),
        "sync": (Campaign.sync_state,),
        "changed": (Campaign.changed_at,),
    },
    tie_break=Campaign.id,
    default_sort="-changed",
    filters={
        "advertiser": Filter(_by_advertiser),
        "archived": Filter(_by_archive, default="active"),
        "sync": Filter(_by_sync),
    },
)


def list_campaigns(params: ListParams) -> Page[Row[Any]]:
    """One page of the list: at most four statements, whatever the number of rows."""
    conditions = [*CAMPAIGNS.conditions(params), *_visible()]
    if params.query:
        conditions += matching(params.query)
    # Ids first: a deep page then walks a narrow index, not whole rows.
    wanted = (
        select(Campaign.id)
        .where(*conditions)
        .order_by(*CAMPAIGNS.order(params))
        .offset(params.offset)
        .limit(params.per_page + 1)
    )
    ids = list(db.session.scalars(wanted))
    total, capped = _total(params, conditions, len(ids))
    rows = _rows(ids[: params.per_page], params)
    return Page(rows, params.page, params.per_page, total, capped)


def _visible() -> list[ColumnElement[bool]]:
    """Campaigns of a connection that is no longer in the settings are kept, but not shown."""
    detached = db.session.scalars(select(Connection.id).where(Connection.state == DETACHED)).all()
    return [Campaign.connection_id.not_in(detached)] if detached else []


def _total(
    params: ListParams, conditions: Sequence[ColumnElement[bool]], found: int
) -> tuple[int, bool]:
    """The number of rows, and whether counting stopped at the cap."""
    is_last_page = 0 < found <= params.per_page or (found == 0 and params.page == 1)
    if is_last_page:
        return params.offset + found, False
    counted = select(Campaign.id).where(*conditions)
    if not params.exact:
        counted = counted.limit(COUNT_CAP + 1)
    total = db.session.scalar(select(func.count()).select_from(counted.subquery())) or 0
    if params.exact or total <= COUNT_CAP:
        return total, False
    return COUNT_CAP, True


def _rows(ids: Sequence[int], params: ListParams) -> Sequence[Row[Any]]:
    if not ids:
        return []
    return db.session.execute(
        _row_columns().where(Campaign.id.in_(ids)).order_by(*CAMPAIGNS.order(params))
    ).all()


def _row_columns() -> Select[Any]:
    return (
        select(
            Campaign.id,
            Campaign.uuid,
            Campaign.remote_id,
            Campaign.title,
            Campaign.advertiser_id,
            Advertiser.name.label("advertiser_name"),
            Agency.name.label("agency_name"),
            Campaign.external_id,
            Campaign.total_budget_minor,
            Campaign.total_budget_currency,
            Campaign.total_revenue_minor,
            Campaign.total_revenue_currency,
            Campaign.duration_seconds,
            Campaign.copy_needed,
            Campaign.booking_source,
            Campaign.sync_state,
            Campaign.sync_detail,
            Campaign.synced_at,
            Campaign.remote_created_at,
            Campaign.remote_updated_at,
            Campaign.created_at,
            Campaign.changed_at,
            Campaign.archived_at,
            Campaign.version,
        )
        .outerjoin(Advertiser, Campaign.advertiser_id == Advertiser.id)
        .outerjoin(Agency, Advertiser.agency_id == Agency.id)
    )


def archived_matches(params: ListParams) -> int:
    """How many archived rows the same search and filters would find; at most ``COUNT_CAP``."""
    if "archived" in params.filters:
        return 0
    conditions = [
        condition
        for name, spec in CAMPAIGNS.filters.items()
        if name != "archived"
        and (condition := spec.condition(params.filters.get(name, spec.default))) is not None
    ]
    conditions += [Campaign.archived_at.is_not(None), *_visible()]
    if params.query:
        conditions += matching(params.query)
    counted = select(Campaign.id).where(*conditions).limit(COUNT_CAP)
    return db.session.scalar(select(func.count()).select_from(counted.subquery())) or 0


def campaign_row(uuid_text: str) -> Row[Any]:
    """One campaign with the same columns as a list row. Raises ``NotFound``."""
    row = db.session.execute(_row_columns().where(Campaign.uuid == _uuid(uuid_text))).one_or_none()
    if row is None:
        raise NotFound("There is no such campaign.")
    return row


def get_campaign(uuid_text: str) -> Campaign:
    """One campaign with advertiser and agency. Raises ``NotFound``."""
    query = (
        select(Campaign)
        .where(Campaign.uuid == _uuid(uuid_text))
        .options(joinedload(Campaign.advertiser).joinedload(Advertiser.agency))
    )
    campaign = db.session.scalars(query).one_or_none()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("There is no such campaign.") from None


def changes_of(campaign: Campaign, limit: int = 20) -> Sequence[Change]:
    """The campaign's outgoing changes, newest first."""
    query = select(Change).where(Change.campaign_id == campaign.id)
    return db.session.scalars(query.order_by(Change.id.desc()).limit(limit)).all()


def open_conflicts(campaign: Campaign) -> Sequence[Conflict]:
    query = select(Conflict).where(
        Conflict.campaign_id == campaign.id, Conflict.decided_at.is_(None)
    )
    return db.session.scalars(query.order_by(Conflict.id)).all()


def change_by_key(intent_key: uuid.UUID) -> Change | None:
    return db.session.scalars(select(Change).where(Change.intent_key == intent_key)).one_or_none()


def needs_you_count() -> int:
    """How many campaigns wait for a decision of an operator; at most 1,000 are counted."""
    waiting = (
        select(Campaign.id)
        .where(Campaign.sync_state.in_(NEEDS_YOU), Campaign.archived_at.is_(None), *_visible())
        .limit(1000)
    )
    return db.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def counts_by_change_state() -> dict[str, int]:
    """How many outgoing changes are in each state that is not finished."""
    query = (
        select(Change.state, func.count())
        .where(Change.state.in_(UNFINISHED))
        .group_by(Change.state)
    )
    found = {state: count for state, count in db.session.execute(query)}
    return {state: found.get(state, 0) for state in CHANGE_STATES if state in UNFINISHED}
