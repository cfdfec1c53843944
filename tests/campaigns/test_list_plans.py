"""What keeps the list fast: which index answers what is asked, and how far is counted."""

import re
import sys

import pytest
from sqlalchemy import delete, text

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.campaigns import listing, search
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import Asker
from webapp.core.clock import utc_now
from webapp.core.db import db

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FEW = {
    "sync=needs_you": ("sync", "needs_you", "ix_campaign_unconfirmed"),
    "budget:none": ("q", "budget:none", "ix_campaign_no_budget"),
    "notes:call": ("q", "notes:call", "ix_campaign_noted"),
    "archived": ("archived", "archived", "ix_campaign_archived"),
}


def plans_of(**arguments: str) -> list[str]:
    """The first step of what each statement of a page does with campaigns."""
    db.session.execute(text("ANALYZE"))
    with count_statements() as statements:
        listing.list_with_archived(listing.CAMPAIGNS.parse(arguments), Asker())
    found = []
    for statement in statements:
        nothing = (None,) * statement.count("?")
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)
        found += [row.detail for row in plan if " campaign " in row.detail]
    return [step for step in found if "INTEGER PRIMARY KEY" not in step]


@ON_SQLITE
@pytest.mark.parametrize(("name", "value", "index"), FEW.values(), ids=FEW)
def test_what_few_campaigns_have_is_found_by_an_index_of_these(db_session, name, value, index):
    few = {
        "sync_state": lambda n: "refused" if n % 100 == 0 else "confirmed",
        "budget": lambda n: None if n % 10 == 0 else (n, "USD"),
        "notes": lambda n: "call them" if n % 100 == 0 else None,
        "archived_at": lambda n: utc_now() if n % 100 == 0 else None,
    }
    factories.campaigns(2_000, **few)

    plans = plans_of(**{name: value})

    assert index in plans[0]


@ON_SQLITE
def test_three_filters_are_counted_without_reading_a_campaign(db_session):
    factories.campaigns(2_000, copy_needed=lambda n: n % 13 == 0)

    rows, *counts = plans_of(advertiser="1", copy="yes", currency="USD")

    assert "USING" in rows
    assert counts != []
    assert all("COVERING INDEX" in step for step in counts)


@ON_SQLITE
def test_a_frequent_word_is_counted_right_where_most_of_its_hits_are_archived(
    db_session, monkeypatch
):
    monkeypatch.setattr(search, "MOST", 5)
    factories.campaigns(40, title=lambda n: f"Podcast {n}", archived_at=utc_now())
    factories.campaigns(12, title=lambda n: f"Podcast {n}")
    factories.campaigns(3, title=lambda n: f"Radio {n}")

    def number(query: str) -> tuple[int, bool]:
        return listing.count(listing.CAMPAIGNS.parse({"q": query}), Asker())

    assert number("podcast") == (12, False)
    assert number("radio") == (3, False)


@ON_SQLITE
def test_how_frequent_a_word_is_is_remembered_and_does_not_change_what_is_found(
    db_session, monkeypatch
):
    monkeypatch.setattr(search, "MOST", 5)
    monkeypatch.setattr(search, "KNOWN_SECONDS", sys.maxsize)
    found = listing.CAMPAIGNS.parse({"q": "podcast"})

    def asked() -> tuple[int, bool]:
        before = search.is_frequent.cache_info().misses
        total = listing.list_campaigns(found).total
        return total, search.is_frequent.cache_info().misses > before

    assert asked() == (0, True)
    factories.campaigns(20, title=lambda n: f"Podcast {n}")
    assert asked() == (20, False), "it was rare, and is not any more"
    search.is_frequent.cache_clear()
    assert asked() == (20, True)
    db.session.execute(delete(Campaign).where(Campaign.id > 3))
    assert asked() == (3, False), "it was frequent, and is not any more"


def test_archived_campaigns_are_counted_up_to_fifty(viewer_client):
    factories.campaigns(listing.ARCHIVE_CAP, archived_at=utc_now())
    factories.campaign(title="Campaign that runs")
    db.session.commit()

    assert "50 more in the archive" in get_page(viewer_client, "/campaigns?q=campaign").text
    factories.campaign(title="Campaign of old", archived_at=utc_now())
    db.session.commit()
    assert "50+ more in the archive" in get_page(viewer_client, "/campaigns?q=campaign").text


@pytest.mark.parametrize("sort", ["archived", "-archived"])
def test_the_order_of_archiving_is_none_without_the_archive(db_session, sort):
    ids = factories.campaigns(60)
    factories.campaigns(5, archived_at=utc_now())

    with count_statements() as statements:
        page = listing.list_campaigns(listing.CAMPAIGNS.parse({"sort": sort}))

    assert [row.id for row in page.items] == sorted(ids, reverse=sort.startswith("-"))[:50]
    assert all("archived_at ASC" not in words for words in statements)
    assert all("archived_at DESC" not in words for words in statements)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_archived_campaigns_with_a_common_word_are_looked_for_among_the_archived(db_session):
    factories.campaigns(
        4_000,
        title=lambda n: f"{'Podcast' if n % 3 else 'Radio'} {n}",
        archived_at=lambda n: utc_now() if n % 2 else None,
    )
    db.session.execute(text("ANALYZE campaign"))
    with count_statements() as statements:
        listing.list_with_archived(listing.CAMPAIGNS.parse({"q": "podcast"}), Asker())

    [counting] = [each for each in statements if "AS archived" in each]
    asked = re.sub(r"%\(\w+\)s", "'podcast'", counting)
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN {asked}", {})
    assert any("ix_campaign_archived" in line for (line,) in plan)
