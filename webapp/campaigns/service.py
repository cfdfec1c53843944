"""What operators do with campaigns. Each verb changes the row, records it, and states the intent
that ``webapp.sync`` will carry out, in one transaction that the caller commits."""

import hashlib
import json
import secrets
import uuid
from dataclasses import asdict

from sqlalchemy import select, update

from webapp.advertisers import queries as advertisers
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.campaigns import queries
from webapp.campaigns.fields import (
    GROUPS,
    LABELS,
    CampaignValues,
    changed_groups,
    columns_of,
    field_changes,
    readable,
    snapshot,
)
from webapp.campaigns.keys import derived_columns
from webapp.campaigns.models import (
    CHECKING,
    CLAIMED,
    CONFIRMED,
    CONFLICT,
    CREATE,
    PARKED,
    PROBING,
    READY,
    REFUSED,
    REJECTED,
    SENDING,
    SENT,
    SETTLING,
    STUCK,
    SUPERSEDED,
    UPDATE,
    WAITING,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.validation import check_values
from webapp.connections.models import Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, KeyReused, NotFound, StaleEdit

MARKER_PREFIX = "fd-"
# No vowels and no look-alikes: a marker is read aloud and spells nothing.
MARKER_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


def create_campaign(
    actor: Actor, connection: Connection, values: CampaignValues, intent_key: uuid.UUID
) -> Campaign:
    """Book a campaign here and have it created in the ad server.

    The same ``intent_key`` again returns the campaign of the first time; raises ``KeyReused`` when
    the values differ, ``InvalidInput`` when they break a rule.
    """
    digest = _digest(CREATE, values)
    earlier = _earlier(intent_key, digest)
    if earlier:
        return db.session.get_one(Campaign, earlier.campaign_id)
    advertiser = check_values(values, connection.id)
    now = utc_now()
    external_id = values.external_id or new_marker()
    campaign = Campaign(
        connection_id=connection.id,
        created_at=now,
        changed_at=now,
        sync_state=WAITING,
        **asdict(values) | {"external_id": external_id},
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
    booked = [c for c in field_changes(GROUPS, {}, snapshot(campaign), names) if c.after]
    audit.record(actor, "booked", subject(campaign), booked, at=now)
    _enqueue(actor, campaign, CREATE, list(GROUPS), intent_key, digest)
    return campaign


def edit_campaign(
    actor: Actor,
    campaign: Campaign,
    values: CampaignValues,
    expected_version: int,
    intent_key: uuid.UUID,
) -> Campaign:
    """Change a campaign here and have the changed fields sent to the ad server.

    Raises ``StaleEdit`` when someone else saved other values since ``expected_version``,
    ``InvalidInput`` when the values break a rule. Saving what is already there does nothing.
    """
    digest = _digest(UPDATE, values)
    if _earlier(intent_key, digest):
        return campaign
    lock(campaign)
    old, new = snapshot(campaign), snapshot(values)
    groups = changed_groups(old, new)
    if campaign.version != expected_version and groups:
        raise StaleEdit({group: old[group] for group in groups})
    if not groups:
        return campaign
    advertiser = check_values(values, campaign.connection_id, unchanged_from=campaign)
    names = advertisers.names_of([old["advertiser"], new["advertiser"]])
    for group in groups:
        for column, value in columns_of(group, new[group]).items():
            setattr(campaign, column, value)
    refresh_keys(campaign, advertiser.name if advertiser else None)
    campaign.changed_at = utc_now()
    campaign.version += 1
    audit.record(actor, "edited", subject(campaign), field_changes(groups, old, new, names))
    _close_conflicts(actor, campaign, groups)
    kind = UPDATE if campaign.remote_id else CREATE
    _enqueue(actor, campaign, kind, groups, intent_key, digest)
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


def decide_conflict(actor: Actor, campaign: Campaign, conflict_id: int, decision: str) -> Campaign:
    """Settle one field group that both sides changed: ``ours`` is sent, ``theirs`` is taken.

    Raises ``NotFound`` when it was settled already, or drawn anew because theirs moved.
    """
    if decision not in ("ours", "theirs"):
        raise InvalidInput({"decision": "Choose which value to keep."})
    lock(campaign)
    conflict = db.session.get(Conflict, conflict_id)
    if conflict is None or conflict.campaign_id != campaign.id or conflict.decided_at:
        raise NotFound("This conflict is settled already.")
    group = conflict.field_group
    old = snapshot(campaign)
    conflict.decided_at, conflict.decision = utc_now(), decision
    # Theirs has been seen and weighed: from here on it is what both sides know.
    campaign.base = {**(campaign.base or {}), group: conflict.theirs}
    names = advertisers.names_of(
        [old["advertiser"], conflict.theirs] if group == "advertiser" else []
    )
    kept = FieldChange(
        LABELS[group],
        readable(group, conflict.theirs if decision == "ours" else old[group], names),
        readable(group, old[group] if decision == "ours" else conflict.theirs, names),
    )
    audit.record(actor, f"kept {decision}", subject(campaign), [kept])
    if decision == "theirs":
        for column, value in columns_of(group, conflict.theirs).items():
            setattr(campaign, column, value)
        _refresh_all_keys(campaign)
    campaign.version += 1
    campaign.changed_at = utc_now()
    pending = changed_groups(campaign.base, snapshot(campaign))
    db.session.flush()
    if pending and decision == "ours":
        _enqueue(actor, campaign, UPDATE, [group], uuid.uuid4(), _digest(UPDATE, decision))
    refresh_sync_state(campaign)
    return campaign


def book_again(actor: Actor, campaign: Campaign) -> Campaign:
    """Send a booking again whose outcome is unknown, on the word of someone who looked.

    Raises ``NotFound`` when nothing of this campaign is in doubt any more.
    """
    lock(campaign)
    unknown = None if campaign.remote_id else queries.unknown_create(campaign)
    if unknown is None:
        raise NotFound("This booking is no longer in doubt.")
    unknown.state = SUPERSEDED
    audit.record(actor, "looked and booked again", subject(campaign))
    digest = _digest(CREATE, str(unknown.id))
    _enqueue(actor, campaign, CREATE, list(GROUPS), uuid.uuid4(), digest)
    return campaign


def lock(campaign: Campaign) -> None:
    """Read the row anew and keep others from changing it until the transaction ends."""
    db.session.refresh(campaign, with_for_update={"of": Campaign})


def subject(campaign: Campaign) -> Subject:
    return Subject("campaign", campaign.id, campaign.title)


def new_marker() -> str:
    """An external id of our own making, by which a create can be found again."""
    return MARKER_PREFIX + "".join(secrets.choice(MARKER_LETTERS) for _ in range(10))


def refresh_keys(campaign: Campaign, advertiser_name: str | None) -> None:
    derived = derived_columns(
        campaign.title,
        campaign.external_id,
        advertiser_name,
        campaign.total_budget_minor,
        campaign.total_budget_currency,
    )
    for column, value in derived.items():
        setattr(campaign, column, value)


def _refresh_all_keys(campaign: Campaign) -> None:
    names = advertisers.names_of([campaign.advertiser_id])
    refresh_keys(campaign, names.get(campaign.advertiser_id or 0))


def refresh_sync_state(campaign: Campaign) -> None:
    """Make the campaign's sync state say what its conflicts and changes are."""
    conflicts = queries.open_conflicts(campaign)
    if conflicts:
        campaign.sync_state = CONFLICT
        campaign.sync_detail = ", ".join(LABELS[c.field_group] for c in conflicts)
        return
    unknown = None if campaign.remote_id else queries.unknown_create(campaign)
    states = queries.unfinished_states(campaign)
    trouble = unknown or (None if states else _trouble(campaign))
    campaign.sync_detail = trouble.last_error if trouble else None
    if trouble:
        campaign.sync_state = REFUSED if trouble.state == REJECTED else PARKED
        return
    # What is furthest on its way is what people wait for.
    under_way = (SETTLING, CHECKING), (PROBING, CHECKING), (SENT, SENDING), (CLAIMED, SENDING)
    campaign.sync_state = next(
        (shown for state, shown in under_way if state in states),
        WAITING if states else CONFIRMED,
    )


def _trouble(campaign: Campaign) -> Change | None:
    """The latest change that ended badly, while what it should have sent is still not agreed."""
    if not changed_groups(campaign.base or {}, snapshot(campaign)):
        return None
    ended = (c for c in queries.changes_of(campaign) if c.state in (REJECTED, STUCK))
    return next(ended, None)


def _close_conflicts(actor: Actor, campaign: Campaign, groups: list[str]) -> None:
    """A new value for a group in conflict is a decision: it was typed with theirs in view."""
    for conflict in queries.open_conflicts(campaign):
        if conflict.field_group not in groups:
            continue
        conflict.decided_at, conflict.decision = utc_now(), "typed"
        campaign.base = {**(campaign.base or {}), conflict.field_group: conflict.theirs}
        audit.record(actor, "settled conflict", subject(campaign))
    db.session.flush()


def _enqueue(
    actor: Actor,
    campaign: Campaign,
    kind: str,
    groups: list[str],
    intent_key: uuid.UUID,
    digest: str,
) -> None:
    now = utc_now()
    waiting = db.session.scalars(
        select(Change).where(Change.campaign_id == campaign.id, Change.state == READY)
    ).all()
    # Values are read when sending, so one change can carry what earlier ones had still to send.
    carried = {field for change in waiting for field in change.fields} | set(groups)
    db.session.execute(
        update(Change)
        .where(Change.id.in_([change.id for change in waiting]), Change.state == READY)
        .values(state=SUPERSEDED, finished_at=now)
    )
    db.session.add(
        Change(
            campaign_id=campaign.id,
            connection_id=campaign.connection_id,
            intent_key=intent_key,
            payload_digest=digest,
            kind=kind,
            fields=[group for group in GROUPS if group in carried],
            state=READY,
            next_attempt_at=now,
            operator_id=actor.operator_id,
            created_at=now,
        )
    )
    db.session.flush()
    refresh_sync_state(campaign)
    db.session.flush()


def _earlier(intent_key: uuid.UUID, digest: str) -> Change | None:
    change = queries.change_by_key(intent_key)
    if change and change.payload_digest != digest:
        raise KeyReused(
            "This form was sent before with other values. Open it again to change more."
        )
    return change


def _digest(kind: str, payload: object) -> str:
    content = asdict(payload) if isinstance(payload, CampaignValues) else payload
    return hashlib.sha256(json.dumps([kind, content], sort_keys=True).encode()).hexdigest()
