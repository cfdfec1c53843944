"""The rows of the list: by id, and no more of them than its columns show."""

import pytest
from sqlalchemy import delete, event

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.campaigns import list_rows, listing
from webapp.campaigns.cells import CELLS
from webapp.campaigns.columns import COLUMNS
from webapp.campaigns.models import Campaign
from webapp.core.db import db


def test_rows_come_in_the_order_of_their_ids_without_those_that_are_gone(db_session):
    first, second, third = factories.campaigns(3)

    rows = list_rows.rows_of([third, 987_654, first, second], ["budget"])

    assert [row.id for row in rows] == [third, first, second]


# SQLite's two statements are of one transaction.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_campaign_that_goes_between_the_two_statements_is_not_taken_for_the_end(db_session):
    ids = factories.campaigns(30)
    left = iter([ids[3]])

    def lose(connection, _cursor, statement, *_):
        if "LIMIT 26" in statement:
            for id_ in left:
                connection.execute(delete(Campaign).where(Campaign.id == id_))

    params = listing.CAMPAIGNS.parse({"per_page": "25", "sort": "created"})
    event.listen(db.engine, "after_cursor_execute", lose)
    try:
        page = listing.list_campaigns(params)
    finally:
        event.remove(db.engine, "after_cursor_execute", lose)

    assert next(left, None) is None
    assert [row.id for row in page.items] == [id_ for id_ in ids[:25] if id_ != ids[3]]
    assert page.has_next


def test_a_row_has_what_its_columns_show_and_not_the_rest(db_session):
    ids = factories.campaigns(1)

    [row] = list_rows.rows_of(ids, ["budget", "owner"])

    assert {"title", "advertiser_name", "total_budget_minor", "owner_email"} <= row._asdict().keys()
    assert not {"notes", "changed_at", "agency_name"} & row._asdict().keys()


def test_each_column_says_what_it_needs():
    assert list_rows.NEEDED.keys() == COLUMNS.keys() == CELLS.keys()


@pytest.mark.parametrize("column", COLUMNS)
def test_each_column_is_shown_by_itself(viewer_client, column):
    factories.campaigns(2)
    db.session.commit()

    page = get_page(viewer_client, f"/campaigns?columns={column}")

    headings = [each.text for each in page.main.all("th")]
    assert COLUMNS[column].label in headings


def test_without_agency_and_owner_their_tables_are_not_asked(db_session):
    ids = factories.campaigns(2)
    with count_statements() as statements:
        list_rows.rows_of(ids, ["budget"])

    assert len(statements) == 1
    assert "JOIN advertiser" in statements[0]
    assert "agency" not in statements[0]
    assert "operator" not in statements[0]
