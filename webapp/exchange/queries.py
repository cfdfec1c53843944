"""Reading campaigns for a file: which ones in which order, and their columns, a chunk at a time."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from webapp.advertisers.models import Advertiser, Agency
from webapp.auth import queries as choices
from webapp.auth.models import Operator
from webapp.bulk.queries import chunks
from webapp.campaigns import listing
from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import KEY_LENGTH, Campaign
from webapp.campaigns.terms import Asker
from webapp.core.db import Model, db
from webapp.core.listing import ListParams
from webapp.core.text import fold
from webapp.exchange.facts import Buyer, Facts, Known

IDS_AT_ONCE = 10_000
UUID_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))


def listed_ids(params: ListParams, asker: Asker) -> "array[int]":
    """The ids of all campaigns of a list in its order: eight bytes each, whatever the number.

    Raises ``QueryError``.
    """
    query = listing.all_pages(params, asker).execution_options(yield_per=IDS_AT_ONCE)
    ids = array("q")
    for part in db.session.scalars(query).partitions():
        ids.extend(part)
    return ids


def facts_by_id(ids: Sequence[int]) -> dict[int, Facts]:
    """The facts of these campaigns."""
    return {facts.id: facts for facts in _facts(Campaign.id.in_(ids))}


def facts_by_uuid(uuids: Sequence[UUID]) -> dict[UUID, Facts]:
    """The facts of those of these campaigns that can be seen."""
    found: list[Facts] = []
    for part in chunks(uuids):
        found += _facts(and_(Campaign.uuid.in_(part), *campaigns.visible()))
    return {UUID(facts.uuid): facts for facts in found}


def known_by_connection() -> dict[int, Known]:
    """What lines may pick from, by connection."""
    query = select(Advertiser.connection_id, Advertiser.id, Advertiser.name, Agency.name)
    query = query.outerjoin(Agency, Advertiser.agency_id == Agency.id).order_by(Advertiser.id)
    operators = {fold(email): id_ for id_, email in choices.operator_choices()}
    known: dict[int, Known] = defaultdict(lambda: Known({}, {}, operators))
    for connection_id, id_, name, agency in db.session.execute(query):
        buyer = Buyer(id_, name, agency or "")
        known[connection_id].buyers[id_] = buyer
        known[connection_id].named.setdefault(fold(name), []).append(buyer)
    return known


def held(advertiser_ids: Iterable[int], owner_ids: Iterable[int]) -> Sequence[Model]:
    """Read at once what else would be asked for line by line. Keep it as long as it is needed."""
    found: list[Model] = []
    for part in chunks(list(set(advertiser_ids))):
        found += db.session.scalars(select(Advertiser).where(Advertiser.id.in_(part)))
    for part in chunks(list(set(owner_ids))):
        found += db.session.scalars(select(Operator).where(Operator.id.in_(part)))
    return found


def booked_already(titles: Iterable[str]) -> set[tuple[str, int | None]]:
    """Title and advertiser of the campaigns that have one of these titles."""
    found: set[tuple[str, int | None]] = set()
    for part in chunks(list({fold(title)[:KEY_LENGTH] for title in titles})):
        query = select(Campaign.title, Campaign.advertiser_id).where(Campaign.title_key.in_(part))
        found |= {(row.title, row.advertiser_id) for row in db.session.execute(query)}
    return found


def _facts(condition: ColumnElement[bool]) -> list[Facts]:
    query = _query(db.engine.dialect.name).where(condition)
    # Past the mapper, which has nothing to do here and takes its time for it.
    return [Facts._make(row) for row in db.session.connection().execute(query).all()]


def _query(dialect: str) -> Select[*tuple[Any, ...]]:
    """The columns of ``Facts``. Times come as text: nothing is to be done with them but to
    write them."""
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
    """A time in UTC as text, as the database writes it."""
    if dialect == "sqlite":
        return lambda column: type_coerce(column, String)
    return lambda column: cast(func.timezone("UTC", column), String)


def _uuid_of(dialect: str) -> ColumnElement[str]:
    if dialect != "sqlite":
        return cast(Campaign.uuid, String)
    # Kept as 32 digits there.
    digits = type_coerce(Campaign.uuid, String)
    parts = [func.substr(digits, at, length, type_=String) for at, length in UUID_PARTS]
    return reduce(lambda begun, part: begun.concat("-").concat(part), parts)
