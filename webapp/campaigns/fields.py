"""The fields that operators change, in groups: those that are merged and sent, and the local ones.

A *snapshot* maps each group's name to a JSON value; two snapshots are compared group by group.
``GROUPS`` are merged with the ad server's and sent to it; ``LOCAL_GROUPS`` are nobody else's, and
an ad server is never told. ``EDITABLE`` are both: what a form shows and a person changes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from webapp.audit.service import FieldChange
from webapp.core.money import format_amount

Snapshot = dict[str, Any]

LABELS = {
    "title": "title",
    "advertiser": "advertiser",
    "external_id": "external ID",
    "copy_needed": "ad copy",
    "budget": "budget",
    "owner": "owner",
    "notes": "notes",
}
LOCAL_GROUPS = ("owner", "notes")
EDITABLE = tuple(LABELS)
GROUPS = tuple(group for group in EDITABLE if group not in LOCAL_GROUPS)
# The other groups are called like their column.
COLUMN_OF = {"advertiser": "advertiser_id", "owner": "owner_id"}
NOBODY: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CampaignValues:
    """What an operator can set. Money is minor units; ids are our own.

    To change some of a campaign's values, start from all of them
    (``values_of(editable(campaign) | changes)``): what is left at its default here is emptied.
    """

    title: str
    advertiser_id: int | None
    external_id: str | None = None
    total_budget_minor: int | None = None
    total_budget_currency: str | None = None
    copy_needed: bool = False
    owner_id: int | None = None
    notes: str | None = None


def snapshot(record: Any) -> Snapshot:
    """What is merged and sent of a campaign, of :class:`CampaignValues`, or of a row like them."""
    budget = None
    if record.total_budget_minor is not None:
        budget = [record.total_budget_minor, record.total_budget_currency]
    return {
        "title": record.title,
        "advertiser": record.advertiser_id,
        "external_id": record.external_id,
        "copy_needed": record.copy_needed,
        "budget": budget,
    }


def editable(record: Any) -> Snapshot:
    """The same with the local groups: everything that an operator can change."""
    return snapshot(record) | {"owner": record.owner_id, "notes": record.notes}


def changed_groups(
    old: Mapping[str, Any], new: Mapping[str, Any], among: Iterable[str] = GROUPS
) -> list[str]:
    return [group for group in among if old.get(group) != new.get(group)]


def columns_of(group: str, value: Any) -> dict[str, Any]:
    """One group's value as columns of the campaign."""
    if group == "budget":
        minor, currency = value or (None, None)
        return {"total_budget_minor": minor, "total_budget_currency": currency}
    return {COLUMN_OF.get(group, group): value}


def values_of(groups: Mapping[str, Any]) -> CampaignValues:
    """All editable groups as what an operator can set."""
    columns: dict[str, Any] = {}
    for group in EDITABLE:
        columns |= columns_of(group, groups[group])
    return CampaignValues(**columns)


def readable(
    group: str,
    value: Any,
    advertiser_names: Mapping[int, str],
    owner_names: Mapping[int, str] = NOBODY,
) -> str | None:
    """A group's value as people read it; ``None`` where there is nothing."""
    if value is None:
        return None
    if group == "advertiser":
        return advertiser_names.get(value, "an advertiser that is not listed")
    if group == "owner":
        return owner_names.get(value, "an operator that is not listed")
    if group == "copy_needed":
        return "Needed" if value else "Not needed"
    if group == "budget":
        minor, currency = value
        return f"{currency or ''} {format_amount(minor, currency or 'USD')}".strip()
    return str(value)


def field_changes(
    groups: Iterable[str],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    advertiser_names: Mapping[int, str],
    owner_names: Mapping[int, str] = NOBODY,
) -> list[FieldChange]:
    """What the timeline says of these groups."""
    return [
        FieldChange(
            LABELS[group],
            readable(group, old.get(group), advertiser_names, owner_names),
            readable(group, new.get(group), advertiser_names, owner_names),
        )
        for group in groups
    ]
