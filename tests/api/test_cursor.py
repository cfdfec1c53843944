"""Walking through campaigns by cursor: each is met once, whatever changes meanwhile."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests import factories
from tests.api.scripts import Script
from tests.api.test_campaigns import SORTS
from webapp.campaigns.models import Campaign
from webapp.core.db import db

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
# What an edit of a title changes of what these sorts go by.
MOVED = {"title", "updated_at", "copy_needed"}


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read"))


def walked(script, query, meanwhile=lambda: None):
    """The items of all steps; ``meanwhile`` is done between two of them."""
    items, cursor = [], "start"
    while cursor:
        found = script.get(f"/campaigns?{query}&cursor={cursor}")
        items += found["items"]
        cursor = found["meta"]["next_cursor"]
        assert found["meta"]["total"] is None
        meanwhile()
    return items


def mixed(count, **values):
    return factories.campaigns(
        count,
        **{
            "title": lambda n: f"Title {n % 5}",
            "total_budget_minor": lambda n: None if n % 5 == 0 else 100 * (n % 3),
            "total_budget_currency": lambda n: None if n % 5 == 0 else ("USD", "EUR")[n % 2],
            "total_revenue_minor": lambda n: None if n % 4 == 0 else n % 3,
            "total_revenue_currency": lambda n: None if n % 3 == 0 else ("JPY", "EUR")[n % 2],
            "duration_seconds": lambda n: None if n % 4 == 0 else n % 3,
            "copy_needed": lambda n: n % 2 == 0,
            "booking_source": lambda n: None if n % 3 == 1 else f"source {n % 3}",
            "remote_created_at": lambda n: None if n % 3 == 0 else WHEN + timedelta(hours=n % 4),
            "remote_updated_at": lambda n: None if n % 3 == 1 else WHEN + timedelta(hours=n % 4),
            "created_at": lambda n: WHEN + timedelta(hours=(n * 7) % 5),
            "changed_at": lambda n: WHEN + timedelta(hours=(n * 5) % 4),
            "synced_at": lambda n: None if n % 3 == 2 else WHEN + timedelta(hours=n % 3),
            "archived_at": lambda n: WHEN if n % 4 == 0 else None,
            **values,
        },
    )


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["", *SORTS])
def test_a_walk_meets_every_campaign_once_in_the_order_of_the_pages(script, sort, order):
    mixed(31)
    chosen = f"sort_order={order}" + (f"&sort_by={sort}" if sort else "")

    found = walked(script, f"{chosen}&per_page=4")

    ids = [item["id"] for item in found]
    assert len(ids) == len(set(ids)) == 31
    if sort:
        page = script.get(f"/campaigns?{chosen}&per_page=100")["items"]
        assert found == page


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sort", ["", "sort_by=total_revenue_cents", "sort_by=created_at"])
def test_what_is_there_throughout_is_met_exactly_once_whatever_changes(script, sort, seed):
    chance = Random(seed)
    numbers = mixed(40)
    stay = set(numbers[::2])

    def meanwhile():
        """Others are booked, renamed, and disappear."""
        for campaign in db.session.query(Campaign).all():
            if campaign.id in stay:
                campaign.title = campaign.title_key = f"renamed {chance.random()}"
                campaign.changed_at = WHEN + timedelta(hours=chance.randrange(100))
            elif chance.random() < 0.2:
                db.session.delete(campaign)
        made = WHEN + timedelta(hours=chance.randrange(5))
        factories.campaign(remote_created_at=made, total_revenue_minor=None)

    uuids = {str(db.session.get_one(Campaign, number).uuid) for number in stay}
    per_page = chance.choice((1, 3, 7))
    order = chance.choice(("sort_order=asc&archived=false", "sort_order=desc"))
    if "archived" in order:
        uuids = {
            str(c.uuid) for c in db.session.query(Campaign) if c.id in stay and not c.archived_at
        }
    limit = iter(range(60))

    found = walked(
        script, f"{sort}&{order}&per_page={per_page}", lambda: next(limit, None) and meanwhile()
    )

    met = [item["id"] for item in found]
    assert len(met) == len(set(met))
    assert uuids <= set(met)


@pytest.mark.parametrize("filters", ["q=title+budget:any", "search=title", "archived=true"])
def test_a_walk_through_what_is_searched_for_finds_what_the_pages_do(script, filters):
    mixed(30)

    pages = script.get(f"/campaigns?{filters}&per_page=100")["items"]
    found = walked(script, f"{filters}&per_page=4")

    assert {item["id"] for item in found} == {item["id"] for item in pages} != set()
    assert len(found) == len(pages)


def test_a_walk_goes_on_with_steps_of_another_size(script):
    factories.campaigns(10)
    first = script.get("/campaigns?cursor=start&per_page=3")

    rest = script.get(f"/campaigns?cursor={first['meta']['next_cursor']}&per_page=50")

    assert len(first["items"] + rest["items"]) == 10
    assert rest["meta"] == {
        "page": None,
        "per_page": 50,
        "total": None,
        "total_is_exact": False,
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    "changed", ["q=title", "search=title", "archived=true", "sort_by=title", "sort_order=asc"]
)
def test_a_cursor_of_another_walk_is_refused(script, changed):
    mixed(5)
    cursor = script.get("/campaigns?cursor=start&per_page=2")["meta"]["next_cursor"]

    error = script.get(f"/campaigns?cursor={cursor}&{changed}", 422)

    assert error["errors"][0]["pointer"] == "?cursor"


@pytest.mark.parametrize("text", ["x", "WzFd.abc", "%00", "null", "1", "START"])
def test_what_is_no_cursor_is_refused(script, text):
    assert script.get(f"/campaigns?cursor={text}", 422)["code"] == "invalid"


def test_a_cursor_cannot_be_changed_by_hand(script):
    mixed(5)
    cursor = script.get("/campaigns?cursor=start&per_page=2")["meta"]["next_cursor"]
    place, _, signature = cursor.partition(".")

    assert len(script.get(f"/campaigns?cursor={cursor}")["items"]) == 3
    assert script.get(f"/campaigns?cursor={place[:-1]}A.{signature}", 422)["code"] == "invalid"


def test_an_empty_list_is_walked_in_one_step(script):
    assert walked(script, "per_page=5") == []


def test_a_walk_does_not_stop_where_counting_does(script, monkeypatch):
    monkeypatch.setattr("webapp.campaigns.api_listing.MOST_COUNTED", 5)
    factories.campaigns(30)

    assert len(walked(script, "q=campaign&per_page=7")) == 30
