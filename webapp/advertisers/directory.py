"""Advertisers and agencies as whole rows, for those who take them elsewhere: scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from webapp.advertisers.models import Advertiser, Agency
from webapp.advertisers.queries import matching
from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.errors import NotFound

DETACHED_IDS = select(Connection.id).where(Connection.state == DETACHED)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a list, and how many the list has."""

    rows: Sequence[Row[Any]]
    total: int


def advertiser_rows(search: str, agency_id: int | None, page: int, per_page: int) -> Part:
    """Advertisers by name; ``search`` has words of their or their agency's name."""
    conditions: list[ColumnElement[bool]] = [Advertiser.connection_id.not_in(DETACHED_IDS)]
    conditions += matching(search)
    if agency_id is not None:
        conditions.append(Advertiser.agency_id == agency_id)
    query = _advertisers().where(*conditions).order_by(Advertiser.name_key, Advertiser.id)
    count = select(func.count(Advertiser.id)).where(*conditions)
    return _part(query, count, page, per_page)


def advertiser_row(advertiser_id: int) -> Row[Any]:
    """Raises ``NotFound``."""
    shown = Advertiser.connection_id.not_in(DETACHED_IDS)
    query = _advertisers().where(Advertiser.id == advertiser_id, shown)
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such advertiser.")
    return row


def agency_rows(page: int, per_page: int) -> Part:
    """Agencies by name."""
    shown = Agency.connection_id.not_in(DETACHED_IDS)
    query = select(
        Agency.id,
        Agency.remote_id,
        Agency.name,
        Agency.external_id,
        Agency.connection_id,
        Agency.remote_created_at,
        Agency.remote_updated_at,
        Agency.synced_at,
    )
    query = query.where(shown).order_by(func.lower(Agency.name), Agency.id)
    return _part(query, select(func.count(Agency.id)).where(shown), page, per_page)


def _advertisers() -> Select[*tuple[Any, ...]]:
    return select(
        Advertiser.id,
        Advertiser.remote_id,
        Advertiser.name,
        Advertiser.connection_id,
        Advertiser.competitive_categories,
        Advertiser.remote_created_at,
        Advertiser.remote_updated_at,
        Advertiser.synced_at,
        Agency.id.label("agency_id"),
        Agency.remote_id.label("agency_remote_id"),
        Agency.name.label("agency_name"),
    ).outerjoin(Agency, Advertiser.agency_id == Agency.id)


def _part(query: Select[*tuple[Any, ...]], count: Select[int], page: int, per_page: int) -> Part:
    rows = db.session.execute(query.offset((page - 1) * per_page).limit(per_page)).all()
    return Part(rows, db.session.scalar(count) or 0)
