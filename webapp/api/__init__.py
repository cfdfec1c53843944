"""The JSON API under ``/api/v1``: importing this declares every operation."""

from webapp.api import campaigns
from webapp.api.blueprint import blueprint

__all__ = ["blueprint", "campaigns"]
