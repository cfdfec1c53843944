"""Changes whose outcome nobody looks for any more: what was sent may have arrived all the same."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select

from webapp.campaigns.fields import Snapshot
from webapp.campaigns.models import STUCK, UPDATE, Campaign, Change
from webapp.core.db import db


def sent_of(campaign_ids: Iterable[int]) -> dict[int, Snapshot]:
    """What given-up changes of these campaigns sent, until their records are merged once more.

    What is read then shows what became of it; later the same value is somebody's edit.
    """
    query = (
        select(Change.campaign_id, Change.sent_payload)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(
            Change.campaign_id.in_(list(campaign_ids)),
            Change.state == STUCK,
            Change.kind == UPDATE,
            Change.sent_payload.is_not(None),
            or_(Campaign.synced_at.is_(None), Campaign.synced_at < Change.finished_at),
        )
        .order_by(Change.id)
    )
    found: dict[int, dict[str, Any]] = {}
    for campaign_id, sent in db.session.execute(query):
        found.setdefault(campaign_id, {}).update(sent or {})
    return found
