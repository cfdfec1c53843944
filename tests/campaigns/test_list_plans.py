"""What keeps the list fast: which index answers what is asked, and how far is counted."""

import re
from datetime import UTC, datetime

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
    """What each statement of a page does with campaigns."""
    steps = [step for statement in asked_for(**arguments) for step in steps_of(statement)]
    return [step for step in steps if " campaign " in step and "INTEGER PRIMARY KEY" not in step]


def plan_of_ids(**arguments: str) -> list[str]:
    """How SQLite looks for a page's ids."""
    [statement] = [each for each in asked_for(**arguments) if "json_group_array" in each]
    return steps_of(statement)


def asked_for(**arguments: str) -> list[str]:
    """The statements of a page, on a database that has counted its rows."""
    db.session.execute(text("ANALYZE"))
    with count_statements() as statements:
        listing.list_with_archived(listing.CAMPAIGNS.parse(arguments), Asker())
    return statements


def steps_of(statement: str) -> list[str]:
    nothing = (None,) * statement.count("?")
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)
    return [row.detail for row in plan]


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
    monkeypatch.setattr(search, "this_minute", lambda: 0)
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


STRETCHES = {
    "an amount": ("budget:>50usd", "budget:60..61usd", "ix_campaign_list_budget"),
    "a time": ("created:2026", "created:2025", "ix_campaign_list_created"),
}


@ON_SQLITE
@pytest.mark.parametrize("more", ["", " copy:no"])
@pytest.mark.parametrize(("long", "short", "index"), STRETCHES.values(), ids=STRETCHES)
def test_many_in_a_stretch_are_read_in_the_lists_order_and_few_by_its_index(
    db_session, long, short, index, more
):
    factories.campaigns(
        2_000,
        budget=lambda n: (n * 10, "USD"),
        remote_created_at=lambda n: datetime(2026 if n % 50 else 2025, 5, 1, tzinfo=UTC),
    )

    long_steps, short_steps = (
        " | ".join(plan_of_ids(q=asked + more, sort="title")) for asked in (long, short)
    )
    assert "ix_campaign_list_title" in long_steps
    assert "TEMP B-TREE" not in long_steps
    assert index in short_steps
    assert "TEMP B-TREE" in short_steps


# What ANALYZE says of the indexes of a million campaigns, of which few are archived.
OF_A_MILLION = "UPDATE sqlite_stat1 SET stat = '1000000' || substr(stat, instr(stat, ' '))"
OF_ADVERTISERS = (
    "UPDATE sqlite_stat1 SET stat = '1000000 2000 540 2 2 2' "
    "WHERE idx = 'ix_campaign_of_advertiser'"
)


@ON_SQLITE
def test_a_currency_is_looked_for_in_the_lists_order_among_a_million(db_session):
    factories.campaigns(200)
    plans_of()
    for statement in (OF_A_MILLION, OF_ADVERTISERS, "ANALYZE sqlite_schema"):
        db.session.execute(text(statement))

    with count_statements() as statements:
        listing.list_with_archived(listing.CAMPAIGNS.parse({"q": "currency:usd"}), Asker())

    steps = [step for statement in statements for step in steps_of(statement)]
    assert any("SCAN campaign USING INDEX ix_campaign_list_changed" in step for step in steps)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_word_that_postgresql_has_a_sample_of_is_not_taken_for_a_frequent_one(db_session):
    factories.campaigns(4_000, title=lambda n: f"Title{n}x")
    db.session.execute(text("ANALYZE campaign"))
    samples = text(
        "SELECT (histogram_bounds::text::text[])[40] FROM pg_stats "
        "WHERE tablename = 'campaign' AND attname = 'search_text'"
    )
    word = (db.session.scalar(samples) or "").split()[0]

    query = text("EXPLAIN (FORMAT JSON) SELECT id FROM campaign WHERE search_text LIKE :word")
    [found] = db.session.scalar(query, {"word": f"%{word}%"})

    assert found["Plan"]["Plan Rows"] < 20
