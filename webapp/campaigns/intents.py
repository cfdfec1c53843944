"""What operators want sent, as rows of the outbox. ``webapp.sync`` carries them out."""

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import and_, func, or_, select, update

from webapp.audit.service import Actor
from webapp.campaigns import pending, queries
from webapp.campaigns.fields import GROUPS, CampaignValues, Snapshot
from webapp.campaigns.models import (
    CREATE,
    HELD,
    NOT_SENT,
    READY,
    STUCK,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.campaigns.state import refresh_sync_state
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import KeyReused

LANE_LENGTH = 64

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Intent:
    """Why a change is made. ``key`` and ``digest`` tell the same wish said twice from two wishes.

    ``batch`` names the bulk edit it belongs to. ``before`` and ``after`` are what this edit found
    and left, for undoing it.
    """

    key: uuid.UUID
    digest: str
    before: Snapshot | None = None
    after: Snapshot | None = None
    not_before: datetime | None = None
    batch: uuid.UUID | None = None
    undoes_id: int | None = None


def digest_of(kind: str, payload: object) -> str:
    content = asdict(payload) if isinstance(payload, CampaignValues) else payload
    return hashlib.sha256(json.dumps([kind, content], sort_keys=True).encode()).hexdigest()


def earlier(key: uuid.UUID, digest: str) -> Change | None:
    """The change that this wish made when it was first said. Raises ``KeyReused``."""
    change = queries.change_by_key(key)
    if change and change.payload_digest != digest:
        raise KeyReused(
            "This form was sent before with other values. Open it again to change more."
        )
    return change


def enqueue(
    actor: Actor, campaign: Campaign, kind: str, groups: list[str], intent: Intent
) -> Change:
    """Have these groups sent. What still waits for this campaign is carried along, and replaced.

    One that is on hold or put off stays so: what it holds back would go out with the new one.
    """
    now = utc_now()
    waiting = pending.waiting_changes(campaign)
    # Values are read when sending, so one change can carry what earlier ones had still to send.
    carried = {field for change in waiting for field in change.fields} | set(groups)
    held = next((change for change in waiting if change.state == HELD), None)
    state, held_by = (HELD, held.held_by) if held else (READY, None)
    clean_probes = _lost_before(campaign)
    put_off = [change.not_before for change in waiting if change.not_before]
    db.session.execute(
        update(Change)
        .where(Change.id.in_([change.id for change in waiting]), Change.state.in_(NOT_SENT))
        .values(state=SUPERSEDED, finished_at=now)
    )
    fields = [group for group in GROUPS if kind == CREATE or group in carried]
    change = Change(**change_row(actor, campaign, kind, fields, intent, now))
    change.state, change.held_by, change.clean_probes = state, held_by, clean_probes
    change.not_before = intent.not_before or max(put_off, default=None)
    db.session.add(change)
    db.session.flush()
    refresh_sync_state(campaign)
    db.session.flush()
    log.info("change_queued", change_id=change.id, campaign_id=campaign.id, kind=kind)
    return change


def change_row(
    actor: Actor, campaign: Campaign, kind: str, fields: list[str], intent: Intent, now: datetime
) -> dict[str, object]:
    """A change that nothing else of its campaign has a part in, as a plain row."""
    return {
        "campaign_id": campaign.id,
        "connection_id": campaign.connection_id,
        "intent_key": intent.key,
        "payload_digest": intent.digest,
        "kind": kind,
        "fields": fields,
        "state": READY,
        "next_attempt_at": now,
        "not_before": intent.not_before,
        "lane": f"batch:{intent.batch}" if intent.batch else actor.label[:LANE_LENGTH],
        "before": intent.before,
        "after": intent.after,
        "undoes_id": intent.undoes_id,
        "operator_id": actor.operator_id,
        "created_at": now,
    }


def _lost_before(campaign: Campaign) -> int:
    """How often it was looked for and not found: a booking that was lost once may turn up late.

    Of what waits, or was given up; of one that is in doubt a person decides.
    """
    given_up = and_(Change.state == STUCK, Change.sent_payload.is_(None))
    lost = select(func.max(Change.clean_probes)).where(
        Change.campaign_id == campaign.id, or_(Change.state.in_(NOT_SENT), given_up)
    )
    return db.session.scalar(lost) or 0
