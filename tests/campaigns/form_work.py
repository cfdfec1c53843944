"""What the tests of booking and editing share."""

import uuid
from dataclasses import asdict

from tests import factories
from webapp.audit import service as audit
from webapp.audit.service import FieldChange
from webapp.campaigns import queries, service
from webapp.campaigns.fields import CampaignValues, editable, values_of
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db

BOOK = "Book and send to Megaphone"
SAVE = "Save and send to Megaphone"
SETTLE = "Settle and send to Megaphone"


def edit_address(campaign):
    return f"/campaigns/{campaign.uuid}/edit"


def conflicts_address(campaign):
    return f"/campaigns/{campaign.uuid}/conflicts"


def stored(campaign):
    return db.session.get(Campaign, campaign.id)


def edit_elsewhere(campaign, **changes):
    """Someone else saves first."""
    values = CampaignValues(**asdict(values_of(editable(campaign))) | changes)
    service.edit_campaign(factories.ACTOR, campaign, values, campaign.version, uuid.uuid4())
    db.session.commit()


def in_conflict(**values):
    """Agreed on USD 4,500; ours, by the tester, is USD 5,000; theirs USD 4,800."""
    campaign = factories.campaign(
        budget=(500000, "USD"), sync_state="conflict", sync_detail="budget", **values
    )
    campaign.base = campaign.base | {"budget": [450000, "USD"]}
    ours = [FieldChange("budget", "USD 4,500.00", "USD 5,000.00")]
    audit.record(factories.ACTOR, "edited", service.subject(campaign), ours)
    factories.conflict(campaign, "budget", theirs=[480000, "USD"], seen_at=utc_now())
    return campaign


def move_theirs(campaign, group, value):
    """A pull has seen another value of theirs: the conflict is drawn anew, as sync does it."""
    for conflict in queries.open_conflicts(campaign):
        if conflict.field_group == group:
            conflict.decided_at, conflict.decision = utc_now(), "redrawn"
    db.session.flush()
    factories.conflict(campaign, group, theirs=value, observation=2, seen_at=utc_now())
    campaign.version += 1
    db.session.commit()
