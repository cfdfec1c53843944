"""The overview's last 24 hours: sync runs, and requests against the limit."""

from datetime import datetime, timedelta

import pytest

from tests import factories
from tests.overview.test_views import chart
from tests.support.client import Client
from tests.support.pages import get_page
from webapp.adservers.types import Priority, RequestRecord
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.overview import views
from webapp.sync import request_log

CALL = RequestRecord(
    method="GET",
    path_template="/campaigns",
    status=200,
    outcome="ok",
    received_bytes=10,
    duration_ms=5,
    request_id=None,
)


@pytest.fixture
def this_hour(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """When it began. For the page it is half past: the hour does not end while a test runs."""
    began = utc_now().replace(minute=0, second=0, microsecond=0)
    monkeypatch.setattr(views, "utc_now", lambda: began + timedelta(minutes=30))
    return began


def log_calls(connection_id: int, number: int, at: datetime) -> None:
    db.session.commit()
    caller = request_log.Caller(connection_id)
    for _ in range(number):
        request_log.write(db.engine, caller, Priority.PULL, CALL, at)


def test_runs_are_counted_by_the_hour_and_those_that_fell_short_are_named(
    viewer_client: Client, this_hour: datetime
) -> None:
    before = this_hour - timedelta(minutes=1)
    for state, at in (
        ("complete", before),
        ("failed", before),
        ("complete", this_hour),
        ("complete", this_hour - timedelta(hours=24)),
    ):
        factories.sync_run(state=state, requested_at=at)
    factories.sync_run(state="running", requested_at=this_hour, started_at=this_hour)

    title, rows = chart(get_page(viewer_client, "/"), "chart-runs")

    zone = viewer_client.application.config["ZONE"]
    hour = f"{(this_hour - timedelta(hours=1)).astimezone(zone):%H:%M}"
    assert title == f"1 of 4 sync runs in 24 hours fell short, last after {hour}"
    assert len(rows) == 24
    assert rows[-2:] == [[hour, "2, 1 fell short"], [f"{this_hour.astimezone(zone):%H:%M}", "2"]]


def test_nothing_happened_is_said(viewer_client: Client) -> None:
    page = get_page(viewer_client, "/")

    assert chart(page, "chart-runs")[0] == "No sync run in 24 hours"
    assert chart(page, "chart-calls")[0] == "No request in 24 hours"


def test_all_is_well_is_said(viewer_client: Client, this_hour: datetime) -> None:
    factories.sync_run(requested_at=this_hour)

    title, _ = chart(get_page(viewer_client, "/"), "chart-runs")

    assert title == "1 sync run in 24 hours, none fell short"


def test_requests_are_told_as_a_share_of_the_limit(
    settings: Settings, viewer_client: Client, this_hour: datetime
) -> None:
    settings.megaphone_requests_per_minute = 10
    connection = factories.the_connection()
    log_calls(connection.id, 27, this_hour)
    log_calls(connection.id, 3, this_hour - timedelta(hours=2))
    log_calls(connection.id, 1, this_hour - timedelta(hours=30))

    page = get_page(viewer_client, "/")
    title, rows = chart(page, "chart-calls")

    assert title.startswith("27 requests in the busiest hour, from ")
    # Nine of ten a minute.
    assert title.endswith(", 5 % of the limit")
    assert [number for _, number in rows[-3:]] == ["3", "0", "27"]
    assert "At most 540 may be made in an hour, far above what is drawn." in page.text


def test_the_limit_is_drawn_where_requests_come_near_it(
    settings: Settings, viewer_client: Client, this_hour: datetime
) -> None:
    settings.megaphone_requests_per_minute = 1
    connection = factories.the_connection()
    log_calls(connection.id, 30, this_hour)

    page = get_page(viewer_client, "/")

    assert chart(page, "chart-calls")[0].endswith(", 50 % of the limit")
    assert "limit 60" in page.text
    assert "far above" not in page.text


def test_without_a_limit_none_is_claimed(
    settings: Settings, viewer_client: Client, this_hour: datetime
) -> None:
    settings.megaphone_requests_per_minute = 0
    connection = factories.the_connection()
    log_calls(connection.id, 2, this_hour)

    page = get_page(viewer_client, "/")

    assert "limit" not in chart(page, "chart-calls")[0]
    assert "There is no limit." in page.text


def test_what_belongs_to_a_detached_connection_is_left_out(
    viewer_client: Client, this_hour: datetime
) -> None:
    factories.the_connection()
    gone = factories.connection(name="Gone", state="detached")
    factories.sync_run(connection_id=gone.id, requested_at=this_hour, state="failed")
    log_calls(gone.id, 2, this_hour)

    page = get_page(viewer_client, "/")

    assert chart(page, "chart-runs")[0] == "No sync run in 24 hours"
    assert chart(page, "chart-calls")[0] == "No request in 24 hours"
