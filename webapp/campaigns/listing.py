"""The list of campaigns: which rows, in which order, how many. Fast however many there are.

A page costs two statements: ids and numbers first, from a narrow index, then the rows of these ids.
A deep one has its number first. SQLite is asked, once a minute, how frequent a word is, and what is
between two values. Numbers stop at ``COUNT_CAP`` unless asked for exactly.
``docs/performance.md`` has what that comes to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    UnaryExpression,
    case,
    func,
    select,
)

from webapp.campaigns import columns, list_rows, tally, terms, terms_arguments
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import visible
from webapp.campaigns.search import Search, hits_in, search_words
from webapp.campaigns.terms import Asker
from webapp.core.db import db
from webapp.core.likely import likely
from webapp.core.listing import (
    Filter,
    ListParams,
    ListTable,
    Page,
    count_of,
    from_nearer_end,
    is_counted_by,
    is_written_out,
    page_of,
    written_out,
)
from webapp.core.postgresql import PREPARED
from webapp.core.query import MAX_LENGTH
from webapp.core.query_terms import ANY
from webapp.core.rows import Row
from webapp.core.together import as_one_row

ID = Campaign.__table__.c.id
MAX_QUERY = 2 * MAX_LENGTH
# What is counted and added up after a page was painted.
ADDED_UP = 10_000
# Archived rows that are hidden are only told of: counted less far.
ARCHIVE_CAP = 50
# From here on it pays to know how many rows there are, and to count from the nearer end.
DEEP = 10_000
ARCHIVED: Mapping[str, Sequence[ColumnElement[bool]]] = {
    # Without a word SQLite would look for them by an index of few.
    terms.NO: (likely(Campaign.archived_at.is_(None)),),
    terms.YES: (Campaign.archived_at.is_not(None),),
    ANY: (),
}


def _argument(name: str) -> Filter:
    """A filter that is a term in another spelling: what it means is in ``campaigns.terms``."""

    def check(text: str) -> ColumnElement[bool] | None:
        if text:
            terms_arguments.term_of(name, text)
        return None

    return Filter(check, default=terms_arguments.DEFAULTS.get(name, ""))


CAMPAIGNS = ListTable(
    sorts={
        "title": (Campaign.title_key,),
        "advertiser": (Campaign.advertiser_key,),
        "external_id": (Campaign.external_key,),
        "budget": (Campaign.budget_key,),
        "revenue": (Campaign.total_revenue_currency, Campaign.total_revenue_minor),
        "duration": (Campaign.duration_seconds,),
        "copy": (Campaign.copy_needed, Campaign.changed_at),
        "source": (Campaign.booking_source,),
        "sync": (Campaign.sync_state, Campaign.changed_at),
        "owner": (Campaign.owner_key, Campaign.changed_at),
        "created": (Campaign.remote_created_at,),
        "updated": (Campaign.remote_updated_at,),
        "changed": (Campaign.changed_at,),
        "synced": (Campaign.synced_at,),
        "archived": (Campaign.archived_at,),
    },
    tie_break=Campaign.id,
    default_sort="-changed",
    filters={name: _argument(name) for name in terms_arguments.ARGUMENTS},
    max_query=MAX_QUERY,
    looks=columns.LOOKS,
)


@dataclass(frozen=True)
class Total:
    """Budgets of one currency in a list, in minor units; without a currency, those without one."""

    currency: str | None
    campaigns: int
    minor: int


@dataclass(frozen=True)
class _Wanted:
    """What a list finds: ``shared`` conditions are those beside the one about the archive."""

    shared: Sequence[ColumnElement[bool]]
    archived: str
    search: Search
    is_narrowed: bool
    # Nothing is asked for that only reading campaigns would tell.
    is_plain: bool

    @property
    def conditions(self) -> Sequence[ColumnElement[bool]]:
        return [*ARCHIVED[self.archived], *self.shared]

    @property
    def is_all(self) -> bool:
        """Nothing is asked for but a part of the archive, or both."""
        return self.is_plain and not self.search.conditions

    @property
    def kept(self) -> Mapping[str, bool]:
        """What says that its statements are the same for many, beside their numbers."""
        return PREPARED if is_written_out(self.shared) else {}

    @property
    def in_archive(self) -> Sequence[ColumnElement[bool]]:
        return [*ARCHIVED[terms.YES], *self.shared]


def _wanted(params: ListParams, asker: Asker | None) -> _Wanted:
    query = terms_arguments.asked(params.query, params.filters)
    found = terms.conditions(query, asker or Asker())
    search = search_words(found.words, found.excluded)
    hidden = visible()
    return _Wanted(
        [*hidden, *search.conditions, *found.conditions],
        found.archived,
        search,
        is_narrowed=bool(query.terms),
        is_plain=not hidden and not found.conditions,
    )


def find(text: str, asker: Asker, **arguments: str) -> Page[Row]:
    """One page of what a query finds, with the list's other arguments. Raises ``QueryError``."""
    return list_campaigns(CAMPAIGNS.parse({"q": text, **arguments}), asker)


