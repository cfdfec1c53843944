"""What operators do with campaigns. Each verb changes the row, records it, and states the intent
that ``webapp.sync`` will carry out, in one transaction that the caller commits."""

import secrets
import uuid
from dataclasses import asdict
from datetime import datetime

from webapp.audit import service as audit
from webapp.audit.service import Actor
from webapp.auth import queries as operators
from webapp.campaigns import pending, queries
from webapp.campaigns.decisions import TYPED, close_conflicts, decide_conflict
from webapp.campaigns.fields import (
    EDITABLE,
    GROUPS,
    CampaignValues,
    changed_groups,
    editable,
    field_changes,
    snapshot,
)
from webapp.campaigns.intents import Intent, digest_of, earlier, enqueue
from webapp.campaigns.keys import derived_columns, owner_key
from webapp.campaigns.models import CREATE, SUPERSEDED, UPDATE, WAITING, Campaign
from webapp.campaigns.record import lock, record_groups, refresh_keys, set_groups, subject
from webapp.campaigns.state import refresh_sync_state
from webapp.campaigns.validation import check_values
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound, StaleEdit, TooLate

__all__ = [
    "archive_campaign",
    "book_again",
    "create_campaign",
    "decide_conflict",
    "edit_campaign",
    "is_generated",
    "lock",
    "new_marker",
    "refresh_keys",
    "refresh_sync_state",
    "subject",
    "unarchive_campaign",
]

MARKER_PREFIX = "fd-"
# No vowels and no look-alikes: a marker is read aloud and spells nothing.
MARKER_LETTERS = "bcdfghjkmnpqrstvwxz23456789"
MARKER_LENGTH = 10


def create_campaign(
    actor: Actor,
    connection: Connection,
    values: CampaignValues,
    intent_key: uuid.UUID,
    *,
    not_before: datetime | None = None,
    batch: uuid.UUID | None = None,
) -> Campaign:
    """Book a campaign here and have it created in the ad server.

    The same ``intent_key`` again returns the campaign of the first time; raises ``KeyReused`` when
    the values differ, ``InvalidInput`` when they break a rule.
    """
    digest = digest_of(CREATE, values)
    known = earlier(intent_key, digest)
    if known:
        return db.session.get_one(Campaign, known.campaign_id)
    advertiser = check_values(values, connection.id)
    now = utc_now()
    external_id = values.external_id or new_marker()
    owners = operators.emails_of([values.owner_id])
    campaign = Campaign(
        connection_id=connection.id,
        created_at=now,
        changed_at=now,
        sync_state=WAITING,
        **asdict(values) | {"external_id": external_id},
        owner_key=owner_key(owners.get(values.owner_id or 0)),
        **derived_columns(
            values.title,
            external_id,
            advertiser.name if advertiser else None,
            values.total_budget_minor,
            values.total_budget_currency,
        ),
    )
    db.session.add(campaign)
    db.session.flush()
    names = {advertiser.id: advertiser.name} if advertiser else {}
    booked = field_changes(EDITABLE, {}, editable(campaign), names, owners)
    audit.record(actor, "booked", subject(campaign), [c for c in booked if c.after], at=now)
    intent = Intent(
        intent_key, digest, after=snapshot(campaign), not_before=not_before, batch=batch
    )
    enqueue(actor, campaign, CREATE, list(GROUPS), intent)
    return campaign


def edit_campaign(
    actor: Actor,
    campaign: Campaign,
    values: CampaignValues,
    expected_version: int,
    intent_key: uuid.UUID,
    *,
    not_before: datetime | None = None,
    batch: uuid.UUID | None = None,
    reason: str | None = None,
) -> Campaign:
    """Change a campaign here and have the changed fields sent to the ad server, but local ones.

    Raises ``StaleEdit`` when someone else saved other values since ``expected_version``,
    ``InvalidInput`` when the values break a rule. Saving what is already there does nothing.
    """
    digest = digest_of(UPDATE, values)
    if earlier(intent_key, digest):
        return campaign
    lock(campaign)
    old, new = editable(campaign), editable(values)
    groups = changed_groups(old, new, EDITABLE)
    if campaign.version != expected_version and groups:
        raise StaleEdit({group: old[group] for group in groups})
    if not groups:
        return campaign
    check_values(values, campaign.connection_id, unchanged_from=campaign)
    set_groups(campaign, {group: new[group] for group in groups})
    record_groups(actor, "edited", campaign, groups, old, new, reason)
    # A new value for a group in conflict is a decision: it was typed with theirs in view.
    sent = [group for group in groups if group in GROUPS]
    close_conflicts(actor, campaign, sent, TYPED)
    if not sent or pending.cancelled_create(campaign):
        return campaign
    before, after = {g: old[g] for g in sent}, {g: new[g] for g in sent}
    kind = UPDATE if campaign.remote_id else CREATE
    intent = Intent(intent_key, digest, before, after, not_before, batch)
    enqueue(actor, campaign, kind, sent, intent)
    return campaign


def archive_campaign(actor: Actor, campaign: Campaign) -> Campaign:
    """Hide the campaign from the daily list. Local: Megaphone has no archive and is not told."""
    lock(campaign)
    if campaign.archived_at is None:
        campaign.archived_at = utc_now()
        audit.record(actor, "archived", subject(campaign))
        db.session.flush()
    return campaign


def unarchive_campaign(actor: Actor, campaign: Campaign) -> Campaign:
    """Bring an archived campaign back to the daily list. Local, like archiving."""
    lock(campaign)
    if campaign.archived_at is not None:
        campaign.archived_at = None
        audit.record(actor, "unarchived", subject(campaign))
        db.session.flush()
    return campaign


def book_again(actor: Actor, campaign: Campaign) -> Campaign:
    """Send a booking again: one whose outcome is unknown, on the word of someone who looked, or
    one that was cancelled before it was sent.

    Raises ``NotFound`` when it is booked, or on its way, ``TooLate`` when the ad server is known to
    have it.
    """
    lock(campaign)
    unknown = None if campaign.remote_id else queries.unknown_create(campaign)
    cancelled = pending.cancelled_create(campaign)
    again = unknown or cancelled
    if again is None:
        raise NotFound("This booking is no longer in doubt.")
    if again.error_code == queries.MADE_THERE:
        raise TooLate("Megaphone has this booking. Booked again, it would run twice.")
    if unknown:
        unknown.state = SUPERSEDED
    else:
        campaign.archived_at = None
    audit.record(
        actor,
        "looked and booked again" if unknown else "booked after all",
        subject(campaign),
    )
    intent = Intent(uuid.uuid4(), digest_of(CREATE, str(again.id)), after=snapshot(campaign))
    enqueue(actor, campaign, CREATE, list(GROUPS), intent)
    return campaign


def new_marker() -> str:
    """An external id of our own making, by which a create can be found again."""
    return MARKER_PREFIX + "".join(secrets.choice(MARKER_LETTERS) for _ in range(MARKER_LENGTH))


def is_generated(external_id: str) -> bool:
    """Whether an external id is of our own making."""
    letters = external_id.removeprefix(MARKER_PREFIX)
    if letters == external_id or len(letters) != MARKER_LENGTH:
        return False
    return set(letters) <= set(MARKER_LETTERS)
