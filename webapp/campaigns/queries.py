"""Reading campaigns: the list, one campaign, and what belongs to it."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, func, select
from sqlalchemy.orm import joinedload

from webapp.advertisers.models import Advertiser, Agency
from webapp.campaigns import terms, terms_arguments
from webapp.campaigns.models import (
    CHANGE_STATES,
    CREATE,
    IN_FLIGHT,
    NOT_SENT,
    PROBING,
    REJECTED,
    SETTLING,
    STUCK,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.search import search_words
from webapp.campaigns.terms import Asker
from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.listing import (
    COUNT_CAP,
    Filter,
    ListParams,
    ListTable,
    Page,
    count_of,
    is_counted,
    page_of,
)
from webapp.core.query import MAX_LENGTH
from webapp.core.query_terms import ANY

# The error code of a booking that the ad server is known to have, as another campaign of ours.
MADE_THERE = "made_there"
UNFINISHED = (*NOT_SENT, *IN_FLIGHT)
MAX_QUERY = 2 * MAX_LENGTH
ARCHIVED: Mapping[str, Sequence[ColumnElement[bool]]] = {
    terms.NO: (Campaign.archived_at.is_(None),),
    terms.YES: (Campaign.archived_at.is_not(None),),
    ANY: (),
}
# Made once: every page asks for it.
DETACHED_IDS = select(Connection.id).where(Connection.state == DETACHED)


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
        "sync": (Campaign.sync_state,),
        "changed": (Campaign.changed_at,),
    },
    tie_break=Campaign.id,
    default_sort="-changed",
    filters={name: _argument(name) for name in terms_arguments.ARGUMENTS},
    max_query=MAX_QUERY,
)


def find(text: str, asker: Asker, **arguments: str) -> Page[Row[Any]]:
    """One page of what a query finds, with the list's other arguments. Raises ``QueryError``."""
    return list_campaigns(CAMPAIGNS.parse({"q": text, **arguments}), asker)


def list_campaigns(params: ListParams, asker: Asker | None = None) -> Page[Row[Any]]:
    """One page of the list: a few statements, whatever the number of rows.

    Raises ``QueryError``.
    """
    return _listed(params, asker, with_archived=False)[0]


def list_with_archived(
    params: ListParams, asker: Asker | None = None
) -> tuple[Page[Row[Any]], int]:
    """The same page, and how many archived rows the same search and filters find.

    That number stops at ``COUNT_CAP``. It is 0 where the list shows archived rows itself, and where
    nothing was searched for and something found.
    """
    return _listed(params, asker, with_archived=True)


def _listed(
    params: ListParams, asker: Asker | None, *, with_archived: bool
) -> tuple[Page[Row[Any]], int]:
    query = terms_arguments.asked(params.query, params.filters)
    found = terms.conditions(query, asker or Asker())
    search = search_words(found.words, found.excluded)
    hidden = visible()
    shared = [*hidden, *search.conditions, *found.conditions]
    conditions = [*ARCHIVED[found.archived], *shared]
    archived = [*ARCHIVED[terms.YES], *shared]
    rows = _rows(conditions, params)
    counts: dict[str, ColumnElement[int]] = {}
    most = params.most_counted
    hides_archived = found.archived == terms.NO
    if not is_counted(rows, params):
        if search.ids is not None and hides_archived and not hidden and not found.conditions:
            # Quicker than reading so many campaigns, and never stops short.
            counts["total"], most = _count_by_index(search.ids, archived), None
        else:
            counts["total"] = _count_of(conditions, most)
    is_narrowed = bool(query.terms) or not rows
    if with_archived and is_narrowed and hides_archived:
        counts["archived"] = _count_of(archived, COUNT_CAP)
    counted = _counted(counts)
    return page_of(rows, params, counted.get("total"), most), counted.get("archived", 0)


def matching(params: ListParams, asker: Asker, most: int) -> Sequence[Row[int, int]]:
    """Ids and versions of what the list finds on all its pages, in its order: at most so many.

    Raises ``QueryError``.
    """
    return db.session.execute(all_pages(params, asker).limit(most)).all()


def all_pages(params: ListParams, asker: Asker) -> Select[int, int]:
    """What reads ids and versions of all that the list finds, in its order.

    Raises ``QueryError``.
    """
    query = terms_arguments.asked(params.query, params.filters)
    found = terms.conditions(query, asker)
    search = search_words(found.words, found.excluded)
    return (
        select(Campaign.id, Campaign.version)
        .where(*ARCHIVED[found.archived], *visible(), *search.conditions, *found.conditions)
        .order_by(*CAMPAIGNS.order(params))
    )


def visible() -> list[ColumnElement[bool]]:
    """Campaigns of a connection that is no longer in the settings are kept, but not shown."""
    # Asked beforehand: as a condition it would make each list leave its narrow index.
    detached = db.session.scalars(DETACHED_IDS).all()
    return [Campaign.connection_id.not_in(detached)] if detached else []


def _count_of(conditions: Sequence[ColumnElement[bool]], most: int | None) -> ScalarSelect[int]:
    return count_of(select(Campaign.id).where(*conditions), most)


def _count_by_index(
    ids: Select[int], archived: Sequence[ColumnElement[bool]]
) -> ColumnElement[int]:
    return count_of(ids, None) - _count_of(archived, None)


def _counted(counts: Mapping[str, ColumnElement[int]]) -> Mapping[str, int]:
    if not counts:
        return {}
    query = select(*[count.label(name) for name, count in counts.items()])
    return dict(db.session.execute(query).mappings().one())


