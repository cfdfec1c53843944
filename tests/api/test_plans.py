"""Which index answers what scripts ask for most."""

import pytest
from sqlalchemy import text, update

from tests import factories
from webapp.campaigns import api_listing
from webapp.campaigns.api_listing import Wish
from webapp.campaigns.api_orders import ORDERS
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import Asker
from webapp.core.db import db


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_campaigns_of_an_advertiser_come_from_an_index_in_the_order_of_booking(db_session):
    advertisers = [factories.advertiser().id for _ in range(3)]
    factories.campaigns(3_000, remote_created_at=factories.SOME_DAY)
    db.session.execute(update(Campaign).values(advertiser_id=advertisers[0] + Campaign.id % 3))
    db.session.execute(text("ANALYZE"))
    wanted = api_listing.finding(Wish(advertiser_id=advertisers[1]), Asker())

    asked = ORDERS["created_at"].places(wanted.conditions, descending=True, offset=0, limit=21)

    words = asked.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
    plan = " ".join(row[-1] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {words}")))
    assert "ix_campaign_list_advertisers_created" in plan
    assert "ix_campaign_list_created" not in plan
