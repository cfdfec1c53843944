"""The orders that scripts read campaigns in: by pages, and by going on behind a campaign.

Each is read along the indexes of the list, however many campaigns there are. Campaigns without a
value come first when ascending, and the id makes every order total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Label,
    Select,
    UnaryExpression,
    case,
    literal,
    select,
    union_all,
)

from webapp.campaigns.models import Campaign
from webapp.core.db import db
from webapp.core.listing import written_out

# As a table: through the model it takes twice as long.
C = Campaign.__table__.c

KEY = "key_"
# From here on it pays to ask first which parts of an order there are.
DEEP = 1_000

Conditions = Sequence[ColumnElement[bool]]
Key = ColumnElement[Any]
# A statement: ids in their order, each with the keys that say where it stands.
Places = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]


@dataclass(frozen=True)
class Part:
    """Some campaigns, and what these are ordered by. ``has_none``: a key may be without a value.

    ``is_alike``: the keys are the same for all of them, so the id alone orders them.
    """

    keys: Sequence[Key]
    conditions: Conditions = ()
    has_none: bool = False
    is_alike: bool = False

    def order(self, *, descending: bool) -> list[UnaryExpression[Any]]:
        return _by(() if self.is_alike else self.keys, C.id, descending=descending)


@dataclass(frozen=True)
class Order:
    """Its ``parts`` are read each along an index of its own, and merged."""

    parts: Sequence[Part]

    def short(self) -> "Order":
        """The same without merging where all campaigns are of the first part: it costs with depth.

        It asks the database.
        """
        for part in self.parts[1:]:
            if db.session.scalar(select(C.id).where(*part.conditions).limit(1)) is not None:
                return self
        return replace(self, parts=[replace(self.parts[0], conditions=())])

    def places(
        self, conditions: Conditions, *, descending: bool, offset: int, limit: int
    ) -> Places:
        """Id and keys of so many campaigns, so far from the beginning."""
        parts = [
            _places(part)
            .where(*part.conditions, *conditions)
            .order_by(*part.order(descending=descending))
            for part in self.parts
        ]
        if len(parts) == 1:
            return parts[0].offset(offset).limit(written_out(limit))
        reach = _reach(offset, limit)
        found = _together([part.limit(reach) for part in parts], descending=descending)
        return found.offset(offset).limit(written_out(limit))

    def places_behind(
        self,
        conditions: Conditions,
        place: Sequence[Any] | None,
        *,
        descending: bool,
        limit: int,
    ) -> Places:
        """Id and keys of the next campaigns behind a place: its keys and the id.

        Without a place, from the beginning.
        """
        if place is None:
            return self.places(conditions, descending=descending, offset=0, limit=limit)
        stretches = [
            _places(part)
            .where(*part.conditions, *stretch, *conditions)
            .order_by(*part.order(descending=descending))
            .limit(written_out(limit))
            for part in self.parts
            for stretch in _behind(part, place, descending=descending)
        ]
        return _together(stretches, descending=descending).limit(written_out(limit))


def _places(part: Part) -> Select[*tuple[Any, ...]]:
    keys: list[Label[Any]] = [key.label(f"{KEY}{n}") for n, key in enumerate(part.keys)]
    return select(C.id.label("id"), *keys)


def _reach(offset: int, limit: int) -> ColumnElement[int] | int:
    """How many of each part are enough; for the first pages always the same few statements."""
    if offset >= DEEP:
        return offset + limit
    return written_out(DEEP + limit if offset else limit)


def _together(
    some: Sequence[Select[*tuple[Any, ...]]], *, descending: bool
) -> CompoundSelect[*tuple[Any, ...]]:
    """Several stretches in one order. Each has its own, and ends somewhere: PostgreSQL would read
    and sort all of them otherwise."""
    # With an order or an end each must be a query of its own.
    apart = [select(each.subquery()) for each in some]
    found: CompoundSelect[*tuple[Any, ...]] = union_all(*apart)
    id_, *keys = found.selected_columns
    return found.order_by(*_by(keys, id_, descending=descending))


def _by(
    keys: Sequence[Key], tie_break: ColumnElement[int], *, descending: bool
) -> list[UnaryExpression[Any]]:
    # Said where it makes a difference only, or PostgreSQL would not recognise the index.
    if descending:
        return [
            *[key.desc().nulls_last() if _may_be_none(key) else key.desc() for key in keys],
            tie_break.desc(),
        ]
    return [
        *[key.asc().nulls_first() if _may_be_none(key) else key.asc() for key in keys],
        tie_break.asc(),
    ]


def _may_be_none(key: Key) -> bool:
    return bool(getattr(key, "nullable", True))


def _behind(part: Part, place: Sequence[Any], *, descending: bool) -> list[Conditions]:
    """What lies behind a place, in stretches each of which is one walk along the index."""
    stretches: list[Conditions] = []
    same: list[ColumnElement[bool]] = []
    for key, value in zip([*part.keys, C.id], place, strict=True):
        has_none = part.has_none and key is not C.id
        further = _further(key, value, descending=descending, has_none=has_none)
        stretches += [[*same, each] for each in further]
        same.append(key.is_(None) if value is None else key == literal(value, key.type))
    return stretches


def _further(
    key: Key, value: Any, *, descending: bool, has_none: bool
) -> list[ColumnElement[bool]]:
    if value is None:
        return [] if descending else [key.is_not(None)]
    bound = literal(value, key.type)
    if not descending:
        return [key > bound]
    return [key < bound, key.is_(None)] if has_none else [key < bound]


def _columns(*columns: Key, has_none: bool = False) -> Order:
    return Order([Part(columns, has_none=has_none)])


def _shown(remote: Key, own: Key) -> Order:
    """By the ad server's time; by ours where it has told none."""
    return Order([Part([remote], [remote.is_not(None)]), Part([own], [remote.is_(None)])])


def _apart(*some: ColumnElement[bool]) -> Order:
    """Those of the first condition before those of the next one."""
    return Order([Part([written_out(n)], [each], is_alike=True) for n, each in enumerate(some)])


BY_ID = _columns()
_AMOUNT = _columns(C.budget_key)
_REVENUE = _columns(C.total_revenue_currency, C.total_revenue_minor, has_none=True)
# Amounts of two currencies cannot be compared: both sorts are by currency, then by amount.
ORDERS: Mapping[str, Order] = {
    "title": _columns(C.title_key),
    "created_at": _shown(C.remote_created_at, C.created_at),
    "updated_at": _shown(C.remote_updated_at, C.changed_at),
    "changed_at": _columns(C.changed_at),
    "total_budget_cents": _AMOUNT,
    "total_budget_currency": _AMOUNT,
    "total_revenue_cents": _REVENUE,
    "total_revenue_currency": _REVENUE,
    "duration_in_seconds": _columns(C.duration_seconds, has_none=True),
    "copy_needed": _columns(C.copy_needed, C.changed_at),
    "booking_source": _columns(C.booking_source, has_none=True),
    "synced_at": _columns(C.synced_at, has_none=True),
    "archived": _apart(C.archived_at.is_(None), C.archived_at.is_not(None)),
}


def by_organization(organizations: Mapping[int, str]) -> Order:
    """By the organisation's id. With a single one, as it usually is, that is by our own id."""
    if len(set(organizations.values())) < 2:
        return BY_ID
    ranks = {name: rank for rank, name in enumerate(sorted(set(organizations.values())))}
    rank = case({id_: ranks[name] for id_, name in organizations.items()}, value=C.connection_id)
    return _columns(rank)
