"""Imports every model, so that migrations and tests see all tables."""

from webapp.advertisers.models import Advertiser, Agency
from webapp.audit.models import AuditEvent
from webapp.auth.models import ApiToken, Operator, SignInThrottle
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.connections.models import Connection
from webapp.sync.models import Lease, SyncRun

__all__ = [
    "Advertiser",
    "Agency",
    "ApiToken",
    "AuditEvent",
    "Campaign",
    "Change",
    "Conflict",
    "Connection",
    "Lease",
    "Operator",
    "SignInThrottle",
    "SyncRun",
]
