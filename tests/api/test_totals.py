"""What the list says of how many there are: scripts turn its pages by that."""

import pytest

from tests import factories
from tests.api.scripts import Script


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read"))


def test_counting_stops_at_the_cap_where_no_index_knows_the_number(script, monkeypatch):
    monkeypatch.setattr("webapp.campaigns.api_listing.MOST_COUNTED", 55)
    factories.campaigns(60, copy_needed=True)

    capped = script.get("/campaigns?q=copy:yes")["meta"]
    exact = script.get("/campaigns")["meta"]

    assert (capped["total"], capped["total_is_exact"]) == (55, False)
    assert (exact["total"], exact["total_is_exact"]) == (60, True)


@pytest.mark.parametrize("asked", ["q=copy:yes", "search=campaign", "advertiser_id={}"])
@pytest.mark.parametrize("most", [20, 23, 45])
def test_a_loop_that_goes_by_the_total_meets_them_all(script, monkeypatch, asked, most):
    """As scripts of the older service have it."""
    monkeypatch.setattr("webapp.campaigns.api_listing.MOST_COUNTED", most)
    advertiser = factories.advertiser()
    factories.campaigns(45, copy_needed=True, advertiser_id=advertiser.id)
    path, page, items = f"/campaigns?{asked.format(advertiser.id)}&per_page=10&page=", 1, []

    while True:
        found = script.get(f"{path}{page}")
        items += found["items"]
        if page * found["meta"]["per_page"] >= found["meta"]["total"]:
            break
        page += 1

    assert len({item["id"] for item in items}) == len(items) == 45
    assert found["meta"]["total_is_exact"]


def test_a_page_behind_the_last_one_is_empty(script):
    factories.campaigns(3)

    for query in ("page=9", "page=9&q=campaign", "page=9&search=campaign"):
        found = script.get(f"/campaigns?{query}")
        assert (found["items"], found["meta"]["total"]) == ([], 3)
