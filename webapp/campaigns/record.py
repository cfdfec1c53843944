"""One campaign's row: locked, given new values, and named in the audit record."""

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.advertisers import queries as advertisers
from webapp.audit import service as audit
from webapp.audit.service import Actor, Subject
from webapp.auth import queries as operators
from webapp.campaigns.fields import GROUPS, Snapshot, columns_of, field_changes
from webapp.campaigns.keys import derived_columns, owner_key
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db


def lock(campaign: Campaign) -> None:
    """Read the row anew and keep others from changing it until the transaction ends."""
    db.session.refresh(campaign, with_for_update={"of": Campaign, "key_share": True})


def subject(campaign: Campaign) -> Subject:
    return Subject("campaign", campaign.id, campaign.title)


def set_groups(campaign: Campaign, values: Mapping[str, Any]) -> None:
    """Give field groups new values; forms that were drawn before are out of date by it."""
    is_sent = not values.keys().isdisjoint(GROUPS)
    advertiser_id = values.get("advertiser", campaign.advertiser_id) if is_sent else None
    names = advertisers.names_of([advertiser_id])
    put_groups(campaign, values, names, operators.emails_of([values.get("owner")]))


def put_groups(
    campaign: Campaign,
    values: Mapping[str, Any],
    advertiser_names: Mapping[int, str],
    owner_names: Mapping[int, str],
) -> None:
    """The same, by names that were looked up before."""
    for group, value in values.items():
        for column, part in columns_of(group, value).items():
            setattr(campaign, column, part)
    if "owner" in values:
        campaign.owner_key = owner_key(owner_names.get(campaign.owner_id or 0))
    if not values.keys().isdisjoint(GROUPS):
        refresh_keys(campaign, advertiser_names.get(campaign.advertiser_id or 0))
    touch(campaign)


def touch(campaign: Campaign) -> None:
    campaign.version += 1
    campaign.changed_at = utc_now()


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


def record_groups(
    actor: Actor,
    action: str,
    campaign: Campaign,
    groups: Iterable[str],
    old: Snapshot,
    new: Snapshot,
    reason: str | None = None,
) -> None:
    """Say in the timeline what these groups were and became."""
    names = advertisers.names_of([old.get("advertiser"), new.get("advertiser")])
    owners = operators.emails_of([old.get("owner"), new.get("owner")])
    changes = field_changes(groups, old, new, names, owners)
    audit.record(actor, action, subject(campaign), changes, reason=reason)
