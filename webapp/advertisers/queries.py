"""Reading advertisers and agencies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from webapp.advertisers.models import Advertiser, Agency
from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.listing import ListParams, ListTable, Page
from webapp.core.text import fold

ADVERTISERS = ListTable(
    sorts={"name": (Advertiser.name_key,), "changed": (Advertiser.remote_updated_at,)},
    tie_break=Advertiser.id,
    default_sort="name",
)
MAX_CHOICES = 5_000
ROWS_AT_ONCE = 1_000
MAX_SUGGESTED = 20


def list_advertisers(params: ListParams) -> Page[Row[*tuple[Any, ...]]]:
    """One page of advertisers with their agency's name."""
    query = _listed(params)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.execute(
        query.order_by(*ADVERTISERS.order(params)).offset(params.offset).limit(params.per_page)
    ).all()
    return Page(rows, params.page, params.per_page, total)


def all_advertisers(params: ListParams) -> Iterator[Sequence[Row[*tuple[Any, ...]]]]:
    """The rows of all its pages, some at a time."""
    query = _listed(params).order_by(*ADVERTISERS.order(params))
    return db.session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)).partitions()


def _listed(params: ListParams) -> Select[*tuple[Any, ...]]:
    detached = select(Connection.id).where(Connection.state == DETACHED)
    conditions: list[ColumnElement[bool]] = [Advertiser.connection_id.not_in(detached)]
    conditions += matching(params.query)
    return (
        select(
            Advertiser.id,
            Advertiser.name,
            Advertiser.remote_id,
            Advertiser.competitive_categories,
            Advertiser.remote_updated_at,
            Agency.name.label("agency_name"),
        )
        .outerjoin(Agency, Advertiser.agency_id == Agency.id)
        .where(*conditions)
    )


def matching(query: str) -> list[ColumnElement[bool]]:
    """Conditions for advertisers with every word of ``query`` in their or their agency's name."""
    words = fold(query).split()
    if not words:
        return []
    # Agencies are few. No database folds their names as we do.
    names = {row.id: fold(row.name) for row in db.session.execute(select(Agency.id, Agency.name))}
    return [
        or_(
            Advertiser.name_key.contains(word, autoescape=True),
            Advertiser.agency_id.in_([id_ for id_, name in names.items() if word in name]),
        )
        for word in words
    ]


def advertiser_choices(limit: int = MAX_CHOICES) -> list[tuple[int, str]]:
    """Id and "name – agency" of every advertiser that can be booked, by name."""
    return _choices(_bookable().order_by(Advertiser.name_key, Advertiser.id).limit(limit))


def agency_choices(limit: int = MAX_CHOICES) -> list[tuple[int, str]]:
    """Id and name of every agency, by name."""
    query = select(Agency.id, Agency.name).join(Connection, Agency.connection_id == Connection.id)
    query = query.where(Connection.state != DETACHED).order_by(func.lower(Agency.name), Agency.id)
    return [(id_, name) for id_, name in db.session.execute(query.limit(limit))]


def suggest(text: str, limit: int = MAX_SUGGESTED) -> list[tuple[int, str]]:
    """The same of those with every word of ``text`` in name or agency; first words come first."""
    begins = Advertiser.name_key.startswith(fold(text).strip(), autoescape=True)
    query = _bookable().where(*matching(text))
    return _choices(query.order_by(begins.desc(), Advertiser.name_key, Advertiser.id).limit(limit))


def choice_of(advertiser_id: int | None) -> list[tuple[int, str]]:
    """The same of one advertiser, whether it can be booked or not; empty when there is none."""
    return _choices(_with_agency().where(Advertiser.id == advertiser_id)) if advertiser_id else []


def _with_agency() -> Select[int, str, str]:
    return select(Advertiser.id, Advertiser.name, Agency.name).outerjoin(
        Agency, Advertiser.agency_id == Agency.id
    )


def _bookable() -> Select[int, str, str]:
    connected = select(Connection.id).where(Connection.state != DETACHED)
    return _with_agency().where(Advertiser.connection_id.in_(connected))


def _choices(query: Select[int, str, str]) -> list[tuple[int, str]]:
    return [
        (id_, f"{name} – {agency}" if agency and agency != name else name)
        for id_, name, agency in db.session.execute(query)
    ]


def get_advertiser(advertiser_id: int) -> Advertiser | None:
    return db.session.get(Advertiser, advertiser_id)


def names_of(advertiser_ids: Iterable[int | None]) -> Mapping[int, str]:
    """Names by id, for those that exist."""
    return _names(Advertiser, advertiser_ids)


def agency_names_of(agency_ids: Iterable[int | None]) -> Mapping[int, str]:
    """The same of agencies."""
    return _names(Agency, agency_ids)


def _names(of: type[Advertiser | Agency], given: Iterable[int | None]) -> Mapping[int, str]:
    ids = {id_ for id_ in given if id_ is not None}
    if not ids:
        return {}
    query = select(of.id, of.name).where(of.id.in_(ids))
    return {row.id: row.name for row in db.session.execute(query)}


def ids_named(name: str, connection_id: int) -> list[int]:
    """Advertisers of a connection with exactly this name; two at most."""
    query = select(Advertiser.id).where(
        Advertiser.name == name, Advertiser.connection_id == connection_id
    )
    return list(db.session.scalars(query.order_by(Advertiser.id).limit(2)))
