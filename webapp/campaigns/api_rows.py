"""Rows of campaigns for scripts: plain columns, times and ids as texts: many are read fast."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Dialect, Label, Select, select, type_coerce

from webapp.advertisers.models import Advertiser, Agency
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import uuid_of
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.fixed import among
from webapp.core.moments import IsoMoment, IsoUuid
from webapp.core.postgresql import PREPARED
from webapp.core.rows import Row, by_id, named

# As tables: through the model it takes twice as long.
_campaign, _operator = Campaign.__table__.c, Operator.__table__
_advertiser, _agency = Advertiser.__table__, Agency.__table__
AS_STORED = (
    *("id", "connection_id", "remote_id", "external_id", "title", "advertiser_id"),
    *("total_budget_minor", "total_budget_currency"),
    *("total_revenue_minor", "total_revenue_currency"),
    *("duration_seconds", "copy_needed", "booking_source", "notes"),
    *("sync_state", "sync_detail", "version"),
)
MOMENTS = (
    *("created_at", "changed_at", "remote_created_at", "remote_updated_at"),
    *("synced_at", "archived_at"),
)


def _moment(name: str) -> Label[str]:
    return type_coerce(_campaign[name], IsoMoment).label(name)


ROWS: Select[*tuple[Any, ...]] = (
    select(
        type_coerce(_campaign.uuid, IsoUuid).label("uuid"),
        *[_campaign[name] for name in AS_STORED],
        *[_moment(name) for name in MOMENTS],
        _advertiser.c.name.label("advertiser_name"),
        _advertiser.c.remote_id.label("advertiser_remote_id"),
        _agency.c.id.label("agency_id"),
        _agency.c.name.label("agency_name"),
        _agency.c.remote_id.label("agency_remote_id"),
        _operator.c.email.label("owner_email"),
    )
    .select_from(Campaign.__table__)
    .outerjoin(_advertiser, _campaign.advertiser_id == _advertiser.c.id)
    .outerjoin(_agency, _advertiser.c.agency_id == _agency.c.id)
    .outerjoin(_operator, _campaign.owner_id == _operator.c.id)
)


def campaign_rows(ids: Sequence[int]) -> list[Row]:
    """Those of these ids, in their order. One that is gone meanwhile is left out."""
    connection = db.session.connection()
    return by_id(connection, _among(connection.dialect), ids)


@cache
def _among(dialect: Dialect) -> Select[*tuple[Any, ...]]:
    return ROWS.where(among(_campaign.id, dialect)).execution_options(**PREPARED)


def campaign_row(uuid_text: str) -> Row:
    """One campaign, as a list has it. Raises ``NotFound``."""
    rows = named(db.session.execute(ROWS.where(_campaign.uuid == uuid_of(uuid_text))))
    if not rows:
        raise NotFound("There is no such campaign.")
    [row] = rows
    structlog.contextvars.bind_contextvars(campaign_id=row.id)
    return row
