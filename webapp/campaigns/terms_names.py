"""Names and texts in a query: advertisers, agencies and owners by a part of their name, or ``#id``.

Names are looked up first, so that a list is asked for ids only, which its indexes answer.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.advertisers.models import Advertiser, Agency
from webapp.auth.models import Operator
from webapp.campaigns.models import Campaign
from webapp.connections.models import Connection
from webapp.core.db import db
from webapp.core.listing import one_of
from webapp.core.query_errors import BadValue
from webapp.core.query_terms import Value
from webapp.core.text import fold

ME = "me"
# More than these are not listed one by one in a statement.
MOST_IDS = 500
LARGEST_ID = 2**31 - 1


def id_of(text: str) -> int | None:
    """``12`` for ``#12``; none for a name."""
    digits = text[1:]
    if not text.startswith("#") or not digits.isascii() or not digits.isdigit():
        return None
    return min(int(digits), LARGEST_ID)


def is_me(value: Value) -> bool:
    return not value.op and value.text.lower() == ME


def check_name(value: Value) -> None:
    """Raises ``BadValue``."""
    if value.text.startswith("#") and id_of(value.text) is None:
        raise BadValue(f"“{value.text}” is no number of a record. Type one such as #12, or a name.")
    if not fold(value.text).strip():
        raise BadValue(f"“{value.text}” has nothing in it that can be searched for.")


def by_advertiser(values: Sequence[Value]) -> ColumnElement[bool]:
    names = [fold(value.text) for value in values if id_of(value.text) is None]
    ids = [id_ for value in values if (id_ := id_of(value.text)) is not None]
    named = [Advertiser.name_key.contains(name, autoescape=True) for name in names]
    found = select(Advertiser.id).where(or_(false(), *named))
    return _among(found if names else None, ids)


def by_agency(values: Sequence[Value]) -> ColumnElement[bool]:
    """Campaigns whose advertiser buys through such an agency."""
    agencies = _ids_of(values, _agency_names)
    found = select(Advertiser.id).where(Advertiser.agency_id.in_(agencies))
    return _among(found if agencies else None, [])


def without_agency() -> ColumnElement[bool]:
    direct = select(Advertiser.id).where(Advertiser.agency_id.is_(None))
    return or_(Campaign.advertiser_id.is_(None), Campaign.advertiser_id.in_(direct))


def _agency_names() -> Mapping[int, str]:
    # Agencies are few. No database folds their names as we do.
    return {row.id: row.name for row in db.session.execute(select(Agency.id, Agency.name))}


def _ids_of(values: Sequence[Value], names: Callable[[], Mapping[int, str]]) -> set[int]:
    found = {id_ for value in values if (id_ := id_of(value.text)) is not None}
    parts = [fold(value.text) for value in values if id_of(value.text) is None]
    if not parts:
        return found
    folded = {id_: fold(name) for id_, name in names().items()}
    return found | {id_ for id_, name in folded.items() if any(part in name for part in parts)}


def _among(advertisers: Select[int] | None, ids: Sequence[int]) -> ColumnElement[bool]:
    if advertisers is None:
        return Campaign.advertiser_id.in_(ids)
    found = db.session.scalars(advertisers.limit(MOST_IDS + 1)).all()
    if len(found) <= MOST_IDS:
        return Campaign.advertiser_id.in_(sorted({*found, *ids}))
    return or_(Campaign.advertiser_id.in_(advertisers), Campaign.advertiser_id.in_(ids))


def by_owner(values: Sequence[Value], who: int | None) -> ColumnElement[bool]:
    """Campaigns of such operators; ``who`` is the one that asks: somebody, where one is “me”."""
    others = [value for value in values if not is_me(value)]
    ids = _ids_of(others, _emails)
    if len(others) < len(values) and who is not None:
        ids.add(who)
    return one_of(Campaign.owner_id, sorted(ids))


def _emails() -> Mapping[int, str]:
    return {row.id: row.email for row in db.session.execute(select(Operator.id, Operator.email))}


def by_remote_id(values: Sequence[Value]) -> ColumnElement[bool]:
    return Campaign.remote_id.in_([value.text for value in values]) & Campaign.connection_id.in_(
        # The index begins with the connection, and there are few.
        select(Connection.id)
    )


def in_title(value: Value) -> ColumnElement[bool]:
    """Campaigns with this in their title: the first line of what is searched in."""
    text = Campaign.search_text
    place = _place(text, fold(value.text))
    return (place > 0) & (place < _place(text, "\n"))


def in_external_id(value: Value) -> ColumnElement[bool]:
    """Campaigns with this in their external ID: the second line."""
    rest = func.substr(Campaign.search_text, _place(Campaign.search_text, "\n") + 1)
    place = _place(rest, fold(value.text))
    return (place > 0) & (place < _place(rest, "\n"))


def _place(text: ColumnElement[str] | InstrumentedAttribute[str], part: str) -> ColumnElement[int]:
    if db.engine.dialect.name == "sqlite":
        return func.instr(text, part)
    return func.strpos(text, part)


def names_of(values: Sequence[Value], field: str, known: Mapping[int, str]) -> Mapping[int, str]:
    """What the numbers (``#12``) of advertisers, agencies or operators are called.

    Advertisers that are ``known`` are not asked for.
    """
    columns = {
        "advertiser": (Advertiser.id, Advertiser.name),
        "agency": (Agency.id, Agency.name),
        "owner": (Operator.id, Operator.email),
    }
    ids = {id_ for value in values if (id_ := id_of(value.text)) is not None}
    if field == "advertiser" and ids <= known.keys():
        return known
    if not ids or field not in columns:
        return {}
    id_column, name = columns[field]
    found = db.session.execute(select(id_column, name).where(id_column.in_(ids)))
    return {row[0]: row[1] for row in found}
