"""Sending once more what was given up: only where it is certain that nothing was sent."""

import uuid

from sqlalchemy import select, update

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.campaigns import pending, queries
from webapp.campaigns.fields import GROUPS
from webapp.campaigns.intents import Intent, digest_of, enqueue
from webapp.campaigns.models import CREATE, STUCK, SUPERSEDED, UPDATE, Campaign, Change
from webapp.campaigns.record import lock, subject
from webapp.core.db import db
from webapp.core.errors import TooLate

NOT_THERE = "not_found"


def given_up(campaign: Campaign) -> list[Change]:
    """Changes that were given up before they could be sent, newest first."""
    query = select(Change).where(
        Change.campaign_id == campaign.id,
        Change.state == STUCK,
        # An empty document is stored as no value at all.
        Change.sent_payload.is_(None),
        Change.error_code.is_distinct_from(NOT_THERE),
    )
    return list(db.session.scalars(query.order_by(Change.id.desc())))


def send_again(actor: Actor, campaign: Campaign) -> Change:
    """Have what was given up sent after all. Raises ``TooLate`` when nothing of it is left to send.

    A booking that may have arrived is not sent again by this: see ``webapp.sync.candidates``.
    """
    lock(campaign)
    stuck = given_up(campaign)
    in_doubt = campaign.remote_id is None and queries.unknown_create(campaign)
    if not stuck or in_doubt or pending.is_busy(campaign):
        raise TooLate("Nothing was given up here any more. Look at what is there now.")
    groups = {group for change in stuck for group in change.fields}
    audit.record(actor, "sent again", subject(campaign))
    digest = digest_of("again", [change.id for change in stuck])
    newest = stuck[0]
    change = enqueue(
        actor,
        campaign,
        UPDATE if campaign.remote_id else CREATE,
        [group for group in GROUPS if group in groups],
        Intent(uuid.uuid4(), digest, newest.before, newest.after),
    )
    db.session.execute(
        update(Change)
        .where(Change.id.in_([change.id for change in stuck]), Change.state == STUCK)
        .values(state=SUPERSEDED)
    )
    return change
