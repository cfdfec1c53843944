"""The list as a file: every row of it, in its order, readable by spreadsheets and by an import."""

import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from tests import factories
from tests.support.client import Client
from tests.support.listening import listening
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.auth.models import Operator
from webapp.campaigns.columns import COLUMNS
from webapp.campaigns.listing import CAMPAIGNS
from webapp.campaigns.models import Campaign
from webapp.campaigns.terms import Asker
from webapp.core.db import db, reading
from webapp.core.listing import ListParams
from webapp.exchange import export, queries
from webapp.exchange.columns import HEADINGS, OF_LIST, shown
from webapp.exchange.writing import file_name
from webapp.web import requests

URL = "/campaigns.csv"


def lines(client: Client, url: str = URL) -> list[dict[str, str]]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


def titles(client: Client, url: str = URL) -> list[str]:
    return [line["Title"] for line in lines(client, url)]


def test_a_line_says_all_of_a_campaign(manager_client: Client) -> None:
    agency = factories.agency(name="Harbor")
    advertiser = factories.advertiser(name="Acme", agency_id=agency.id)
    owner = factories.operator(email="owner@example.com")
    campaign = factories.campaign(
        title="Spring",
        advertiser_id=advertiser.id,
        external_id="IO-7",
        budget=(123_450, "USD"),
        copy_needed=True,
        owner=owner,
        notes="two\nlines",
        total_revenue_minor=99,
        total_revenue_currency="JPY",
        duration_seconds=30,
        booking_source="api",
        remote_created_at=datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC),
    )

    [line] = lines(manager_client)

    assert tuple(line) == HEADINGS
    assert line | {"Row mark": "", "Confirmed": "", "Changed here": "", "Added here": ""} == {
        **dict.fromkeys(HEADINGS, ""),
        "ID": str(campaign.uuid),
        "Title": "Spring",
        "Advertiser ID": str(advertiser.id),
        "Advertiser": "Acme",
        "Agency": "Harbor",
        "External ID": "IO-7",
        "Budget": "1234.50",
        "Currency": "USD",
        "Ad copy needed": "yes",
        "Owner": "owner@example.com",
        "Notes": "two\nlines",
        "Archived": "no",
        "Sync": "confirmed",
        "Revenue": "99",
        "Revenue currency": "JPY",
        "Duration in seconds": "30",
        "Booking source": "api",
        "Megaphone ID": campaign.remote_id,
        "Booked in Megaphone": "2026-01-31T23:59:58+00:00",
    }


def test_what_is_missing_is_an_empty_cell(manager_client: Client) -> None:
    factories.campaign(advertiser_id=None, waiting=True, budget=(0, "USD"))
    [line] = lines(manager_client)
    assert line["Budget"] == "0.00"
    empty = {name for name, cell in line.items() if not cell}
    assert empty >= {"Advertiser ID", "Advertiser", "Agency", "External ID", "Owner", "Revenue"}
    assert "None" not in line.values()


def test_the_file_is_the_list_that_is_on_screen(manager_client: Client) -> None:
    for number in (3, 1, 2):
        factories.campaign(title=f"Spring {number}")
    factories.campaign(title="Autumn")
    factories.campaign(title="Spring 9", archived_at=factories.SOME_DAY)

    found = titles(manager_client, f"{URL}?q=spring&sort=title&page=2&per_page=25&columns=title")

    assert found == ["Spring 1", "Spring 2", "Spring 3"]
    archived = titles(manager_client, f"{URL}?q=spring&archived=archived")
    assert archived == ["Spring 9"]


def test_a_file_may_have_the_columns_as_they_are_shown(manager_client: Client) -> None:
    advertiser = factories.advertiser(name="Acme")
    factories.campaign(title="Spring", advertiser_id=advertiser.id, budget=(450_000, "USD"))

    [line] = lines(manager_client, f"{URL}?only=shown&columns=budget,copy,advertiser")

    wanted = ["Budget", "Currency", "Ad copy needed", "Advertiser", "Agency"]
    assert list(line) == ["ID", "Title", *wanted, "Row mark"]
    [whole] = lines(manager_client, f"{URL}?columns=budget,copy,advertiser")
    assert whole | line == whole


def test_the_columns_shown_are_the_usual_ones_unless_others_are_asked_for(
    manager_client: Client,
) -> None:
    factories.campaign(title="Spring")
    [usual] = lines(manager_client, f"{URL}?only=shown")
    assert list(usual)[1:5] == ["Title", "Advertiser", "Agency", "External ID"]
    [bare] = lines(manager_client, f"{URL}?only=shown&columns=title")
    assert list(bare) == ["ID", "Title", "Row mark"]


def test_the_list_offers_both_files_with_its_own_arguments(manager_client: Client) -> None:
    factories.campaign(title="Spring")
    page = get_page(manager_client, "/campaigns?q=spring&columns=owner,budget&sort=title")
    for words in ("Export as CSV", "Export only these columns"):
        [link] = [a for a in page.main.all("a") if a.text == words]
        found = lines(manager_client, link["href"])
        assert [line["Title"] for line in found] == ["Spring"]
    assert list(found[0]) == ["ID", "Title", "Owner", "Budget", "Currency", "Row mark"]


def test_the_file_has_something_for_each_column_of_the_list() -> None:
    assert list(OF_LIST) == list(COLUMNS)
    assert set(shown(COLUMNS)) < set(HEADINGS)


