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

# Some have no time of the ad server yet: their part of the order is merged with the others'.
MANY, UNSENT = 6_000, 60


@pytest.fixture
def advertisers(db_session) -> list[int]:
    ids = [factories.advertiser().id for _ in range(30)]
    factories.campaigns(
        MANY, remote_created_at=lambda n: factories.SOME_DAY if n % (MANY // UNSENT) else None
    )
    db.session.execute(update(Campaign).values(advertiser_id=ids[0] + Campaign.id % 30))
    db.session.execute(text("ANALYZE"))
    return ids


def plan_of(wish: Wish, offset: int) -> str:
    wanted = api_listing.finding(wish, Asker())
    asked = ORDERS["created_at"].places(wanted.conditions, descending=True, offset=offset, limit=21)
    words = asked.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    return " ".join(row[-1] for row in db.session.execute(text(f"{explain} {words}")))


def test_campaigns_come_from_an_index_in_the_order_of_booking(advertisers):
    for wish, index in (
        (Wish(), "ix_campaign_list_created"),
        (Wish(advertiser_id=advertisers[1]), "ix_campaign_list_advertisers_created"),
    ):
        for offset in (0, 100):
            plan = plan_of(wish, offset)
            assert f"{index} " in plan
            assert "Seq Scan" not in plan
