"""What the list shows of campaigns: their rows by id, with no more than its columns need."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Dialect, Label, Select, select

from webapp.advertisers.models import Advertiser, Agency
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.fixed import among
from webapp.core.postgresql import PREPARED
from webapp.core.rows import Row, by_id

# As tables: through the models it takes twice as long.
_campaign, _operator = Campaign.__table__.c, Operator.__table__
_advertiser, _agency = Advertiser.__table__, Agency.__table__

# For the row itself, and for what stands around the rows.
ALWAYS = ("id", "uuid", "title", "advertiser_id", "sync_state", "archived_at")
NAMES: Mapping[str, Label[Any]] = MappingProxyType(
    {
        "advertiser_name": _advertiser.c.name.label("advertiser_name"),
        "agency_name": _agency.c.name.label("agency_name"),
        "owner_email": _operator.c.email.label("owner_email"),
    }
)
# By column of the list, as ``campaigns.columns`` names them.
NEEDED: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "advertiser": ("agency_name",),
        "external_id": ("external_id",),
        "budget": ("total_budget_minor", "total_budget_currency"),
        "sync": ("sync_detail", "remote_id"),
        "changed": ("changed_at",),
        "owner": ("owner_email",),
        "copy": ("copy_needed",),
        "revenue": ("total_revenue_minor", "total_revenue_currency"),
        "duration": ("duration_seconds",),
        "source": ("booking_source",),
        "created": ("remote_created_at",),
        "updated": ("remote_updated_at",),
        "synced": ("synced_at",),
        "archived": (),
    }
)
MOST_KINDS = 64


def rows_of(ids: Sequence[int], columns: Sequence[str]) -> list[Row]:
    """The campaigns of these ids, in their order, with what these columns show.

    A campaign that is gone meanwhile is left out.
    """
    connection = db.session.connection()
    query = _rows(connection.dialect, tuple(columns))
    # Past the session: there is no object among the columns, and looking for one takes time.
    return by_id(connection, query, ids)


@lru_cache(MOST_KINDS)
def _rows(dialect: Dialect, columns: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    """Put together once for each choice of columns, as every page asks for it."""
    needed = dict.fromkeys(name for column in columns for name in NEEDED[column])
    own = [_campaign[name] for name in (*ALWAYS, *needed) if name not in NAMES]
    names = [NAMES["advertiser_name"], *(NAMES[name] for name in needed if name in NAMES)]
    joined = Campaign.__table__.outerjoin(_advertiser, _campaign.advertiser_id == _advertiser.c.id)
    if "agency_name" in needed:
        joined = joined.outerjoin(_agency, _advertiser.c.agency_id == _agency.c.id)
    if "owner_email" in needed:
        joined = joined.outerjoin(_operator, _campaign.owner_id == _operator.c.id)
    query = select(*own, *names).select_from(joined).where(among(_campaign.id, dialect))
    return query.execution_options(**PREPARED)
