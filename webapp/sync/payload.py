"""What a change has to send: our values against what the ad server has now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.adservers.types import CampaignPatch, CampaignSpec, RemoteCampaign
from webapp.advertisers.models import Advertiser
from webapp.campaigns import queries as campaigns
from webapp.campaigns.fields import Snapshot, snapshot
from webapp.campaigns.models import (
    APPLIED,
    CHECKING,
    CLAIMED,
    CREATE,
    SETTLING,
    SUPERSEDED,
    Campaign,
    Change,
)
from webapp.campaigns.service import refresh_sync_state
from webapp.core.db import db
from webapp.core.money import Money
from webapp.sync import outbox
from webapp.sync.campaign_pages import PageContext, merge_page
from webapp.sync.directory import load_directory
from webapp.sync.markers import is_listed, marker_to_send
from webapp.sync.merge import still_to_send
from webapp.sync.mirror import UnusableRow, own_columns, theirs
from webapp.sync.outbox import Claim

# The error code of a booking that waited in a backup: it may have been made since.
FROM_BACKUP = "from_backup"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``groups`` is what the mark records; ``request`` what the adapter gets.

    ``is_repeated``: a booking that was sent under this marker before, and may have been made.
    """

    groups: Snapshot
    request: CampaignSpec | CampaignPatch
    remote_id: str
    marker: str | None
    is_repeated: bool = False


def prepare(
    claim: Claim, seen: tuple[RemoteCampaign, int] | None, now: datetime
) -> Outgoing | None:
    """Merge what was just read and say what is left to send, in the caller's transaction.

    With nothing left the change is finished here and ``None`` returned: it has arrived by other
    ways, or waits for the operator's decision about a conflict. A lost booking that a pull has
    found since is not sent either: it is in doubt again, as is one of a backup that waited then.
    """
    if seen:
        merge_seen(claim, seen[0], seen[1], now)
    campaign = locked_campaign(claim.campaign_id)
    if claim.kind == CREATE and _may_be_booked(claim, campaign):
        sent = as_booked(campaign, campaign.marker)
        outbox.release(claim, CLAIMED, SETTLING, settle_until=now, sent_payload=sent)
        outbox.show(campaign.id, CHECKING)
        return None
    if claim.kind == CREATE:
        return _creation(campaign)
    in_conflict = {conflict.field_group for conflict in campaigns.open_conflicts(campaign)}
    groups = still_to_send(campaign.base or {}, snapshot(campaign), in_conflict)
    if groups:
        return Outgoing(groups, _patch(groups), campaign.remote_id or "", None)
    outbox.finish(claim, CLAIMED, SUPERSEDED if in_conflict else APPLIED, now)
    show_settled(campaign)
    return None


def _may_be_booked(claim: Claim, campaign: Campaign) -> bool:
    """Whether it has to be looked for before it is sent: it was found, or is of a backup."""
    if claim.clean_probes:
        return is_listed(campaign)
    return claim.error_code == FROM_BACKUP


def merge_seen(claim: Claim, remote: RemoteCampaign, observation: int, now: datetime) -> None:
    """Merge one record read by the worker that holds the campaign's change."""
    context = PageContext(
        claim.connection_id, observation, load_directory(claim.connection_id), now
    )
    merge_page([remote], context, held=frozenset({claim.campaign_id}))


def agree_on_what_arrived(claim: Claim, remote: RemoteCampaign) -> None:
    """Take what shows the value that was sent as agreed: it is no edit of theirs.

    Without this a newer edit of ours would seem to quarrel with our own late echo.
    """
    sent = db.session.scalars(select(Change.sent_payload).where(Change.id == claim.change_id)).one()
    known = load_directory(claim.connection_id).ids
    try:
        there = theirs(own_columns(remote, known.get(remote.advertiser_id or "")))
    except UnusableRow:
        # It is not merged either: what we want goes out again over whatever is there.
        return
    arrived = {group: value for group, value in (sent or {}).items() if there[group] == value}
    campaign = locked_campaign(claim.campaign_id)
    campaign.base = {**(campaign.base or {}), **arrived}
    db.session.flush()


def locked_campaign(campaign_id: int) -> Campaign:
    query = select(Campaign).where(Campaign.id == campaign_id)
    locked = query.with_for_update(of=Campaign, key_share=True)
    return db.session.scalars(locked.execution_options(populate_existing=True)).one()


def show_settled(campaign: Campaign) -> None:
    """No change is under way any more: say what is left, a conflict, a newer edit or nothing."""
    refresh_sync_state(campaign)


def _creation(campaign: Campaign) -> Outgoing:
    marker = marker_to_send(campaign)
    is_repeated = marker is not None and marker == campaign.marker
    # Written with the mark: it outlives what the operator makes of the external id meanwhile.
    campaign.marker = marker
    groups = as_booked(campaign, marker)
    spec = CampaignSpec(
        title=campaign.title,
        advertiser_id=_remote_advertiser(campaign.advertiser_id) or "",
        external_id=groups["external_id"],
        total_budget_minor=campaign.total_budget_minor,
        total_budget_currency=campaign.total_budget_currency,
        copy_needed=campaign.copy_needed,
    )
    return Outgoing(groups, spec, "", marker, is_repeated)


def as_booked(campaign: Campaign, marker: str | None) -> Snapshot:
    """What a booking sends: under its marker, whatever its external id is by now."""
    groups = snapshot(campaign)
    return groups if marker is None else groups | {"external_id": marker}


def _patch(groups: Snapshot) -> CampaignPatch:
    return dict(_patch_item(group, value) for group, value in groups.items())


def _patch_item(group: str, value: Any) -> tuple[str, object]:
    if group == "budget":
        return "total_budget", Money(*value) if value else None
    if group == "advertiser":
        return "advertiser_id", _remote_advertiser(value)
    return group, value


def _remote_advertiser(advertiser_id: int | None) -> str | None:
    advertiser = db.session.get(Advertiser, advertiser_id) if advertiser_id else None
    return advertiser.remote_id if advertiser else None
