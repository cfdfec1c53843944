"""One item of a job, done by the verbs that a single edit uses, on the version it was picked at."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from webapp.audit import queries as audit
from webapp.audit.service import Actor
from webapp.bulk.models import BulkItem
from webapp.bulk.warnings import conflict_problem
from webapp.campaigns import service
from webapp.campaigns.fields import EDITABLE, editable, values_of
from webapp.campaigns.models import Campaign
from webapp.connections import queries as connections
from webapp.core.errors import DomainError, InvalidInput, StaleEdit, TooLate
from webapp.web.filters import absolute

NOTHING = dict.fromkeys(EDITABLE) | {"title": "", "copy_needed": False}
NO_CONNECTION = "There is no connection to book it in."


def change(
    actor: Actor, item: BulkItem, campaign: Campaign, in_conflict: Collection[str], batch: UUID
) -> bool:
    """Whether anything was to be changed. Raises ``StaleEdit`` when it was changed since.

    The campaign is locked already. Raises ``InvalidInput`` like the verbs, and for a group that is
    in conflict: nobody has weighed it.
    """
    wanted = item.wanted or {}
    if is_so(campaign, wanted):
        return False
    if campaign.version != item.version:
        raise StaleEdit({})
    problem = conflict_problem(wanted, in_conflict)
    if problem:
        raise InvalidInput({"conflict": problem})
    edit(actor, campaign, wanted, item.key, batch)
    file_away(actor, campaign, wanted)
    return True


def edit(
    actor: Actor, campaign: Campaign, wanted: Mapping[str, Any], key: UUID, batch: UUID
) -> None:
    """Set the groups among ``wanted``, if there are any."""
    groups = {group: wanted[group] for group in EDITABLE if group in wanted}
    if groups:
        values = values_of(editable(campaign) | groups)
        service.edit_campaign(actor, campaign, values, campaign.version, key, batch=batch)


def file_away(actor: Actor, campaign: Campaign, wanted: Mapping[str, Any]) -> None:
    """Archive it, or take it out of the archive, if that is wanted."""
    if wanted.get("archived") is True:
        service.archive_campaign(actor, campaign)
    elif wanted.get("archived") is False:
        service.unarchive_campaign(actor, campaign)


def book(actor: Actor, item: BulkItem, batch: UUID) -> Campaign:
    """Book a campaign of the item's values; what it does not name is empty."""
    connection = connections.first_connection()
    if connection is None:
        raise TooLate(NO_CONNECTION)
    wanted = item.wanted or {}
    groups = NOTHING | {group: wanted[group] for group in EDITABLE if group in wanted}
    campaign = service.create_campaign(actor, connection, values_of(groups), item.key, batch=batch)
    file_away(actor, campaign, wanted)
    return campaign


def is_so(campaign: Campaign, wanted: Mapping[str, Any]) -> bool:
    now = editable(campaign) | {"archived": campaign.archived_at is not None}
    return all(now[group] == value for group, value in wanted.items())


def said_of(problem: DomainError, item: BulkItem) -> str:
    """Why an item was not done, to an operator."""
    if not isinstance(problem, StaleEdit) or item.campaign_id is None:
        return str(problem)
    event = next(iter(audit.events_of("campaign", item.campaign_id, 1)), None)
    if event is None:
        return "It was changed since this was planned."
    field = f" ({event.field})" if event.field else ""
    return f"It was changed since this was planned: {event.actor}, {absolute(event.at)}{field}."