def _rows(conditions: Sequence[ColumnElement[bool]], params: ListParams) -> Sequence[Row[Any]]:
    """The page's rows, and one more where there is a next page."""
    # Ids first: a deep page then walks a narrow index, not whole rows.
    wanted = (
        select(Campaign.id)
        .where(*conditions)
        .order_by(*CAMPAIGNS.order(params))
        .offset(params.offset)
        .limit(params.per_page + 1)
    )
    query = _row_columns().where(Campaign.id.in_(wanted.scalar_subquery()))
    return db.session.execute(query.order_by(*CAMPAIGNS.order(params))).all()


def _row_columns() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Campaign.id,
            Campaign.uuid,
            Campaign.remote_id,
            Campaign.title,
            Campaign.advertiser_id,
            Advertiser.name.label("advertiser_name"),
            Agency.name.label("agency_name"),
            Campaign.external_id,
            Campaign.total_budget_minor,
            Campaign.total_budget_currency,
            Campaign.total_revenue_minor,
            Campaign.total_revenue_currency,
            Campaign.duration_seconds,
            Campaign.copy_needed,
            Campaign.booking_source,
            Campaign.sync_state,
            Campaign.sync_detail,
            Campaign.synced_at,
            Campaign.remote_created_at,
            Campaign.remote_updated_at,
            Campaign.created_at,
            Campaign.changed_at,
            Campaign.archived_at,
            Campaign.version,
        )
        .outerjoin(Advertiser, Campaign.advertiser_id == Advertiser.id)
        .outerjoin(Agency, Advertiser.agency_id == Agency.id)
    )


def campaign_row(uuid_text: str) -> Row[Any]:
    """One campaign with the same columns as a list row. Raises ``NotFound``."""
    row = db.session.execute(_row_columns().where(Campaign.uuid == _uuid(uuid_text))).one_or_none()
    if row is None:
        raise NotFound("There is no such campaign.")
    return row


def get_campaign(uuid_text: str) -> Campaign:
    """One campaign with advertiser and agency. Raises ``NotFound``."""
    query = (
        select(Campaign)
        .where(Campaign.uuid == _uuid(uuid_text))
        .options(joinedload(Campaign.advertiser).joinedload(Advertiser.agency))
    )
    campaign = db.session.scalars(query).one_or_none()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound("There is no such campaign.") from None


def changes_of(campaign: Campaign, limit: int = 20) -> Sequence[Change]:
    """The campaign's outgoing changes, newest first."""
    query = select(Change).where(Change.campaign_id == campaign.id)
    return db.session.scalars(query.order_by(Change.id.desc()).limit(limit)).all()


def open_conflicts(campaign: Campaign) -> Sequence[Conflict]:
    query = select(Conflict).where(
        Conflict.campaign_id == campaign.id, Conflict.decided_at.is_(None)
    )
    return db.session.scalars(query.order_by(Conflict.id)).all()


def closed_conflicts(campaign: Campaign, ids: Iterable[int]) -> Sequence[Conflict]:
    """Those of these conflicts that were decided since."""
    query = select(Conflict).where(
        Conflict.campaign_id == campaign.id,
        Conflict.id.in_(list(ids)),
        Conflict.decided_at.is_not(None),
    )
    return db.session.scalars(query.order_by(Conflict.id)).all()


def is_unknown_create(change: type[Change]) -> ColumnElement[bool]:
    """A booking that may or may not exist: a person settles it before anything else is sent."""
    return and_(change.state == STUCK, change.kind == CREATE, change.sent_payload.is_not(None))


def unknown_create(campaign: Campaign) -> Change | None:
    query = select(Change).where(Change.campaign_id == campaign.id, is_unknown_create(Change))
    return db.session.scalars(query.order_by(Change.id.desc()).limit(1)).one_or_none()


def unfinished_states(campaign: Campaign) -> set[str]:
    """The states of the campaign's changes that are still under way."""
    query = select(Change.state).where(
        Change.campaign_id == campaign.id, Change.state.in_(UNFINISHED)
    )
    return set(db.session.scalars(query))


def change_by_key(intent_key: uuid.UUID) -> Change | None:
    return db.session.scalars(select(Change).where(Change.intent_key == intent_key)).one_or_none()


def uuid_of_key(intent_key: uuid.UUID) -> uuid.UUID | None:
    """The campaign that a form with this one-time key has changed or booked."""
    query = select(Campaign.uuid).join(Change, Change.campaign_id == Campaign.id)
    return db.session.scalars(query.where(Change.intent_key == intent_key)).one_or_none()


def uuids_of(campaign_ids: Iterable[int]) -> Mapping[int, uuid.UUID]:
    query = select(Campaign.id, Campaign.uuid).where(Campaign.id.in_(set(campaign_ids)))
    return {row.id: row.uuid for row in db.session.execute(query)}


def troubled_changes(limit: int) -> Sequence[Any]:
    """The latest changes that were refused, or whose outcome is not known, with their campaign."""
    query = (
        select(
            Change.state,
            Change.kind,
            Change.last_error,
            Change.created_at,
            Change.sent_at,
            Campaign.uuid,
            Campaign.title,
        )
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(Change.state.in_((SETTLING, PROBING, REJECTED, STUCK)))
        .where(Campaign.connection_id.not_in(DETACHED_IDS))
    )
    return db.session.execute(query.order_by(Change.id.desc()).limit(limit)).all()


def counts_by_change_state() -> dict[str, int]:
    """How many outgoing changes are in each state that is not finished."""
    query = (
        select(Change.state, func.count().label("number"))
        .where(Change.state.in_(UNFINISHED), Change.connection_id.not_in(DETACHED_IDS))
        .group_by(Change.state)
    )
    found = {row.state: row.number for row in db.session.execute(query)}
    return {state: found.get(state, 0) for state in CHANGE_STATES if state in UNFINISHED}
