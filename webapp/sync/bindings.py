"""One campaign of ours to one remote record, also where a pull was first to see what we booked.

A pull lists what it does not know as a campaign of its own. When that turns out to be a booking of
ours, its second entry here is removed, unless someone has worked on it.
"""

from sqlalchemy import exists, or_, select, update

from webapp.audit.models import AuditEvent
from webapp.audit.moving import move_history
from webapp.audit.service import Actor
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.campaigns.record import subject
from webapp.core.db import db
from webapp.sync.models import PulledChange

WORKER = Actor("Flightdeck", "sync")
# What only the ad server says, and goes over with the record.
FOLLOWED = (
    "remote_id",
    "base",
    "fingerprint",
    "observed",
    "missed_runs",
    "synced_at",
    "total_revenue_minor",
    "total_revenue_currency",
    "duration_seconds",
    "booking_source",
    "remote_created_at",
    "remote_updated_at",
)


def holder_of(remote_id: str, campaign: Campaign) -> Campaign | None:
    """Another campaign of ours that is this remote record already, locked."""
    query = select(Campaign).where(
        Campaign.connection_id == campaign.connection_id,
        Campaign.remote_id == remote_id,
        Campaign.id != campaign.id,
    )
    return db.session.scalars(query.with_for_update(of=Campaign, key_share=True)).one_or_none()


def was_worked_on(found: Campaign) -> bool:
    """Whether anything of operators hangs on an imported campaign."""
    by_someone = exists().where(
        AuditEvent.object_type == "campaign",
        AuditEvent.object_id == found.id,
        AuditEvent.operator_id.is_not(None),
    )
    has_change = exists().where(Change.campaign_id == found.id)
    had_conflict = exists().where(Conflict.campaign_id == found.id)
    return found.archived_at is not None or bool(
        db.session.scalar(select(or_(by_someone, has_change, had_conflict)))
    )


def take_over(campaign: Campaign, found: Campaign) -> None:
    """Everything that the ad server says goes over, with its history; the second entry goes."""
    values = {name: getattr(found, name) for name in FOLLOWED}
    pulled = update(PulledChange).where(PulledChange.campaign_id == found.id)
    db.session.execute(pulled.values(campaign_id=campaign.id))
    move_history(WORKER, subject(found), subject(campaign))
    db.session.delete(found)
    # Two of ours never have one record: the second has to go first.
    db.session.flush()
    for name, value in values.items():
        setattr(campaign, name, value)
    db.session.flush()
