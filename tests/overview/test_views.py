"""The overview: freshness, what needs a person, numbers and charts."""

from datetime import UTC, timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.overview import views


def chart(page, id_):
    """Title, and the rows of its table of numbers."""
    title = page.root.one(id=f"{id_}-title")
    figure = next(f for f in page.main.all("figure") if f.get("aria-labelledby") == title["id"])
    rows = [
        [cell.text for cell in row.children]
        for body in figure.all("tbody")
        for row in body.all("tr")
    ]
    return title.text, rows


def card(page, words):
    return next(
        c.text for c in page.main.all("div") if c.get("class") == "card" and words in c.text
    )


def test_an_empty_house_says_so_without_failing(viewer_client):
    page = get_page(viewer_client, "/")

    assert page.h1 == "Overview"
    assert card(page, "active campaigns").startswith("0")
    assert "There was no run yet" in page.text


def test_it_counts_what_needs_a_person_what_is_active_and_what_is_archived(viewer_client):
    factories.campaign(sync_state="refused")
    factories.campaigns(2)
    factories.campaign(archived_at=factories.SOME_DAY)
    factories.change(factories.campaign(), state="ready")

    page = get_page(viewer_client, "/")

    assert card(page, "needs you") == "1 thing needs you"
    assert card(page, "active").startswith("4 ")
    assert card(page, "archive").startswith("1 ")
    assert "1 waiting, 0 on hold, 0 sending, 0 checking" in card(page, "going out")
    assert page.follow("thing needs you").h1 == "Needs you"


def test_the_first_five_things_that_need_you_are_listed_with_their_next_step(viewer_client):
    for number in range(4):
        factories.campaign(title=f"Clash {number}", sync_state="conflict", sync_detail="budget")
    for number in range(4):
        factories.campaign(title=f"No {number}", sync_state="refused", sync_detail="Taken.")

    page = get_page(viewer_client, "/")

    listed = page.root.one(id="needs-title").text, [item.text for item in needed(page)]
    assert listed[0] == "Needs you"
    assert [text.split(" In ")[0] for text in listed[1][:4]] == [f"Clash {n}" for n in range(4)]
    assert "Taken." in listed[1][4]
    assert len(listed[1]) == 5
    steps = [item.one("a").text for item in needed(page)]
    assert steps == ["Decide"] * 4 + ["Edit to mend it"]
    assert page.follow("All that needs you").h1 == "Needs you"


def test_where_nothing_needs_you_there_is_no_list_of_it(viewer_client):
    assert needed(get_page(viewer_client, "/")) == []


def needed(page):
    return [
        item
        for listed in page.main.all("ul")
        if listed.get("class") == "needs"
        for item in listed.all("li")
    ]


def test_budgets_are_ranked_by_advertiser_and_never_added_across_currencies(viewer_client):
    northwind = factories.advertiser(name="Northwind")
    lumen = factories.advertiser(name="Lumen")
    for advertiser, budget in (
        (northwind, (300000, "USD")),
        (northwind, (100000, "USD")),
        (lumen, (100000, "USD")),
        (lumen, (7000, "JPY")),
        (lumen, None),
    ):
        factories.campaign(advertiser_id=advertiser.id, budget=budget)
    factories.campaign(
        advertiser_id=lumen.id, budget=(10**9, "USD"), archived_at=factories.SOME_DAY
    )

    page = get_page(viewer_client, "/")

    assert chart(page, "chart-budget-usd") == (
        "Northwind holds 80 % of the USD budget",
        [["Northwind", "USD 4,000.00"], ["Lumen", "USD 1,000.00"]],
    )
    assert chart(page, "chart-budget-jpy") == (
        "Lumen holds 100 % of the JPY budget",
        [["Lumen", "JPY 7,000"]],
    )
    assert chart(page, "chart-campaigns")[1] == [["Lumen", "3"], ["Northwind", "2"]]


def test_only_the_ten_largest_are_drawn_and_the_rest_is_said(viewer_client):
    for number in range(12):
        advertiser = factories.advertiser(name=f"Advertiser {number:02}")
        for _ in range(number + 1):
            factories.campaign(advertiser_id=advertiser.id)

    page = get_page(viewer_client, "/")

    rows = chart(page, "chart-campaigns")[1]
    assert [row[0] for row in rows] == [f"Advertiser {number:02}" for number in range(11, 1, -1)]
    assert "The 10 largest of 12 advertisers; 78 in all." in page.text