def list_campaigns(params: ListParams, asker: Asker | None = None) -> Page[Row]:
    """One page of the list. Raises ``QueryError``."""
    return _page(params, _wanted(params, asker), with_archived=False)[0]


def list_with_archived(params: ListParams, asker: Asker | None = None) -> tuple[Page[Row], int]:
    """The same page, and how many archived rows the same search and filters find.

    That number stops at one more than ``ARCHIVE_CAP``. It is 0 where the list shows archived rows
    itself, and where nothing was searched for and something found. Raises ``QueryError``.
    """
    return _page(params, _wanted(params, asker), with_archived=True)


def _page(params: ListParams, wanted: _Wanted, *, with_archived: bool) -> tuple[Page[Row], int]:
    hides = with_archived and wanted.archived == terms.NO
    is_deep = params.offset > DEEP and not wanted.search.conditions
    found = _deep_ids if is_deep else _ids_and_numbers
    ids, total, archived = found(wanted, params, hides=hides)
    page = page_of(ids, params, total, None if is_deep else params.most_counted)
    return replace(page, items=_rows(page.items, params)), archived


def _ids_and_numbers(
    wanted: _Wanted, params: ListParams, *, hides: bool
) -> tuple[Sequence[int], int | None, int]:
    """The page's ids, one more where there is a next page; then how many rows are found, where the
    ids do not say it, and how many the archive hides, where that is told."""
    query = _ids_from(wanted, params, params.offset, params.per_page + 1)
    # Past the session: there is no object to be looked for.
    connection = db.session.connection()
    row = as_one_row(query, connection.dialect)
    by_itself = is_counted_by(row.number, params.page, params.per_page)
    total = case((~by_itself, _total_of(wanted, params.most_counted)))
    archived: ColumnElement[int] = written_out(0)
    if hides:
        archived = _archived_of(wanted)
        if not wanted.is_narrowed:
            archived = case((row.number == written_out(0), archived), else_=written_out(0))
    asked = select(row.ids, total.label("total"), archived.label("archived"))
    ids, found, hidden = connection.execute(asked.execution_options(**wanted.kept)).one()
    return ids, found, hidden


def _deep_ids(
    wanted: _Wanted, params: ListParams, *, hides: bool
) -> tuple[Sequence[int], int, int]:
    """The same, counted from the nearer end, for which all rows are counted first."""
    total = _count(wanted, None)
    ids = _ids_of(wanted, params, total)
    is_told = hides and (wanted.is_narrowed or not ids)
    return ids, total, _asked(_archived_of(wanted), wanted) if is_told else 0


def _number_of(conditions: Sequence[ColumnElement[bool]], most: int | None) -> ScalarSelect[int]:
    return count_of(select(Campaign.id).where(*conditions), most)


def _archived_of(wanted: _Wanted) -> ScalarSelect[int]:
    ids = select(ID).where(*wanted.in_archive)
    if wanted.search.conditions and wanted.search.by_reading:
        # Without an order PostgreSQL would look through all campaigns, not only the archived ones.
        ids = ids.order_by(Campaign.changed_at.desc(), Campaign.id.desc())
    return count_of(ids, ARCHIVE_CAP + 1)


