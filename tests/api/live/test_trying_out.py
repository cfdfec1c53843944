"""A dry run by the ad server's names answers as the real one would, and leaves nothing behind."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.dry_runs import everything, in_turn
from tests.api.scripts import Script
from webapp.campaigns.models import Campaign
from webapp.core.db import db


@pytest.fixture
def script(client, desk):
    return Script(client, factories.api_token("read write"))


@pytest.fixture
def campaign(desk):
    """One that both sides have."""
    return db.session.scalars(select(Campaign).order_by(Campaign.id).limit(1)).one()


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (202, {"totalBudgetCents": 5, "totalBudgetCurrency": "JPY", "externalId": "IO-77"}),
        (422, {"totalBudgetCents": 5}),
        (422, {"advertiser_id": "1"}),
        (422, {"title": ""}),
    ],
)
def test_a_booking_there(script, advertiser, status, more):
    body = {"title": "Spring", "advertiserId": advertiser.remote_id, **more}
    before = everything()

    dry, real = in_turn(script, "POST", "/remote/campaigns", status, body)

    assert dry == real
    assert (everything() != before) == (status == 202)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (202, {"title": "After"}, {}),
        (422, {"totalBudgetCents": -1}, {}),
        (412, {"title": "After"}, {"If_Match": '"77"'}),
    ],
)
def test_a_change_there(script, campaign, status, body, headers):
    path = f"/remote/campaigns/{campaign.remote_id}"

    dry, real = in_turn(script, "PUT", path, status, body, **headers)

    assert dry == real


def test_a_change_there_to_what_it_is(script, campaign):
    path, body = f"/remote/campaigns/{campaign.remote_id}", {"title": campaign.title}

    dry, real = in_turn(script, "PUT", path, 200, body)

    assert dry == real
