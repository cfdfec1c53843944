"""The JSON API under ``/api/v1``: importing this declares every operation."""

from webapp.api import (
    advertisers,
    bulk,
    campaign_writes,
    campaigns,
    conflicts,
    connections,
    me,
    outgoing,
    parked,
    remote,
    remote_writes,
    sync_runs,
    timeline,
    undoing,
)
from webapp.api.blueprint import blueprint

__all__ = [
    "advertisers",
    "blueprint",
    "bulk",
    "campaign_writes",
    "campaigns",
    "conflicts",
    "connections",
    "me",
    "outgoing",
    "parked",
    "remote",
    "remote_writes",
    "sync_runs",
    "timeline",
    "undoing",
]
