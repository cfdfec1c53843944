"""What the tests of booking and editing share."""

import uuid

from tests import factories
from webapp.campaigns import service
from webapp.campaigns.fields import CampaignValues
from webapp.campaigns.models import Campaign
from webapp.core.db import db

BOOK = "Book and send to Megaphone"
SAVE = "Save and send to Megaphone"


def edit_address(campaign):
    return f"/campaigns/{campaign.uuid}/edit"


def stored(campaign):
    return db.session.get(Campaign, campaign.id)


def edit_elsewhere(campaign, **changes):
    """Someone else saves first."""
    values = CampaignValues(
        **{
            "title": campaign.title,
            "advertiser_id": campaign.advertiser_id,
            "external_id": campaign.external_id,
            "total_budget_minor": campaign.total_budget_minor,
            "total_budget_currency": campaign.total_budget_currency,
            "copy_needed": campaign.copy_needed,
        }
        | changes
    )
    service.edit_campaign(factories.ACTOR, campaign, values, campaign.version, uuid.uuid4())
    db.session.commit()
