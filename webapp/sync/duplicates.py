"""Second records of a booking: found by the marker that only one record should carry.

They are reported once each. Nothing is removed, here or there: an operator looks at both.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select

from webapp.adservers.types import RemoteCampaign
from webapp.audit.models import AuditEvent
from webapp.audit.service import Subject, event_rows
from webapp.campaigns.models import APPLIED, CREATE, Campaign, Change
from webapp.core.db import db
from webapp.sync.models import Duplicate
from webapp.sync.page import MEGAPHONE, PageContext


def report(rows: Sequence[RemoteCampaign], context: PageContext) -> int:
    """Report listed records with the marker of a campaign that is another record; how many."""
    booked = _booked_here({row.external_id for row in rows if row.external_id}, context)
    if not booked:
        return 0
    by_marker: dict[str, Any] = {campaign.marker: campaign for campaign in booked}
    originals = {campaign.remote_id for campaign in booked}
    found = [
        (by_marker[row.external_id], row)
        for row in rows
        if row.external_id in by_marker and row.id not in originals
    ]
    return _write(_without_bookings(found, context), context) if found else 0


def _booked_here(markers: set[str], context: PageContext) -> Sequence[Any]:
    """Campaigns that were created under one of these markers, as far as their record is known."""
    if not markers:
        return []
    query = select(Campaign.id, Campaign.title, Campaign.marker, Campaign.remote_id).where(
        Campaign.connection_id == context.connection_id,
        Campaign.marker.in_(markers),
        Campaign.remote_id.is_not(None),
    )
    return db.session.execute(query.order_by(Campaign.id)).all()


def _without_bookings(
    found: Sequence[tuple[Any, RemoteCampaign]], context: PageContext
) -> list[tuple[Any, RemoteCampaign]]:
    """An external id may have been given on: what was booked under it itself is no copy."""
    query = (
        select(Campaign.remote_id)
        .join(Change, Change.campaign_id == Campaign.id)
        .where(
            Campaign.connection_id == context.connection_id,
            Campaign.remote_id.in_({row.id for _, row in found}),
            Change.kind == CREATE,
            Change.state == APPLIED,
        )
    )
    bookings = set(db.session.scalars(query))
    return [(campaign, row) for campaign, row in found if row.id not in bookings]


def _write(found: Iterable[tuple[Any, RemoteCampaign]], context: PageContext) -> int:
    pairs = {(campaign.id, row.id): (campaign, row) for campaign, row in found}
    known = select(Duplicate.campaign_id, Duplicate.remote_id).where(
        Duplicate.campaign_id.in_({campaign_id for campaign_id, _ in pairs})
    )
    for reported in db.session.execute(known):
        pairs.pop((reported.campaign_id, reported.remote_id), None)
    if not pairs:
        return 0
    reports, events = [], []
    for campaign, row in pairs.values():
        subject = Subject("campaign", campaign.id, campaign.title)
        words = f"{row.id} has the external ID {campaign.marker} too."
        events += event_rows(MEGAPHONE, "duplicate", subject, reason=words, at=context.now)
        reports.append(
            {
                "connection_id": context.connection_id,
                "campaign_id": campaign.id,
                "remote_id": row.id,
                "marker": campaign.marker,
                "run_id": context.run_id,
                "seen_at": context.now,
            }
        )
    db.session.execute(insert(Duplicate), reports)
    db.session.execute(insert(AuditEvent), events)
    return len(reports)
