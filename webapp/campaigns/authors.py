"""Who gave each field of a campaign its value last, as the audit record has it."""

from collections.abc import Mapping
from datetime import datetime

from webapp.audit import queries as audit
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign

EVENTS_SEARCHED = 200
# The ad server was seen with another value: ours is as it was.
SEEN_ELSEWHERE = "conflict"

Authors = Mapping[str | None, AuditEvent]


def authors_of(campaign: Campaign, *, here: bool = False, since: datetime | None = None) -> Authors:
    """By field, the event that set it last: anyone's or someone's here, ever or after a moment."""
    events = audit.events_of("campaign", campaign.id, EVENTS_SEARCHED)
    return {
        event.field: event
        for event in reversed(events)
        if event.action != SEEN_ELSEWHERE
        and not (here and event.source == "sync")
        and (since is None or event.at > since)
    }
