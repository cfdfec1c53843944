"""Deep pages know how many campaigns there are: on PostgreSQL without counting them."""

from collections.abc import Sequence

import pytest

from tests import factories
from tests.support.statements import count_statements
from webapp.campaigns import api_listing, api_orders, listing
from webapp.campaigns.terms import Asker
from webapp.connections.models import DETACHED
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.listing import Page

PARTS = {"": 130, "archived": 20, "all": 150}
ARCHIVED_WISHES = {None: 150, True: 20, False: 130}


@pytest.fixture(autouse=True)
def many(db_session, monkeypatch) -> None:
    monkeypatch.setattr(listing, "DEEP", 10)
    factories.campaigns(130)
    factories.campaigns(20, archived_at=utc_now())
    db_session.commit()


def listed(**args: str) -> tuple[Page, list[str]]:
    with count_statements() as statements:
        page = listing.list_campaigns(listing.CAMPAIGNS.parse({"per_page": "25", **args}))
    return page, statements


def assert_taken_from_the_tally(statements: Sequence[str]) -> None:
    """On PostgreSQL; SQLite counts its indexes."""
    (number,) = [words for words in statements if "count(" in words or "campaign_tally" in words]
    is_kept = db.engine.dialect.name == "postgresql"
    assert ("campaign_tally" in number, "count(" in number) == (is_kept, not is_kept)


def from_page_to_page(number: int, **args: str) -> list[int]:
    """The same page as found by going from the first one on, however it is counted."""
    last = listing.list_campaigns(listing.CAMPAIGNS.parse({**args, "per_page": "200"}))
    return [row.id for row in last.items][(number - 1) * 25 : number * 25]


@pytest.mark.parametrize(("archived", "total"), PARTS.items(), ids=["not", "archived", "all"])
@pytest.mark.parametrize("sort", ["-changed", "title", "budget"])
def test_a_deep_page_does_not_count_the_campaigns(archived: str, total: int, sort: str) -> None:
    for number in (2, 3, 6, 9):
        page, statements = listed(page=str(number), archived=archived, sort=sort)
        assert_taken_from_the_tally(statements)
        assert (page.total, page.capped) == (total, False)
        expected = from_page_to_page(number, archived=archived, sort=sort)
        assert [row.id for row in page.items] == expected


def test_counting_exactly_asks_the_tally_as_well() -> None:
    page, statements = listed(count="exact")
    assert (page.total, page.capped) == (130, False)
    assert_taken_from_the_tally(statements)


def test_a_first_page_counts_as_far_as_it_says() -> None:
    _, statements = listed()
    assert "campaign_tally" not in " ".join(statements)


@pytest.mark.parametrize(
    ("args", "total"), [({"q": "campaign"}, 130), ({"copy": "no"}, 130), ({"copy": "yes"}, 0)]
)
def test_what_was_asked_for_is_counted_itself(args: dict[str, str], total: int) -> None:
    page, statements = listed(page="3", count="exact", **args)
    assert page.total == total
    assert "campaign_tally" not in " ".join(statements)


def test_what_is_hidden_is_not_counted_in(db_session) -> None:
    gone = factories.connection()
    factories.campaigns(5, connection_id=gone.id)
    gone.state = DETACHED
    db_session.commit()

    page, statements = listed(page="3")
    assert page.total == 130
    assert "campaign_tally" not in " ".join(statements)


@pytest.mark.parametrize(("archived", "total"), ARCHIVED_WISHES.items())
@pytest.mark.parametrize("number", [1, 4])
def test_scripts_are_told_the_number_without_counting(
    archived: bool | None, total: int, number: int
) -> None:
    wanted = api_listing.finding(api_listing.Wish(archived=archived), Asker())
    order = api_orders.BY_ID
    with count_statements() as statements:
        found = api_listing.page(wanted, order, descending=False, number=number, size=30)
    assert_taken_from_the_tally(statements)
    assert (found.total, found.is_exact) == (total, True)
    assert len(found.rows) == max(0, min(30, total - 30 * (number - 1)))
