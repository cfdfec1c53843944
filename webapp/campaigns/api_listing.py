"""Campaigns for scripts: which are found, a page of them, and a walk through all of them.

A page costs two statements, a step of a walk two or three: ids and their number first, from a
narrow index, then the rows of these ids. A deep page asks first for its number, where that is
known, and for what its order is made of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, func, select

from webapp.campaigns import tally, terms
from webapp.campaigns.api_orders import DEEP, Order, Places
from webapp.campaigns.api_rows import campaign_rows
from webapp.campaigns.listing import ARCHIVED
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import visible
from webapp.campaigns.search import Search, hits_in, search_words
from webapp.campaigns.terms import Asker, Condition
from webapp.core.db import db
from webapp.core.listing import count_of, from_nearer_end, is_counted_by
from webapp.core.postgresql import PREPARED
from webapp.core.query_terms import ANY
from webapp.core.text import fold
from webapp.core.together import as_one_row

MAX_WORDS = 10
# Scripts go by the total: it is counted further than for a page that people read, and to the end
# for one that has turned the pages up to here, as it would stop there.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: words that stand for themselves, or a query. ``None``: no matter."""

    words: str = ""
    query: str = ""
    advertiser_id: int | None = None
    archived: bool | None = None


@dataclass(frozen=True)
class Finding:
    """What a wish finds. ``narrowed`` are conditions beside words and archive."""

    narrowed: Sequence[ColumnElement[bool]]
    search: Search
    archived: str

    @property
    def everywhere(self) -> list[ColumnElement[bool]]:
        return [*self.narrowed, *self.search.conditions]

    @property
    def kept(self) -> Mapping[str, bool]:
        """What says that its statements are the same for everybody, beside numbers and places."""
        return {} if self.everywhere else PREPARED

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        return [*ARCHIVED[self.archived], *self.everywhere]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a page. ``total`` counts them all, unless that ended at ``MOST_COUNTED``."""

    rows: Sequence[Any]
    total: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Walked:
    """Rows of a step. ``place`` is where the next one goes on; ``None`` at the end."""

    rows: Sequence[Any]
    place: list[Any] | None


def finding(wish: Wish, asker: Asker) -> Finding:
    """Raises ``QueryError``."""
    query = terms.parse(wish.query)
    found = terms.conditions(query, asker)
    words = list(dict.fromkeys(fold(wish.words).split()))[:MAX_WORDS]
    narrowed: list[Condition] = [*visible(), *found.conditions]
    if wish.advertiser_id is not None:
        narrowed.append(Campaign.advertiser_id == wish.advertiser_id)
    archived = found.archived if any(term.field == "archived" for term in query.terms) else ANY
    if wish.archived is not None:
        narrowed += [] if archived == ANY else ARCHIVED[archived]
        archived = terms.YES if wish.archived else terms.NO
    return Finding(narrowed, search_words([*found.words, *words], found.excluded), archived)


def page(wanted: Finding, order: Order, *, descending: bool, number: int, size: int) -> Found:
    """One page, and how many campaigns there are on all."""
    offset = (number - 1) * size
    known = _known_total(wanted)
    if offset >= DEEP:
        order = order.short()
        if known is not None:
            total = _number(known)
            ids = _known_page(wanted, order, total, offset, size, descending=descending)
            return Found(campaign_rows(ids), total, is_exact=True)
    most = MOST_COUNTED + 1 if offset + size < MOST_COUNTED else None
    asked = order.places(wanted.conditions, descending=descending, offset=offset, limit=size + 1)
    connection = db.session.connection()
    row = as_one_row(asked, connection.dialect)
    counted: ColumnElement[int] | None = known
    if counted is None:
        counted = case((~is_counted_by(row.number, number, size), _number_of(wanted, most)))
    both = select(row.ids, counted).execution_options(**wanted.kept)
    ids, total = connection.execute(both).one()
    rows = campaign_rows(ids[:size])
    if total is None:
        return Found(rows, offset + len(ids), is_exact=True)
    is_exact = known is not None or most is None or total < most
    return Found(rows, total if is_exact else MOST_COUNTED, is_exact)


def walk(
    wanted: Finding, order: Order, place: Sequence[Any] | None, *, descending: bool, size: int
) -> Walked:
    """The next campaigns behind a place, or the first ones."""
    asked = order.short().places_behind(
        wanted.conditions, place, descending=descending, limit=size + 1
    )
    places = _asked(wanted, asked)
    rows = campaign_rows([id_ for id_, *_ in places[:size]])
    if len(places) <= size:
        return Walked(rows, None)
    id_, *keys = places[size - 1]
    return Walked(rows, [*keys, id_])


def _known_page(
    wanted: Finding, order: Order, total: int, offset: int, size: int, *, descending: bool
) -> Sequence[int]:
    """The ids of a page of so many campaigns in all, counted from the nearer end."""
    begin, number, turned = from_nearer_end(offset, size, total)
    if not number:
        return []
    asked = order.places(
        wanted.conditions, descending=descending != turned, offset=begin, limit=number
    )
    ids = [id_ for id_, *_ in _asked(wanted, asked)]
    return ids[::-1] if turned else ids


def _asked(wanted: Finding, asked: Places) -> Sequence[Row[*tuple[Any, ...]]]:
    # Past the session: there is no object to be looked for.
    return db.session.connection().execute(asked.execution_options(**wanted.kept)).all()


def _known_total(wanted: Finding) -> ScalarSelect[int] | None:
    """How many are found, where tally or indexes know that without reading a campaign."""
    if wanted.everywhere:
        return None
    kept = tally.number_in(wanted.archived)
    if kept is not None:
        return kept
    everything, in_archive = (
        select(func.count()).select_from(Campaign).where(*conditions).scalar_subquery()
        for conditions in (ARCHIVED[ANY], ARCHIVED[terms.YES])
    )
    left = select(everything - in_archive).scalar_subquery()
    return {ANY: everything, terms.YES: in_archive, terms.NO: left}[wanted.archived]


def _number_of(wanted: Finding, most: int | None) -> ScalarSelect[int]:
    """How many are found, counted no further than ``most``."""
    if wanted.search.ids is not None and not wanted.narrowed:
        return count_of(hits_in(wanted.search.ids, ARCHIVED[wanted.archived]), most)
    return count_of(select(Campaign.id).where(*wanted.conditions), most)


def _number(counted: ScalarSelect[int]) -> int:
    return db.session.scalar(select(counted).execution_options(**PREPARED)) or 0