def _total_of(wanted: _Wanted, most: int | None) -> ScalarSelect[int]:
    """How many rows are found: no more than ``most``, or all."""
    kept = tally.number_in(wanted.archived) if wanted.is_all and most is None else None
    if kept is not None:
        return kept
    ids = wanted.search.ids if wanted.search.conditions else select(Campaign.id)
    if ids is None or not wanted.is_plain:
        return _number_of(wanted.conditions, most)
    if most is None and wanted.archived == terms.NO:
        # Indexes know both numbers without reading a campaign.
        return select(count_of(ids, None) - _number_of(wanted.in_archive, None)).scalar_subquery()
    if wanted.search.conditions:
        return count_of(hits_in(ids, ARCHIVED[wanted.archived]), most)
    return _number_of(wanted.conditions, most)


def _count(wanted: _Wanted, most: int | None) -> int:
    return _asked(_total_of(wanted, most), wanted)


def _asked(number: ScalarSelect[int], wanted: _Wanted) -> int:
    return db.session.scalar(select(number).execution_options(**wanted.kept)) or 0


def _rows(ids: Sequence[int], params: ListParams) -> Sequence[Row]:
    shown = columns.chosen(params.looks.get("columns", ""))
    return list_rows.rows_of(ids, [column.name for column in shown]) if ids else []


def _ids_of(found: _Wanted, params: ListParams, total: int) -> Sequence[int]:
    """The ids of a page of so many rows in all."""
    begin, number, turned = from_nearer_end(params.offset, params.per_page, total)
    if not number:
        return []
    query = _ids_from(found, params, begin, number, turned=turned)
    ids = db.session.connection().execute(query.execution_options(**found.kept)).scalars().all()
    return ids[::-1] if turned else ids


def _ids_from(
    found: _Wanted, params: ListParams, offset: int, number: int, *, turned: bool = False
) -> Select[int]:
    # By themselves: a deep page then walks a narrow index, not whole rows.
    query = select(ID).where(*found.conditions).order_by(*_order(found, params, turned=turned))
    query = query.limit(written_out(number))
    return query.offset(offset) if offset else query


def _order(
    found: _Wanted, params: ListParams, *, turned: bool = False
) -> list[UnaryExpression[Any]]:
    by = CAMPAIGNS.order(params, turned=turned)
    # Without the archive none was archived: PostgreSQL would sort them all by that nothing.
    is_idle = params.sort_column == "archived" and found.archived == terms.NO
    return by[-1:] if is_idle else by


def matching(params: ListParams, asker: Asker, most: int) -> Sequence[Row]:
    """Ids and versions of what the list finds on all its pages, in its order: at most so many.

    Raises ``QueryError``.
    """
    return db.session.execute(all_pages(params, asker).limit(most)).all()


def all_pages(params: ListParams, asker: Asker) -> Select[int, int]:
    """What reads ids and versions of all that the list finds, in its order.

    Raises ``QueryError``.
    """
    return (
        select(Campaign.id, Campaign.version)
        .where(*_wanted(params, asker).conditions)
        .order_by(*CAMPAIGNS.order(params))
    )


def count(params: ListParams, asker: Asker) -> tuple[int, bool]:
    """How many rows the list finds, up to ``ADDED_UP``; and whether there are more.

    Raises ``QueryError``.
    """
    number = _count(_wanted(params, asker), ADDED_UP + 1)
    return min(number, ADDED_UP), number > ADDED_UP


def totals(params: ListParams, asker: Asker) -> Sequence[Total] | None:
    """Budgets of all that the list finds, by currency: never added across.

    ``None`` where there are more than ``ADDED_UP``, unless asked for exactly (``params.exact``).
    Raises ``QueryError``.
    """
    most = None if params.exact else ADDED_UP + 1
    wanted = _wanted(params, asker)
    each = select(Campaign.total_budget_currency, Campaign.total_budget_minor)
    found = each.where(*wanted.conditions).limit(most).subquery()
    currency, amount = found.c
    query = select(currency, func.count(), func.sum(amount)).group_by(currency).order_by(currency)
    # PostgreSQL sums 64-bit integers as decimals.
    sums = [Total(code, n, int(minor or 0)) for code, n, minor in db.session.execute(query)]
    is_all = most is None or sum(each.campaigns for each in sums) < most
    return sums if is_all else None
