"""What is picked in the list is frozen: rows, the page, or all that match, and never more."""

from uuid import uuid4

import pytest
from flask import Flask, render_template
from sqlalchemy import func, select

from tests import factories
from tests.bulk.desk import items
from tests.bulk.pressing import latest_job, pick, uuids
from tests.support.markup import parse
from tests.support.pages import get_page
from webapp.bulk.forms import FORMS
from webapp.bulk.models import BulkItem, BulkJob
from webapp.bulk.selection import read_arguments
from webapp.bulk.service import MOST_ITEMS
from webapp.campaigns import cells
from webapp.campaigns.listing import CAMPAIGNS
from webapp.campaigns.models import Campaign
from webapp.connections.models import DETACHED
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.listing import Page


def picked() -> list[int | None]:
    return [item.campaign_id for item in items(latest_job())]


def none_was_made() -> bool:
    return db.session.scalar(select(func.count(BulkJob.id))) == 0


def test_rows_are_frozen_with_the_version_they_had(manager_client) -> None:
    first, second = factories.campaign(version=7), factories.campaign()

    page = pick(manager_client, scope="rows", pick=uuids([first.id, second.id]))

    assert page.h1 == "What shall be done?"
    assert "2 campaigns, picked one by one." in page.text
    assert [(item.campaign_id, item.version) for item in items(latest_job())] == [
        (first.id, 7),
        (second.id, 1),
    ]


def test_what_is_to_be_done_may_be_chosen_in_the_list(manager_client) -> None:
    campaign = factories.campaign()
    page = pick(manager_client, scope="rows", pick=uuids([campaign.id]), operation="percent")
    assert page.h1 == "Raise or lower the budget"


def test_a_row_picked_twice_or_unknown_counts_once_or_not_at_all(manager_client) -> None:
    (uuid,) = uuids([factories.campaign().id])
    pick(manager_client, scope="rows", pick=[uuid, uuid, str(uuid4()), "nonsense"])
    assert len(picked()) == 1


def test_a_page_is_what_was_seen_on_it(manager_client) -> None:
    ids = factories.campaigns(3)
    page = pick(manager_client, scope="page", on_page=" ".join(uuids(ids)), pick=uuids(ids[:1]))
    assert picked() == ids
    assert "The 3 campaigns of a page." in page.text


def test_all_that_match_are_found_beyond_the_page(manager_client) -> None:
    ids = factories.campaigns(60, title=lambda n: f"Spring {n}")
    factories.campaign(title="Autumn")
    factories.campaign(title="Spring past", archived_at=utc_now())

    page = pick(manager_client, scope="matching", list="q=spring&page=2&sort=title")

    assert sorted(picked()) == sorted(ids)
    assert "All 60 campaigns that match spring." in page.text


def test_new_ones_that_match_later_are_not_in_it(manager_client) -> None:
    factories.campaign(title="Spring")
    pick(manager_client, scope="matching", list="q=spring")
    factories.campaign(title="Spring, too")
    assert len(picked()) == 1


def test_the_list_is_left_and_found_again_as_it_was(manager_client) -> None:
    factories.campaign(title="Spring")
    page = pick(manager_client, scope="matching", list="q=spring&per_page=25")
    assert page.links["Campaigns"] in ("/campaigns", "/campaigns?q=spring&per_page=25")
    hrefs = [link["href"] for link in page.main.all("a")]
    assert "/campaigns?q=spring&per_page=25" in hrefs


def test_more_than_ten_thousand_are_refused_in_words(manager_client) -> None:
    factories.campaigns(MOST_ITEMS + 1)

    page = pick(manager_client, scope="matching", list="")

    assert "More than 10,000 campaigns match." in page.notices
    assert page.url.startswith("/campaigns")
    assert none_was_made()


def test_ten_thousand_are_taken(manager_client) -> None:
    factories.campaigns(MOST_ITEMS)
    page = pick(manager_client, scope="matching", list="")
    assert "All 10,000 campaigns of the list." in page.text
    assert db.session.scalar(select(func.count(BulkItem.id))) == MOST_ITEMS


def test_nothing_picked_is_said(manager_client) -> None:
    page = pick(manager_client, scope="rows", list="q=spring")
    assert "Nothing was picked." in page.notices
    assert page.url == "/campaigns?q=spring"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("q=budget:>x", "“x”"),
        ("archived=perhaps", "The filter archived does not know “perhaps”"),
    ],
)
def test_all_that_match_is_not_guessed_at(manager_client, arguments: str, said: str) -> None:
    """A condition that cannot be read would otherwise make the selection wider."""
    factories.campaign()
    page = pick(manager_client, scope="matching", list=arguments)
    assert said in page.notices
    assert none_was_made()


def test_campaigns_of_a_connection_that_is_gone_cannot_be_picked(manager_client) -> None:
    gone = factories.connection(state=DETACHED)
    advertiser = factories.advertiser(connection_id=gone.id)
    hidden = factories.campaign(connection_id=gone.id, advertiser_id=advertiser.id)

    page = pick(manager_client, scope="rows", pick=uuids([hidden.id]))

    assert "Nothing was picked." in page.notices


def test_a_viewer_may_look_but_not_pick(viewer_client) -> None:
    campaign = factories.campaign()
    job = factories.bulk_job([campaign.id])
    token = get_page(viewer_client, "/bulk").root.all("input", name="csrf_token")[0]["value"]

    answer = viewer_client.post(
        "/bulk", data={"csrf_token": token, "scope": "rows", "pick": uuids([campaign.id])}
    )

    assert answer.status_code == 403
    page = get_page(viewer_client, f"/bulk/{job.uuid}")
    assert "This draft is" in page.text
    assert page.main.all("form") == []


@pytest.mark.parametrize(
    ("total", "capped"), [(2, False), (240, False), (1_000, True), (10_001, False)]
)
def test_the_lists_bar_offers_the_ticked_the_page_and_all_that_match(
    app: Flask, total: int, capped: bool
) -> None:
    ids = factories.campaigns(2)
    params = CAMPAIGNS.parse({"q": "spring sale", "sort": "title", "page": "1"})
    rows = [db.session.get_one(Campaign, id_) for id_ in ids]
    page = Page(rows, 1, 50, total, capped)
    with app.test_request_context("/campaigns"):
        bar = parse(render_template("bulk/_bar.html", page=page, params=params, cells=cells))

    sent = {field["name"]: field["value"] for field in bar.all("input")}
    assert read_arguments(sent["list"]) == {"q": "spring sale", "sort": "title"}
    assert sent["on_page"].split() == uuids(ids)
    assert {option["value"] for option in bar.all("option")} == {"", *FORMS}
    scopes = {button["value"]: button.text for button in bar.all("button")}
    assert scopes["page"] == "This page (2)"
    assert ("matching" in scopes) == (total > 2)
    if capped:
        assert scopes["matching"] == "All that match (1,000+)"
    if total > MOST_ITEMS:
        # The press is refused: nothing suggests that it takes the first of them.
        assert scopes["matching"] == "All that match (10,001: narrow it to 10,000)"
