"""Which of the list's statements PostgreSQL keeps the plans of, and which it plans each time."""

import pytest
from sqlalchemy import bindparam, select, text

from tests import factories
from webapp.campaigns.models import Campaign
from webapp.core import fixed
from webapp.core.db import db, reading

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def kept() -> str:
    """What the only connection of the pool has prepared."""
    db.session.remove()
    with reading(60.0):
        found = db.session.scalars(text("SELECT statement FROM pg_prepared_statements"))
        return " ".join(each for each in found if "FROM campaign" in each)


IN_ORDER = "ORDER BY campaign.changed_at DESC"


@on_postgresql
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/campaigns", IN_ORDER),
        ("/campaigns?copy=yes", "campaign.copy_needed IN (true)"),
        ("/campaigns?owner=me", "campaign.owner_id IN ("),
        ("/campaigns?sync=refused", "campaign.sync_state IN ('refused')"),
    ],
)
def test_what_many_ask_alike_is_planned_once(viewer_client, address, words):
    factories.campaign()
    db.session.commit()
    viewer_client.get(address)

    assert words in kept()


@on_postgresql
@pytest.mark.parametrize("query", ["spring", "title:spring", "advertiser:1", "budget:>5usd"])
def test_what_somebody_types_is_planned_each_time(viewer_client, query):
    factories.campaign(title="Spring")
    db.session.commit()
    viewer_client.get(f"/campaigns?q={query}")

    assert IN_ORDER not in kept()


@on_postgresql
def test_the_rows_of_what_was_found_are_planned_once(viewer_client):
    factories.campaign(title="Spring")
    db.session.commit()
    viewer_client.get("/campaigns?q=spring")

    assert "campaign.title" in kept()


def test_a_statement_is_not_written_out_with_a_percent_sign_in_it(app):
    query = select(Campaign.id).where(Campaign.title == "5 %", Campaign.id == bindparam("id"))
    with pytest.raises(ValueError, match="percent"):
        fixed.as_text(query, db.engine.dialect, bindparam("id"))
