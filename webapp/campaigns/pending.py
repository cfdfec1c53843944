"""What of a campaign has not arrived: changes that wait, and the one that is under way."""

from collections.abc import Sequence

from sqlalchemy import select

from webapp.campaigns import queries
from webapp.campaigns.models import CANCELLED, CREATE, IN_FLIGHT, NOT_SENT, Campaign, Change
from webapp.core.db import db


def waiting_changes(campaign: Campaign) -> Sequence[Change]:
    """What an operator may still take back, newest first; hardly ever more than one."""
    query = select(Change).where(Change.campaign_id == campaign.id, Change.state.in_(NOT_SENT))
    newest_first = query.order_by(Change.id.desc()).execution_options(populate_existing=True)
    return db.session.scalars(newest_first).all()


def under_way(campaign: Campaign) -> Change | None:
    """The change that may have reached the ad server, or is about to: at most one."""
    query = select(Change).where(Change.campaign_id == campaign.id, Change.state.in_(IN_FLIGHT))
    flying = db.session.scalars(query).one_or_none()
    if flying or campaign.remote_id:
        return flying
    return queries.unknown_create(campaign)


def cancelled_create(campaign: Campaign) -> Change | None:
    """The booking that was taken back before it was sent, when nothing has followed it.

    Until somebody books it after all, nothing that is done to the campaign sends it.
    """
    if campaign.remote_id or under_way(campaign) or waiting_changes(campaign):
        return None
    query = select(Change).where(Change.campaign_id == campaign.id)
    latest = db.session.scalars(query.order_by(Change.id.desc()).limit(1)).one_or_none()
    is_cancelled = latest and latest.state == CANCELLED and latest.kind == CREATE
    return latest if is_cancelled else None


def is_busy(campaign: Campaign) -> bool:
    """Whether a change of the campaign is in flight: a second one must wait for it."""
    query = select(Change.id).where(Change.campaign_id == campaign.id, Change.state.in_(IN_FLIGHT))
    return db.session.scalar(query.limit(1)) is not None