def test_currencies_without_a_chart_are_named(viewer_client):
    for currency in ("AUD", "CAD", "EUR", "GBP", "USD"):
        factories.campaign(budget=(5, currency))

    assert "Budgets in USD are booked too" in get_page(viewer_client, "/").text


@pytest.fixture
def in_new_york(settings):
    settings.timezone = "America/New_York"


def test_days_begin_at_midnight_of_the_operators_zone(in_new_york, viewer_client, monkeypatch):
    zone = viewer_client.application.config["ZONE"]
    midnight = utc_now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # For the page it is noon: the day does not end while the test runs.
    monkeypatch.setattr(views, "utc_now", lambda: midnight.replace(hour=12).astimezone(UTC))
    for moment in (midnight, midnight - timedelta(seconds=1), midnight - timedelta(days=60)):
        factories.campaign(remote_created_at=moment, changed_at=moment)

    page = get_page(viewer_client, "/")

    title, booked = chart(page, "chart-booked")
    assert str(zone) == "America/New_York"
    assert len(booked) == 30
    assert [number for _, number in booked[-2:]] == ["1", "1"]
    assert booked[-1][0] == f"{midnight:%-d %b}"
    assert title.startswith("2 campaigns booked in 30 days")
    assert [number for _, number in chart(page, "chart-changed")[1][-2:]] == ["1", "1"]


def copy_of(page):
    """What stands of the connection: its heading line, and its facts."""
    panel = next(p for p in page.main.all("section") if "connection-" in p["aria-labelledby"])
    return panel.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Fresh"),
        ({"failures": 5}, "Does not answer"),
        ({"state": "paused", "failures": 5}, "Paused"),
        ({"held_at": factories.SOME_DAY, "held_by": "ana", "hold_reason": "x"}, "Sending paused"),
        ({"last_success_at": factories.SOME_DAY}, "Late"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/sync"])
def test_a_connection_is_called_fresh_only_while_nothing_is_wrong_with_it(
    viewer_client, path, values, said
):
    now = utc_now()
    factories.connection(**{"last_attempt_at": now, "last_success_at": now} | values)

    text = copy_of(get_page(viewer_client, path))

    words = text.partition("Last attempt")[0]
    assert said in words
    assert ("Fresh" in words) is (said == "Fresh")


def test_a_run_that_is_due_is_not_said_to_be_in_the_past(viewer_client):
    long_ago = utc_now() - timedelta(days=2)
    factories.connection(last_attempt_at=long_ago, last_success_at=long_ago)

    text = copy_of(get_page(viewer_client, "/"))

    assert text.endswith("Next run due now")


def test_the_latest_runs_are_listed(viewer_client):
    for _ in range(7):
        factories.sync_run()

    tables = get_page(viewer_client, "/").main.all("table")
    runs = next(t for t in tables if t.one("caption").text == "Sync runs")

    assert len(runs.one("tbody").all("tr")) == 5


def test_a_detached_connection_s_campaigns_count_nowhere(viewer_client):
    old = factories.connection(state="detached")
    advertiser = factories.advertiser(connection_id=old.id)
    factories.campaign(
        connection_id=old.id, advertiser_id=advertiser.id, sync_state="refused", budget=(1, "USD")
    )

    page = get_page(viewer_client, "/")

    assert card(page, "active").startswith("0")
    assert card(page, "need you").startswith("0")


def test_the_overview_costs_few_statements_whatever_it_shows(viewer_client):
    for number in range(5):
        advertiser = factories.advertiser()
        factories.campaign(advertiser_id=advertiser.id, budget=(number, "USD"))
    db.session.commit()

    with count_statements() as statements:
        viewer_client.get("/")
    numbers = []
    for _ in range(2):
        factories.connection(state="paused")
        for state in ("refused", "conflict", "parked"):
            factories.duplicate(factories.campaign(sync_state=state))
        factories.sync_run(state="failed")
        late = factories.change(factories.campaign(), state="sent")
        late.created_at = utc_now() - timedelta(hours=1)
        db.session.commit()
        with count_statements() as when_much_needs_you:
            viewer_client.get("/")
        numbers.append(len(when_much_needs_you))

    # A kind of which nothing waits is not asked for.
    assert len(statements) <= 11
    assert numbers[0] == numbers[1] <= 16
    assert written(statements) == []


def test_a_stranger_is_asked_to_sign_in(client):
    assert get_page(client, "/").h1 == "Sign in"
