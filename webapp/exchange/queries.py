"""Reading campaigns for a file: which ones in which order, and their columns, a chunk at a time."""

from array import array
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from webapp.advertisers.models import Advertiser, Agency
from webapp.auth.models import Operator
from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import Asker
from webapp.core.db import db
from webapp.core.listing import ListParams

IDS_AT_ONCE = 10_000
UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


class Facts(NamedTuple):
    """A campaign as a line of a file is made of it; times and the uuid are text already."""

    id: int
    uuid: str
    version: int
    title: str
    advertiser_id: int | None
    advertiser_name: str | None
    agency_name: str | None
    external_id: str | None
    total_budget_minor: int | None
    total_budget_currency: str | None
    copy_needed: bool
    owner_id: int | None
    owner_email: str | None
    notes: str | None
    sync_state: str
    sync_detail: str | None
    total_revenue_minor: int | None
    total_revenue_currency: str | None
    duration_seconds: int | None
    booking_source: str | None
    remote_id: str | None
    remote_created_at: str | None
    remote_updated_at: str | None
    created_at: str
    changed_at: str
    synced_at: str | None
    archived_at: str | None
    connection_id: int


def listed_ids(params: ListParams, asker: Asker) -> "array[int]":
    """The ids of all campaigns of a list in its order: eight bytes each, whatever the number.

    Raises ``QueryError``.
    """
    query = campaigns.all_pages(params, asker).execution_options(yield_per=IDS_AT_ONCE)
    ids = array("q")
    for part in db.session.scalars(query).partitions():
        ids.extend(part)
    return ids


def facts_by_id(ids: Sequence[int]) -> dict[int, Facts]:
    """The facts of these campaigns."""
    return {facts.id: facts for facts in _facts(Campaign.id.in_(ids))}


def _facts(condition: ColumnElement[bool]) -> list[Facts]:
    query = _query(db.engine.dialect.name).where(condition)
    # Past the mapper, which has nothing to do here and takes its time for it.
    return [Facts._make(row) for row in db.session.connection().execute(query).all()]


def _query(dialect: str) -> Select[*tuple[Any, ...]]:
    """The columns of ``Facts``. The database writes times and ids as text: it is quicker at it."""
    moment = _moment_of(dialect)
    return (
        select(
            Campaign.id,
            _uuid_of(dialect),
            Campaign.version,
            Campaign.title,
            Campaign.advertiser_id,
            Advertiser.name,
            Agency.name,
            Campaign.external_id,
            Campaign.total_budget_minor,
            Campaign.total_budget_currency,
            Campaign.copy_needed,
            Campaign.owner_id,
            Operator.email,
            Campaign.notes,
            Campaign.sync_state,
            Campaign.sync_detail,
            Campaign.total_revenue_minor,
            Campaign.total_revenue_currency,
            Campaign.duration_seconds,
            Campaign.booking_source,
            Campaign.remote_id,
            moment(Campaign.remote_created_at),
            moment(Campaign.remote_updated_at),
            moment(Campaign.created_at),
            moment(Campaign.changed_at),
            moment(Campaign.synced_at),
            moment(Campaign.archived_at),
            Campaign.connection_id,
        )
        .outerjoin(Advertiser, Campaign.advertiser_id == Advertiser.id)
        .outerjoin(Agency, Advertiser.agency_id == Agency.id)
        .outerjoin(Operator, Campaign.owner_id == Operator.id)
    )


def _moment_of(dialect: str) -> Callable[[InstrumentedAttribute[Any]], ColumnElement[str]]:
    """Writes a time as ``2026-03-02T09:30:00+00:00``."""
    if dialect == "sqlite":
        return lambda column: func.strftime("%Y-%m-%dT%H:%M:%S+00:00", column, type_=String)
    form = 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'
    return lambda column: func.to_char(func.timezone("UTC", column), form, type_=String)


def _uuid_of(dialect: str) -> ColumnElement[str]:
    if dialect != "sqlite":
        return cast(Campaign.uuid, String)
    # Kept as 32 digits there.
    digits = type_coerce(Campaign.uuid, String)
    parts = [func.substr(digits, at, length, type_=String) for at, length in UUID_PARTS]
    return reduce(lambda begun, part: begun.concat("-").concat(part), parts)