def test_no_row_is_left_out_between_two_chunks(
    manager_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHUNK", 7)
    factories.campaigns(30, title=lambda number: f"{number:02}")
    assert titles(manager_client, f"{URL}?sort=-title") == [f"{n:02}" for n in reversed(range(30))]


def test_the_number_of_statements_grows_with_chunks_only(
    app: Flask, manager_client: Client
) -> None:
    factories.campaigns(5)
    with count_statements() as few:
        manager_client.get(URL)
    factories.campaigns(900)
    with count_statements() as many:
        manager_client.get(URL)
    assert len(many) == len(few)


def test_a_row_that_changes_meanwhile_is_there_once(app: Flask, manager_client: Client) -> None:
    """The list is sorted by the last change: a row that is changed would move to its top."""
    ids = factories.campaigns(2 * export.CHUNK)
    db.session.commit()
    listed = queries.listed_ids(_params(), _asker())
    last = listed[-1]
    parts = export.stream(listed)
    begin = [next(parts), next(parts)]
    campaign = db.session.get_one(Campaign, last)
    campaign.changed_at = datetime(2030, 1, 1, tzinfo=UTC)
    campaign.title = "Changed meanwhile"
    db.session.commit()

    text = b"".join([*begin, *parts]).decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(ids)
    assert len({row["ID"] for row in rows}) == len(ids)
    assert rows[-1]["Title"] == "Changed meanwhile"


def _params() -> ListParams:
    return CAMPAIGNS.parse({})


def _asker() -> Asker:
    return Asker()


def test_no_connection_is_held_while_a_chunk_is_on_its_way(app: Flask) -> None:
    factories.campaigns(5)
    db.session.commit()
    parts = export.stream(queries.listed_ids(_params(), _asker()))
    next(parts)
    next(parts)
    assert db.engine.pool.checkedout() == 0


def test_a_file_may_take_longer_than_a_page(app: Flask) -> None:
    factories.campaigns(export.CHUNK)
    db.session.commit()
    listed = queries.listed_ids(_params(), _asker())
    db.session.rollback()
    with reading(seconds=0.001):
        assert sum(len(part) for part in export.stream(listed)) > 100_000


def test_a_list_that_takes_long_to_find_is_still_a_file(
    manager_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2.0
    monkeypatch.setattr(requests, "READ_SECONDS", limit)
    factories.campaigns(2_000)
    with _taking(limit + 0.2, "FROM campaign"):
        assert len(titles(manager_client, f"{URL}?q=campaign&sort=title")) == 2_000


@contextmanager
def _taking(seconds: float, text: str) -> Iterator[None]:
    """The first statement with this text takes so long; PostgreSQL's own limit counts it."""
    taken: list[str] = []

    def take(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if text not in statement or taken:
            return
        taken.append(statement)
        if db.engine.dialect.name == "postgresql":
            cursor.execute(f"SELECT pg_sleep({seconds})")
        else:
            time.sleep(seconds)

    with listening(db.engine, "before_cursor_execute", take):
        yield
    assert taken


def test_a_file_that_cannot_be_finished_breaks_off(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file that looks whole would be worse than none."""
    monkeypatch.setattr(export, "CHUNK", 2)
    factories.campaigns(5)
    db.session.commit()
    parts = export.stream(queries.listed_ids(_params(), _asker()))
    next(parts)
    next(parts)

    def fail(*_: object) -> None:
        raise ConnectionError

    with listening(db.engine, "before_cursor_execute", fail), pytest.raises(ConnectionError):
        next(parts)


def test_cells_are_guarded_against_formulas(manager_client: Client) -> None:
    factories.campaign(title='=HYPERLINK("http://x")', external_id="+1", notes="@x")
    [line] = lines(manager_client)
    assert (line["Title"], line["External ID"], line["Notes"]) == (
        '\'=HYPERLINK("http://x")',
        "'+1",
        "'@x",
    )


def test_the_file_opens_in_a_spreadsheet(manager_client: Client) -> None:
    factories.campaign(title="Ärger, „Ümlaut“\r\nzwei")
    answer = manager_client.get(URL)
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.mimetype == "text/csv"
    assert lines(manager_client)[0]["Title"] == "Ärger, „Ümlaut“\r\nzwei"


@pytest.mark.parametrize(
    ("view", "name"),
    [
        ("", "campaigns-2026-03-02.csv"),
        ("needs-you", "campaigns-needs-you-2026-03-02.csv"),
        ('"\r\n/..', "campaigns-2026-03-02.csv"),
    ],
)
def test_the_file_is_named_by_view_and_date(view: str, name: str) -> None:
    assert file_name(view, date(2026, 3, 2)) == name


def test_a_browser_saves_the_file_under_its_name(manager_client: Client, manager: Operator) -> None:
    mine = factories.saved_view(manager, name="Élan: Q4!")
    theirs = factories.saved_view(factories.operator(), name="Secret")
    for view, name in (
        ("mine", "campaigns-mine-20"),
        (mine.uuid, "campaigns-elan-q4-20"),
        (theirs.uuid, "campaigns-20"),
        ("bogus", "campaigns-20"),
    ):
        said = manager_client.get(f"{URL}?view={view}").headers["Content-Disposition"]
        assert said.startswith(f"attachment; filename={name}"), view


def test_a_query_that_cannot_be_read_leads_to_the_list_that_says_so(
    manager_client: Client,
) -> None:
    answer = manager_client.get(f"{URL}?q=budget:soon")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/campaigns?q=budget:soon"


def test_who_may_only_read_may_take_the_list_along(viewer_client: Client) -> None:
    factories.campaign(title="Spring")
    assert titles(viewer_client) == ["Spring"]
