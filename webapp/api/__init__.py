"""The JSON API under ``/api/v1``: importing this declares every operation."""

from webapp.api import advertisers, campaigns, connections, me, remote, sync_runs
from webapp.api.blueprint import blueprint

__all__ = [
    "advertisers",
    "blueprint",
    "campaigns",
    "connections",
    "me",
    "remote",
    "sync_runs",
]
