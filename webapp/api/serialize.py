"""Records as JSON: stable names, ISO 8601 times in UTC, money as text and as minor units."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from webapp.core.listing import ListParams, Page
from webapp.core.money import plain_amount
from webapp.core.query import QueryError

Json = dict[str, Any]


def campaign(row: Row[Any]) -> Json:
    """A row of ``campaigns.queries``: the list's and the single one are the same."""
    return {
        "id": str(row.uuid),
        "remote_id": row.remote_id,
        "title": row.title,
        "advertiser": _advertiser(row),
        "external_id": row.external_id,
        "total_budget": money(row.total_budget_minor, row.total_budget_currency),
        "total_revenue": money(row.total_revenue_minor, row.total_revenue_currency),
        "duration_seconds": row.duration_seconds,
        "copy_needed": row.copy_needed,
        "booking_source": row.booking_source,
        "sync": {
            "state": row.sync_state,
            "detail": row.sync_detail,
            "synced_at": moment(row.synced_at),
        },
        "created_at": moment(row.created_at),
        "changed_at": moment(row.changed_at),
        "remote_created_at": moment(row.remote_created_at),
        "remote_updated_at": moment(row.remote_updated_at),
        "archived_at": moment(row.archived_at),
        "version": row.version,
    }


def _advertiser(row: Row[Any]) -> Json | None:
    if row.advertiser_id is None:
        return None
    return {"id": row.advertiser_id, "name": row.advertiser_name, "agency": row.agency_name}


def listing(
    page: Page[Row[Any]], params: ListParams, serialize: Callable[[Row[Any]], Json]
) -> Json:
    """One page of a list, and how it was read."""
    return {
        "items": [serialize(row) for row in page.items],
        "meta": {
            "page": page.number,
            "per_page": page.per_page,
            "total": page.total,
            "total_is_capped": page.capped,
            "sort": params.sort,
            "notes": list(params.notes),
        },
    }


def query_error(error: QueryError, request_id: str) -> Json:
    """``text[start:end]`` of the query is what the message is about; suggestions are whole ones."""
    return {
        "message": error.message,
        "request_id": request_id,
        "fields": {"q": error.message},
        "query": {
            "text": error.text,
            "start": error.start,
            "end": error.end,
            "suggestions": [text for _, text in error.fixes],
        },
    }


def money(minor: int | None, currency: str | None) -> Json | None:
    """``amount`` has exactly the currency's digits; ``minor`` is for calculating."""
    if minor is None:
        return None
    return {"amount": plain_amount(minor, currency or "USD"), "minor": minor, "currency": currency}


def moment(when: datetime | None) -> str | None:
    """``2026-03-02T09:30:00.000Z``"""
    if when is None:
        return None
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
