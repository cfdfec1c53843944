"""Undoing one thing that a pull changed here."""

from uuid import UUID

from webapp.audit.service import Actor
from webapp.campaigns import undo
from webapp.campaigns.models import Campaign
from webapp.campaigns.record import lock
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import TooLate
from webapp.sync.models import PulledChange

CHANGED = "changed"
NOT_TAKEN = "Nothing was replaced here by this, so there is nothing to undo."


def undo_item(
    actor: Actor, pulled: PulledChange, campaign: Campaign, expected_version: int, key: UUID
) -> None:
    """Restore what this has replaced, and have it sent.

    Raises ``TooLate`` when it was undone already, and what ``webapp.campaigns.undo`` raises.
    """
    lock(campaign)
    db.session.refresh(pulled, with_for_update={"key_share": True})
    if pulled.kind != CHANGED or pulled.field_group is None:
        raise TooLate(NOT_TAKEN)
    if pulled.undone_at is not None:
        raise TooLate(f"{pulled.undone_by} has undone this already.")
    undo.undo_pulled(actor, campaign, pulled.field_group, pulled.before, expected_version, key)
    pulled.undone_at, pulled.undone_by = utc_now(), actor.label
    db.session.flush()
