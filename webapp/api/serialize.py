"""Records as JSON: stable names, ISO 8601 times in UTC, money as integer minor units."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.campaigns.fields import LABELS
from webapp.core.moments import iso
from webapp.core.rows import Row

Json = dict[str, Any]

# What we call a field group, and what scripts do.
FIELDS = {
    "title": "title",
    "advertiser": "advertiser",
    "external_id": "external_id",
    "copy_needed": "copy_needed",
    "budget": "total_budget",
    "owner": "owner",
    "notes": "notes",
}
GROUPS = {name: group for group, name in FIELDS.items()}
_OF_LABEL = {LABELS[group]: name for group, name in FIELDS.items()}


def field_of(label: str | None) -> str | None:
    """A field as scripts call it, by its name in the timeline."""
    return _OF_LABEL.get(label or "", label)


def campaign(row: Row, organizations: Mapping[int, str]) -> Json:
    """A row of :mod:`webapp.campaigns.api_rows`, whose times and id are texts already.

    ``organizations`` maps a connection's id to its organisation in the ad server.
    """
    return {
        "id": row.uuid,
        "megaphone_id": row.remote_id,
        "external_id": row.external_id,
        "title": row.title,
        "organization_id": organizations[row.connection_id],
        "advertiser": _advertiser(row),
        "total_budget_cents": row.total_budget_minor,
        "total_budget_currency": row.total_budget_currency,
        "total_revenue_cents": row.total_revenue_minor,
        "total_revenue_currency": row.total_revenue_currency,
        "duration_in_seconds": row.duration_seconds,
        "copy_needed": row.copy_needed,
        "booking_source": row.booking_source,
        "created_at": row.remote_created_at or row.created_at,
        "updated_at": row.remote_updated_at or row.changed_at,
        "synced_at": row.synced_at,
        "archived": row.archived_at is not None,
        "owner": row.owner_email,
        "notes": row.notes,
        "version": row.version,
        "sync": {"state": row.sync_state, "detail": row.sync_detail},
    }


def _advertiser(row: Row) -> Json | None:
    if row.advertiser_id is None:
        return None
    agency = None
    if row.agency_id is not None:
        agency = {
            "id": str(row.agency_id),
            "megaphone_id": row.agency_remote_id,
            "name": row.agency_name,
        }
    return {
        "id": str(row.advertiser_id),
        "megaphone_id": row.advertiser_remote_id,
        "name": row.advertiser_name,
        "agency": agency,
    }


def moment(when: datetime | None) -> str | None:
    """``2026-03-02T09:30:00.000Z``."""
    return iso(when) if when else None
