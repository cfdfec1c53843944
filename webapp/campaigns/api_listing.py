"""Campaigns for scripts: which are found, a page of them, and a walk through all of them.

A page costs three or four statements, a step of a walk two or three: ids first, from a narrow
index, then the rows of these ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from webapp.campaigns import tally, terms
from webapp.campaigns.api_orders import DEEP, Order, Places
from webapp.campaigns.api_rows import campaign_rows
from webapp.campaigns.listing import ARCHIVED
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import visible
from webapp.campaigns.search import Search, hits_in, search_words
from webapp.campaigns.terms import Asker, Condition
from webapp.core.db import db
from webapp.core.listing import count_of, from_nearer_end
from webapp.core.postgresql import PREPARED
from webapp.core.query_terms import ANY
from webapp.core.text import fold

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
    order = order.short() if offset >= DEEP else order
    known = _known_total(wanted)
    if known is not None:
        ids = _known_page(wanted, order, known, offset, size, descending=descending)
        return Found(campaign_rows(ids), known, is_exact=True)
    asked = order.places(wanted.conditions, descending=descending, offset=offset, limit=size + 1)
    ids = _ids(wanted, asked)
    rows = campaign_rows(ids[:size])
    if 0 < len(ids) <= size or (not ids and number == 1):
        return Found(rows, offset + len(ids), is_exact=True)
    if offset + size >= MOST_COUNTED:
        return Found(rows, _counted(wanted, None), is_exact=True)
    total = _counted(wanted, MOST_COUNTED + 1)
    return Found(rows, min(total, MOST_COUNTED), is_exact=total <= MOST_COUNTED)


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
    ids = _ids(wanted, asked)
    return ids[::-1] if turned else ids


def _ids(wanted: Finding, asked: Places) -> Sequence[int]:
    return [id_ for id_, *_ in _asked(wanted, asked)]


def _asked(wanted: Finding, asked: Places) -> Sequence[Row[*tuple[Any, ...]]]:
    # Past the session: there is no object to be looked for.
    return db.session.connection().execute(asked.execution_options(**wanted.kept)).all()


def _known_total(wanted: Finding) -> int | None:
    """How many are found, where tally or indexes know that without reading a campaign."""
    if wanted.narrowed or wanted.search.conditions:
        return None
    kept = tally.number_in(wanted.archived)
    if kept is not None:
        return db.session.scalar(select(kept).execution_options(**PREPARED)) or 0
    in_archive = select(func.count()).select_from(Campaign).where(*ARCHIVED[terms.YES])
    everything = select(func.count()).select_from(Campaign)
    if wanted.archived == ANY:
        return db.session.scalar(everything) or 0
    if wanted.archived == terms.YES:
        return db.session.scalar(in_archive) or 0
    both = select(everything.scalar_subquery() - in_archive.scalar_subquery())
    return db.session.scalar(both) or 0


def _counted(wanted: Finding, most: int | None) -> int:
    """How many are found, counted no further than ``most``."""
    if wanted.search.ids is not None and not wanted.narrowed:
        ids = hits_in(wanted.search.ids, ARCHIVED[wanted.archived])
    else:
        ids = select(Campaign.id).where(*wanted.conditions)
    return db.session.scalar(select(count_of(ids, most))) or 0
