"""A remote record as columns of ours, and its fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from webapp.adservers.types import RemoteCampaign
from webapp.campaigns.fields import Snapshot, snapshot

_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class UnusableRow(Exception):
    """A remote record that cannot be kept; the text says why, for the run's page."""


def fingerprint(raw: Mapping[str, Any]) -> str:
    """Equal for equal content, whatever the order of members."""
    content = _sorted.encode(raw)
    return hashlib.blake2b(content.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def own_columns(remote: RemoteCampaign, advertiser_id: int | None) -> dict[str, Any]:
    """What operators may change, as columns. Raises ``UnusableRow``."""
    if not remote.title.strip():
        raise UnusableRow("Its title is empty.")
    minor = remote.total_budget_minor
    return {
        "title": remote.title,
        "advertiser_id": advertiser_id,
        "external_id": remote.external_id,
        # A currency without an amount says nothing; it comes back with the first amount.
        "total_budget_minor": minor,
        "total_budget_currency": remote.total_budget_currency if minor is not None else None,
        "copy_needed": bool(remote.copy_needed),
    }


def followed_columns(remote: RemoteCampaign) -> dict[str, Any]:
    """What only the ad server changes: it is always followed."""
    return {
        "total_revenue_minor": remote.total_revenue_minor,
        "total_revenue_currency": remote.total_revenue_currency,
        "duration_seconds": remote.duration_seconds,
        "booking_source": remote.booking_source,
        "remote_created_at": remote.created_at,
        "remote_updated_at": remote.updated_at,
    }


class _Columns:
    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.__dict__.update(columns)


def theirs(columns: Mapping[str, Any]) -> Snapshot:
    """The field groups of :func:`own_columns`."""
    return snapshot(_Columns(columns))
