"""The list of sync runs: filters, sorting and pages, all of it in the address."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}


def problems(page):
    """The last column, by which each run of a test is known."""
    return [row[-1] for row in page.rows]


@pytest.fixture
def runs():
    now = utc_now()
    other = factories.connection(name="Other station")
    first = factories.connection(name="First station")
    for problem, values in {
        "old": {"requested_at": now - timedelta(days=40)},
        "failed": {"requested_at": now - timedelta(days=3), "state": "failed"},
        "asked": {"requested_at": now - timedelta(hours=2), "trigger": "operator"},
        "elsewhere": {"requested_at": now, "connection_id": other.id},
    }.items():
        factories.sync_run(**{"connection_id": first.id, "problem": problem} | values)
    return first, other


def test_runs_are_listed_newest_first(viewer_client, runs):
    assert problems(get_page(viewer_client, "/sync/runs")) == [
        "elsewhere",
        "asked",
        "failed",
        "old",
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=failed", ["failed"]),
        ("trigger=operator", ["asked"]),
        ("since=day", ["elsewhere", "asked"]),
        ("since=week", ["elsewhere", "asked", "failed"]),
        ("since=week&state=complete", ["elsewhere", "asked"]),
        ("state=braked", []),
    ],
)
def test_runs_are_filtered_by_what_the_address_says(viewer_client, runs, query, expected):
    assert problems(get_page(viewer_client, f"/sync/runs?{query}")) == expected


def test_runs_are_filtered_by_connection_where_there_are_several(viewer_client, runs):
    _first, other = runs

    page = get_page(viewer_client, "/sync/runs").submit("Show", {"connection": str(other.id)})

    assert problems(page) == ["elsewhere"]
    assert "connection Other station" in page.text
    assert problems(page.follow("Clear all")) == ["elsewhere", "asked", "failed", "old"]


def test_a_filter_that_leaves_nothing_says_which_to_drop(viewer_client, runs):
    page = get_page(viewer_client, "/sync/runs?state=braked&since=day")

    assert "No run matches" in page.text
    assert "state Stopped by the brake" in page.text
    assert "in the last 24 hours" in page.text


def test_before_the_first_run_the_list_says_when_it_comes(viewer_client):
    assert "No run yet" in get_page(viewer_client, "/sync/runs").text


def test_the_form_is_answered_with_the_rows_alone_and_a_tidy_address(viewer_client, runs):
    answer = viewer_client.get("/sync/runs?state=failed&since=&trigger=", headers=HTMX)

    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == "/sync/runs?state=failed"


def test_runs_are_sorted_by_what_they_found(viewer_client):
    for number in (5, 30, 1):
        factories.sync_run(read_count=number, updated_count=number, problem=str(number))

    page = get_page(viewer_client, "/sync/runs").follow("Updated")

    assert problems(page) == ["30", "5", "1"]
    assert problems(page.follow("Updated")) == ["1", "5", "30"]


def test_runs_are_shown_page_by_page(viewer_client):
    for number in range(30):
        later = factories.SOME_DAY + timedelta(minutes=number)
        factories.sync_run(requested_at=later, started_at=later)

    first = get_page(viewer_client, "/sync/runs?per_page=25")

    assert len(first.rows) == 25
    assert len(first.follow("Next").rows) == 5
    assert "Go to the first page" in get_page(viewer_client, "/sync/runs?page=9").links


@pytest.mark.parametrize(
    "address",
    ["page=0", "page=1000000", "sort=x", "bogus=1", "state=x", "since=year", "connection=x"],
)
def test_what_the_address_says_wrongly_is_left_out_with_a_note(viewer_client, address):
    factories.sync_run()

    page = get_page(viewer_client, f"/sync/runs?{address}")

    assert "note" in [p.get("class") for p in page.main.all("p")]


def test_the_list_costs_as_many_statements_with_one_row_as_with_many(viewer_client):
    def statements():
        db.session.commit()
        with count_statements() as found:
            viewer_client.get("/sync/runs?state=complete")
        return found

    factories.sync_run()
    few = statements()
    for _ in range(20):
        factories.sync_run()

    assert len(statements()) == len(few) <= 8
    assert written(few) == []
