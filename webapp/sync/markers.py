"""The marker: the external id by which a booking of ours is known again in the ad server.

What it is worth depends on the connection. ``unique``: kept, and a second record with it refused.
``stored``: kept. ``none``: not kept, or not as it was sent; nothing can be found by it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from webapp.adservers.types import RemoteCampaign
from webapp.audit import service as audit
from webapp.audit.service import FieldChange
from webapp.campaigns.fields import Snapshot
from webapp.campaigns.models import KEY_LENGTH, Campaign
from webapp.campaigns.service import is_generated
from webapp.connections import service as connections
from webapp.connections.models import NO_MARKER, STORED_MARKER, UNIQUE_MARKER, Connection
from webapp.connections.words import MARKER_WORDS
from webapp.core.db import db
from webapp.core.text import fold
from webapp.sync.pull import WORKER

# How many complete listings without it prove that a booking was never made.
CLEAN_PROBES_NEEDED = {UNIQUE_MARKER: 1, STORED_MARKER: 2}
# How far the ad server's clock may be behind ours.
CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a lost booking is looked for by. Without ``marker`` it cannot be; ``mode`` says why."""

    marker: str | None
    mode: str


def own_marker(campaign_id: int, connection_id: int, external_id: str | None) -> str | None:
    """The external id, when no other campaign of the connection has it or was booked under it."""
    if not external_id:
        return None
    same_text = (
        # The key is what an index finds it by.
        (Campaign.external_key == fold(external_id)[:KEY_LENGTH])
        & (Campaign.external_id == external_id)
    )
    others = select(Campaign.id).where(
        Campaign.connection_id == connection_id,
        or_(same_text, Campaign.marker == external_id),
        Campaign.id != campaign_id,
    )
    return None if db.session.scalar(others.limit(1)) else external_id


def marker_to_send(campaign: Campaign) -> str | None:
    """What a booking is sent under: the marker of the first time, once it may have been made.

    That one may still come to light, and is known by nothing else. An external id that was typed
    since goes out as an update of what is booked.
    """
    if campaign.marker is not None and keeps_markers(campaign.connection_id):
        return campaign.marker
    return own_marker(campaign.id, campaign.connection_id, campaign.external_id)


def forget(campaign_id: int) -> None:
    """Nothing was made under the marker: the next time it is the external id as it is then."""
    db.session.execute(update(Campaign).where(Campaign.id == campaign_id).values(marker=None))


def is_surely_ours(found: RemoteCampaign, sent: Snapshot, sent_at: datetime | None) -> bool:
    """Whether a record with our marker is what we sent then, and no stranger's.

    Nobody else comes upon a marker that we made up. An external id that people type may be that of
    another campaign there: it has to be as young, and to look like what was sent.
    """
    if is_generated(found.external_id or ""):
        return True
    if found.created_at is None or sent_at is None or found.created_at < sent_at - CLOCKS_APART:
        return False
    budget = [found.total_budget_minor, found.total_budget_currency]
    is_same_budget = sent.get("budget") == (None if budget[0] is None else budget)
    return is_same_budget and fold(found.title) == fold(sent.get("title") or "")


def sought(campaign_id: int, connection_id: int) -> Sought:
    """The marker as it was sent: the operator may have changed the external id since."""
    mode = db.session.get_one(Connection, connection_id).marker_mode
    if mode == NO_MARKER:
        return Sought(None, mode)
    sent = db.session.scalar(select(Campaign.marker).where(Campaign.id == campaign_id))
    return Sought(own_marker(campaign_id, connection_id, sent), mode)


def is_listed(campaign: Campaign) -> bool:
    """Whether a record with the marker that a booking was sent with has come to light."""
    if campaign.marker is None:
        return False
    marked = select(Campaign.id).where(
        Campaign.connection_id == campaign.connection_id,
        Campaign.remote_id.is_not(None),
        Campaign.external_key == fold(campaign.marker)[:KEY_LENGTH],
        Campaign.external_id == campaign.marker,
    )
    return db.session.scalar(marked.limit(1)) is not None


def keeps_markers(connection_id: int) -> bool:
    return db.session.get_one(Connection, connection_id).marker_mode != NO_MARKER


def refuses_twice(connection_id: int) -> bool:
    return db.session.get_one(Connection, connection_id).marker_mode == UNIQUE_MARKER


def note_echo(connection_id: int, sent: str | None, echoed: str | None) -> None:
    """Trust no marker any more once a booking comes back without the one it was sent with.

    In the caller's transaction, as the last row it locks.
    """
    if sent is None or sent == echoed:
        return
    connection = connections.locked(connection_id)
    before = connection.marker_mode
    if before == NO_MARKER:
        return
    connection.marker_mode = NO_MARKER
    audit.record(
        WORKER,
        "changed",
        connections.subject(connection),
        [FieldChange("external IDs", MARKER_WORDS[before], MARKER_WORDS[NO_MARKER])],
        reason="A new campaign came back with another external ID than it was sent with. "
        "A booking whose answer is lost cannot be found by it from now on.",
    )
    db.session.flush()
