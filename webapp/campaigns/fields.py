"""The fields that both sides may change, in the groups that are merged and sent as one.

A *snapshot* maps each group's name to a JSON value; two snapshots are compared group by group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
}
GROUPS = tuple(LABELS)


@dataclass(frozen=True, slots=True)
class CampaignValues:
    """What an operator can set. Money is minor units; ``advertiser_id`` is our own id."""

    title: str
    advertiser_id: int | None
    external_id: str | None = None
    total_budget_minor: int | None = None
    total_budget_currency: str | None = None
    copy_needed: bool = False


def snapshot(record: Any) -> Snapshot:
    """The groups of a campaign, of :class:`CampaignValues`, or of a row with the same columns."""
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


def changed_groups(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [group for group in GROUPS if old.get(group) != new.get(group)]


def columns_of(group: str, value: Any) -> dict[str, Any]:
    """One group's value as columns of the campaign."""
    if group == "budget":
        minor, currency = value or (None, None)
        return {"total_budget_minor": minor, "total_budget_currency": currency}
    return {"advertiser_id" if group == "advertiser" else group: value}


def values_of(groups: Mapping[str, Any]) -> CampaignValues:
    """A whole snapshot as what an operator can set."""
    columns: dict[str, Any] = {}
    for group in GROUPS:
        columns |= columns_of(group, groups[group])
    return CampaignValues(**columns)


def readable(group: str, value: Any, advertiser_names: Mapping[int, str]) -> str | None:
    """A group's value as people read it; ``None`` where there is nothing."""
    if value is None:
        return None
    if group == "advertiser":
        return advertiser_names.get(value, "an advertiser that is not listed")
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
) -> list[FieldChange]:
    """What the timeline says of these groups."""
    return [
        FieldChange(
            LABELS[group],
            readable(group, old.get(group), advertiser_names),
            readable(group, new.get(group), advertiser_names),
        )
        for group in groups
    ]
