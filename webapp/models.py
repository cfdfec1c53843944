"""Imports every model, so that migrations and tests see all tables."""

from webapp.advertisers.models import Advertiser, Agency
from webapp.api.models import ApiAnswer, ApiWindow
from webapp.audit.models import AuditEvent, AuditSeal
from webapp.auth.models import (
    ApiToken,
    Invitation,
    Operator,
    OperatorSession,
    RecoveryCode,
    Rule,
    SignInThrottle,
)
from webapp.bulk.models import BulkItem, BulkJob
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.campaigns.tally import CampaignTally
from webapp.connections.models import Connection
from webapp.exchange.models import ImportFile
from webapp.notices.models import Message, Notice, NoticeChoice
from webapp.savedviews.models import SavedView
from webapp.sync.models import (
    Duplicate,
    Lease,
    PulledChange,
    RateBudget,
    RequestLog,
    SyncRun,
)

__all__ = [
    "Advertiser",
    "Agency",
    "ApiAnswer",
    "ApiToken",
    "ApiWindow",
    "AuditEvent",
    "AuditSeal",
    "BulkItem",
    "BulkJob",
    "Campaign",
    "CampaignTally",
    "Change",
    "Conflict",
    "Connection",
    "Duplicate",
    "ImportFile",
    "Invitation",
    "Lease",
    "Message",
    "Notice",
    "NoticeChoice",
    "Operator",
    "OperatorSession",
    "PulledChange",
    "RateBudget",
    "RecoveryCode",
    "RequestLog",
    "Rule",
    "SavedView",
    "SignInThrottle",
    "SyncRun",
]
