"""Recording how a change ended, in the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from webapp.adservers.errors import AdServerError, Rejected
from webapp.adservers.types import RemoteCampaign
from webapp.audit import service as audit
from webapp.campaigns import pending, queries
from webapp.campaigns.fields import LABELS, snapshot
from webapp.campaigns.models import (
    APPLIED,
    CONFLICT,
    CREATE,
    PARKED,
    REFUSED,
    REJECTED,
    SENT,
    STUCK,
    Campaign,
    Change,
)
from webapp.campaigns.service import subject
from webapp.connections import service as connections
from webapp.core.db import db, reading
from webapp.sync import bindings, breaker, markers, outbox, unlisted
from webapp.sync.campaign_pages import MEGAPHONE
from webapp.sync.merge import still_to_send
from webapp.sync.observations import next_observation
from webapp.sync.outbox import Claim
from webapp.sync.page import NOT_THERE
from webapp.sync.payload import locked_campaign, merge_seen, show_settled
from webapp.sync.pull import WORKER

LISTED = (
    "Megaphone has made this, but it was read as a new campaign before its answer came, and "
    "someone has worked on that one here (“{}”). Archive this one, and go on with that."
)


def remote_id_of(campaign_id: int) -> str:
    with reading():
        remote_id = db.session.scalar(select(Campaign.remote_id).where(Campaign.id == campaign_id))
        db.session.rollback()
    return remote_id or ""


def applied(claim: Claim, answer: RemoteCampaign, now: datetime, state: str = SENT) -> None:
    """The ad server took it: what was sent is now agreed, and what it answered is merged."""
    unlisted.take_in_first(answer, claim.connection_id, now)
    sent = db.session.scalars(select(Change.sent_payload).where(Change.id == claim.change_id)).one()
    campaign = locked_campaign(claim.campaign_id)
    listed = bindings.holder_of(answer.id, campaign)
    if listed and bindings.was_worked_on(listed):
        why = LISTED.format(listed.title)
        parked(claim, state, why, now, error_code=queries.MADE_THERE)
        return
    outbox.finish(claim, state, APPLIED, now, **outbox.NO_TROUBLE)
    if listed:
        # A pull saw it before its answer was here, without an external id to know it by.
        bindings.take_over(campaign, listed)
    campaign.remote_id = answer.id
    campaign.base = {**(campaign.base or {}), **(sent or {})}
    # Merged whatever it says: an answer without our values says that they were not taken.
    campaign.fingerprint = None
    db.session.flush()
    # A listing that was asked for before now may still show the old values: it is older than this.
    merge_seen(claim, answer, next_observation(claim.connection_id), now)
    campaign = locked_campaign(claim.campaign_id)
    verb = "created" if claim.kind == CREATE else "confirmed"
    words = ", ".join(LABELS[group] for group in (sent or {})) if verb == "confirmed" else None
    audit.record(MEGAPHONE, verb, subject(campaign), reason=words, at=now)
    if claim.kind == CREATE:
        _send_what_was_typed_since(claim, campaign, now)
    show_settled(campaign)
    if campaign.sync_state == CONFLICT:
        _leave_to_the_decision(claim, campaign, sent or {})
    breaker.succeeded(claim.connection_id)
    if claim.kind == CREATE:
        markers.note_echo(claim.connection_id, campaign.marker, answer.external_id)


def _leave_to_the_decision(claim: Claim, campaign: Campaign, sent: Mapping[str, Any]) -> None:
    """A field that a conflict kept back did not arrive: its change must not say that it did.

    What the edit found and left stays with the change, so that it can be undone.
    """
    kept_back = {conflict.field_group for conflict in queries.open_conflicts(campaign)} - set(sent)
    fields = db.session.scalars(select(Change.fields).where(Change.id == claim.change_id)).one()
    arrived = [group for group in fields if group not in kept_back]
    db.session.execute(update(Change).where(Change.id == claim.change_id).values(fields=arrived))


def _send_what_was_typed_since(claim: Claim, campaign: Campaign, now: datetime) -> None:
    """A booking goes out under its first marker: an external id that was typed since follows it."""
    in_conflict = {conflict.field_group for conflict in queries.open_conflicts(campaign)}
    left = still_to_send(campaign.base or {}, snapshot(campaign), in_conflict)
    carried = {group for change in pending.waiting_changes(campaign) for group in change.fields}
    groups = [group for group in left if group not in carried]
    if groups:
        row = outbox.new_update(campaign.id, claim.connection_id, groups, now)
        db.session.execute(insert(Change), [row])


def refused(claim: Claim, state: str, error: Rejected, now: datetime) -> None:
    """A definite no: shown at the campaign; editing it makes a new change."""
    message = " ".join(error.field_errors.values()) or error.message
    outbox.finish(claim, state, REJECTED, now, **_columns(error) | {"last_error": message})
    _show_trouble(claim, REFUSED, "refused", message, now)


def not_there(claim: Claim, state: str, error: AdServerError, now: datetime) -> None:
    outbox.finish(claim, state, STUCK, now, **_columns(error) | {"last_error": NOT_THERE})
    _show_trouble(claim, PARKED, "parked", NOT_THERE, now)
    # A list that was asked for before now says nothing; one that has it later is to be heard.
    campaign = locked_campaign(claim.campaign_id)
    campaign.fingerprint, campaign.observed = None, next_observation(claim.connection_id)


def parked(claim: Claim, state: str, message: str, now: datetime, **columns: Any) -> None:
    """Nothing more is tried by itself: an operator has to look."""
    outbox.finish(claim, state, STUCK, now, **{"last_error": message, **columns})
    _show_trouble(claim, PARKED, "parked", message, now)


def pause_connection(connection_id: int, error: AdServerError) -> None:
    """Stop sending and reading. The last row that the caller's transaction locks."""
    connection = connections.locked(connection_id)
    connections.pause(WORKER, connection, error.message, error.code)


def _show_trouble(claim: Claim, state: str, action: str, message: str, now: datetime) -> None:
    campaign = locked_campaign(claim.campaign_id)
    campaign.sync_state, campaign.sync_detail = state, message
    audit.record(MEGAPHONE, action, subject(campaign), reason=message, at=now)


def _columns(error: AdServerError) -> dict[str, Any]:
    return {
        "last_status": error.status,
        "remote_request_id": error.request_id,
        "error_code": error.code,
    }
