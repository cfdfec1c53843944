"""Reading campaigns and what belongs to them. The list is in ``webapp.campaigns.listing``."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, literal_column, select
from sqlalchemy.orm import joinedload

from webapp.advertisers.models import Advertiser
from webapp.campaigns.models import (
    CHANGE_STATES,
    CONFIRMED,
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
from webapp.connections import queries as connections
from webapp.connections.models import DETACHED, Connection
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.likely import unlikely

# The error code of a booking that the ad server is known to have, as another campaign of ours.
MADE_THERE = "made_there"
# Said beside any state but "confirmed", and written out, or SQLite would not use the small index of
# these few.
UNCONFIRMED = Campaign.sync_state != literal_column(f"'{CONFIRMED}'")
UNFINISHED = (*NOT_SENT, *IN_FLIGHT)
# Made once: every page asks for it.
DETACHED_IDS = select(Connection.id).where(Connection.state == DETACHED)


def visible() -> list[ColumnElement[bool]]:
    """Campaigns of a connection that is no longer in the settings are kept, but not shown."""
    # Asked beforehand: as a condition it would make each list leave its narrow index.
    detached = connections.detached_ids()
    return [Campaign.connection_id.not_in(detached)] if detached else []


def get_campaign(uuid_text: str) -> Campaign:
    """One campaign with advertiser and agency. Raises ``NotFound``."""
    query = (
        select(Campaign)
        .where(Campaign.uuid == uuid_of(uuid_text))
        .options(joinedload(Campaign.advertiser).joinedload(Advertiser.agency))
    )
    campaign = db.session.scalars(query).one_or_none()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    # Addresses name it otherwise than all rows and events do.
    structlog.contextvars.bind_contextvars(campaign_id=campaign.id)
    return campaign


def uuid_of(text: str) -> uuid.UUID:
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


def all_open_conflicts(
    after_id: int, limit: int, campaign_uuid: uuid.UUID | None = None
) -> Sequence[tuple[Conflict, Campaign]]:
    """Open conflicts of all campaigns, oldest first, behind a conflict."""
    query = (
        select(Conflict, Campaign)
        .join(Campaign, Conflict.campaign_id == Campaign.id)
        .where(Conflict.decided_at.is_(None), Conflict.id > after_id, *visible())
        .order_by(Conflict.id)
        .limit(limit)
    )
    if campaign_uuid is not None:
        query = query.where(Campaign.uuid == campaign_uuid)
    return [(conflict, campaign) for conflict, campaign in db.session.execute(query)]


def get_conflict(conflict_id: int) -> Conflict:
    """One conflict, settled or not. Raises ``NotFound``."""
    conflict = db.session.get(Conflict, conflict_id)
    if conflict is None:
        raise NotFound("There is no such conflict.")
    return conflict


def closed_conflicts(campaign: Campaign, ids: Iterable[int]) -> Sequence[Conflict]:
    """Those of these conflicts that were decided since."""
    query = select(Conflict).where(
        Conflict.campaign_id == campaign.id,
        Conflict.id.in_(list(ids)),
        Conflict.decided_at.is_not(None),
    )
    return db.session.scalars(query.order_by(Conflict.id)).all()


def is_in(change: type[Change], *states: str) -> ColumnElement[bool]:
    """Whether a change is in one of these states, of those that few are in.

    Nearly all are applied. SQLite takes every state for as frequent as that, and would read all.
    """
    return unlikely(change.state.in_(states))


def is_unknown_create(change: type[Change]) -> ColumnElement[bool]:
    """A booking that may or may not exist: a person settles it before anything else is sent."""
    return and_(is_in(change, STUCK), change.kind == CREATE, change.sent_payload.is_not(None))


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


def changes_by_key(intent_keys: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, Change]:
    query = select(Change).where(Change.intent_key.in_(list(intent_keys)))
    fresh = query.execution_options(populate_existing=True)
    return {change.intent_key: change for change in db.session.scalars(fresh)}


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
