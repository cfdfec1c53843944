"""SQLite's planner learns of it when campaigns come or go in numbers."""

import pytest
from sqlalchemy import delete, text

from tests import factories
from webapp.campaigns.models import Campaign
from webapp.core.db import db, transaction
from webapp.ops.planner import analyze_when_due

pytestmark = pytest.mark.usefixtures("app")
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def add(number: int) -> None:
    with transaction():
        factories.campaigns(number)


def known() -> int:
    query = text("SELECT stat FROM sqlite_stat1 WHERE idx = 'ix_campaign_list_title'")
    found = db.session.scalar(query)
    db.session.rollback()
    return int(found.split()[0])


@ON_SQLITE
def test_tables_are_counted_when_they_have_grown_or_shrunk_by_a_quarter():
    assert analyze_when_due() is False, "there is nothing to count"
    add(100)
    assert analyze_when_due() is True
    assert known() == 100

    add(20)
    assert analyze_when_due() is False
    add(10)
    assert analyze_when_due() is True
    assert known() == 130

    with transaction():
        db.session.execute(delete(Campaign).where(Campaign.id > 60))
    assert analyze_when_due() is True
    assert known() == 60


@ON_SQLITE
def test_they_are_counted_when_an_update_brought_an_index():
    add(100)
    assert analyze_when_due() is True
    with transaction():
        db.session.execute(text("CREATE INDEX ix_new ON campaign (version)"))

    assert analyze_when_due() is True
    assert analyze_when_due() is False


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_is_left_to_see_to_it_itself():
    add(100)

    assert analyze_when_due() is False
