"""One item of a job, done by the verbs that a single edit uses, on the version it was picked at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webapp.audit.service import Actor
from webapp.bulk import queries
from webapp.bulk.models import DONE, FAILED, UNCHANGED, BulkItem
from webapp.bulk.warnings import conflict_problem
from webapp.bulk.words import SO_ALREADY
from webapp.campaigns import many, service
from webapp.campaigns.fields import EDITABLE, GROUPS, CampaignValues, editable, values_of
from webapp.campaigns.many import Edit
from webapp.campaigns.models import Campaign
from webapp.connections import queries as connections
from webapp.core.errors import DomainError, InvalidInput, StaleEdit, TooLate
from webapp.web.filters import absolute

NOTHING = dict.fromkeys(EDITABLE) | {"title": "", "copy_needed": False}
Outcome = tuple[str, str | None]
# The groups in conflict, by campaign.
Conflicts = Mapping[int, Collection[str]]

NO_CONNECTION = "There is no connection to book it in."


@dataclass(frozen=True, slots=True)
class Pair:
    """An item with its campaign, and the groups of it that wait to be sent."""

    item: BulkItem
    campaign: Campaign
    waiting: frozenset[str]

    @property
    def wanted(self) -> Mapping[str, Any]:
        return self.item.wanted or {}


def change(
    actor: Actor, item: BulkItem, campaign: Campaign, in_conflict: Conflicts, batch: UUID
) -> Outcome:
    """Do one item; the campaign is locked already. Raises like :func:`is_due` and the verbs."""
    if not is_due(item, campaign, in_conflict):
        return UNCHANGED, SO_ALREADY
    wanted = item.wanted or {}
    edit(actor, campaign, wanted, item.key, batch)
    file_away(actor, campaign, wanted)
    return DONE, None


def change_many(
    actor: Actor, pairs: Sequence[Pair], in_conflict: Conflicts, batch: UUID
) -> dict[int, Outcome]:
    """Do items whose campaigns are at rest, or of which only local groups are wanted."""
    outcomes: dict[int, Outcome] = {}
    due: list[Pair] = []
    for pair in pairs:
        try:
            if is_due(pair.item, pair.campaign, in_conflict):
                due.append(pair)
            else:
                outcomes[pair.item.id] = UNCHANGED, SO_ALREADY
        except DomainError as problem:
            outcomes[pair.item.id] = FAILED, said_of(problem, pair.item)
    refused = many.edit_campaigns(actor, [_edit_of(pair) for pair in due], batch)
    sound = [pair for pair in due if pair.campaign.id not in refused]
    for archived in (True, False):
        moved = [pair.campaign for pair in sound if pair.wanted.get("archived") is archived]
        many.file_campaigns(actor, moved, archived=archived)
    for pair in due:
        why = refused.get(pair.campaign.id)
        outcomes[pair.item.id] = (FAILED, str(why)) if why else (DONE, None)
    return outcomes


def is_due(item: BulkItem, campaign: Campaign, in_conflict: Conflicts) -> bool:
    """Whether there is something to change.

    Raises ``StaleEdit`` when the campaign was changed since it was looked at, and ``InvalidInput``
    for a group that is in conflict: nobody has weighed it.
    """
    wanted = item.wanted or {}
    now = editable(campaign) | {"archived": campaign.archived_at is not None}
    if all(now[group] == value for group, value in wanted.items()):
        return False
    if campaign.version != item.version:
        raise StaleEdit({})
    problem = conflict_problem(wanted, in_conflict.get(campaign.id, ()))
    if problem:
        raise InvalidInput({"conflict": problem})
    return True


def is_local(wanted: Collection[str]) -> bool:
    """Whether no ad server is told of any of these groups."""
    return not set(wanted) & set(GROUPS)


def _edit_of(pair: Pair) -> Edit:
    values = _values(pair.campaign, pair.wanted)
    return Edit(pair.campaign, values, pair.item.key, pair.waiting)


def _values(campaign: Campaign, wanted: Mapping[str, Any]) -> CampaignValues:
    groups = {group: wanted[group] for group in EDITABLE if group in wanted}
    return values_of(editable(campaign) | groups)


def edit(
    actor: Actor, campaign: Campaign, wanted: Mapping[str, Any], key: UUID, batch: UUID
) -> None:
    """Set the groups among ``wanted``, if there are any."""
    if set(wanted) & set(EDITABLE):
        values = _values(campaign, wanted)
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


def said_of(problem: DomainError, item: BulkItem) -> str:
    """Why an item was not done, to an operator."""
    if not isinstance(problem, StaleEdit) or item.campaign_id is None:
        return str(problem)
    event = queries.first_change(item.campaign_id, queries.job_of(item).planned_at)
    if event is None:
        return "It was changed since this was planned."
    field = f" ({event.field})" if event.field else ""
    return f"It was changed since this was planned: {event.actor}, {absolute(event.at)}{field}."
