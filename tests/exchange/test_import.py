"""From a file to changed campaigns: planned, looked at, carried out, mended and undone."""

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.bulk.desk import Desk
from tests.bulk.pressing import latest_job, press
from tests.exchange.files import cells_of, retyped, saved
from tests.support.client import Client
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator
from webapp.bulk import words
from webapp.bulk.models import BulkItem, BulkJob
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db
from webapp.exchange.models import ImportFile
from webapp.exchange.planning import DOUBLED, plan_of
from webapp.exchange.reading import read_table

URL = "/import"


def export(client: Client) -> bytes:
    return client.get("/campaigns.csv?sort=title&archived=all").data


def give(client: Client, content: bytes, status: int = 200, name: str = "plan.csv") -> Page:
    """Send a file by the form, as a browser does."""
    page = get_page(client, URL)
    assert page.form("Read the file").element.get("enctype") == "multipart/form-data"
    return page.submit("Read the file", {"file": (io.BytesIO(content), name)}, status)


def only(model: type) -> Any:
    return db.session.scalars(select(model)).one()


def rows(page: Page) -> list[list[str]]:
    """The texts of the cells of the last table: totals may come before it."""
    return [
        [cell.text for cell in row.children if cell.tag in ("td", "th")]
        for row in page.main.all("table")[-1].one("tbody").all("tr")
    ]


def carry_out(preview: Page, button: str = words.SEND) -> BulkJob:
    """Press the button of the preview, and do the worker's part."""
    press(preview, button)
    return Desk(db.session.scalars(select(Operator)).first()).finish(latest_job())


def test_a_file_changes_campaigns_once_it_is_started(
    app: Flask, manager_client: Client, manager: Operator
) -> None:
    spring = factories.campaign(title="Spring", budget=(500_000, "USD"), external_id="IO-1")
    factories.campaign(title="Untouched")
    content = retyped(export(manager_client), Title="Summer", Budget="6000", External_ID="[]")

    preview = give(manager_client, content)

    assert preview.h1 == "Import of plan.csv: 1 of 1"
    assert "1 to change, 1 that are so already" in preview.text
    [row] = rows(preview)
    assert "Line 2" in row[1]
    assert "from Spring to Summer" in row[2]
    assert "from USD 5,000.00 to USD 6,000.00" in row[2]
    assert db.session.get_one(Campaign, spring.id).title == "Spring"

    carry_out(preview)

    db.session.expire_all()
    changed = db.session.get_one(Campaign, spring.id)
    assert (changed.title, changed.total_budget_minor) == ("Summer", 600_000)
    assert changed.external_id is None
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.field == "title")).one()
    assert (event.actor, event.source) == (manager.email, "import")
    assert db.session.scalars(select(Change)).one().campaign_id == spring.id


def test_a_row_without_an_id_books_a_campaign(app: Flask, manager_client: Client) -> None:
    advertiser = factories.advertiser(name="Acme")
    lines = [["Title", "Advertiser", "Budget", "Currency"], ["New one", "acme", "12.50", "EUR"]]

    preview = give(manager_client, saved(lines))

    assert "1 to book" in preview.text
    assert "new" in rows(preview)[0][1]
    carry_out(preview)
    booked = only(Campaign)
    assert (booked.title, booked.advertiser_id) == ("New one", advertiser.id)
    assert (booked.total_budget_minor, booked.total_budget_currency) == (1250, "EUR")
    assert only(Change).kind == "create"


def test_an_export_given_back_has_nothing_to_do(manager_client: Client) -> None:
    factories.campaigns(30, budget=(100, "USD"), notes="'=x")
    page = give(manager_client, export(manager_client))
    assert "Nothing is to be done" in page.notices or "Nothing is to be done" in page.text
    assert "30 so already" in page.text
    assert db.session.scalar(select(func.count(BulkJob.id))) == 0


def test_a_file_with_the_columns_shown_is_imported_like_a_whole_one(manager_client: Client) -> None:
    agency = factories.agency(name="Harbor")
    advertiser = factories.advertiser(name="Acme", agency_id=agency.id)
    factories.campaign(title="Spring", advertiser_id=advertiser.id, budget=(500_000, "USD"))
    # A name that says of no advertiser which one is meant.
    factories.advertiser(name="Acme", agency_id=agency.id)
    content = manager_client.get("/campaigns.csv?only=shown&columns=budget,advertiser").data

    assert "1 so already" in give(manager_client, content).text
    preview = give(manager_client, retyped(content, Budget="6000"))

    assert "from USD 5,000.00 to USD 6,000.00" in rows(preview)[0][2]


def test_lines_that_cannot_be_used_hold_up_no_other(app: Flask, manager_client: Client) -> None:
    factories.campaign(title="A")
    factories.campaign(title="B")
    lines = cells_of(export(manager_client))
    lines[1][lines[0].index("Title")] = "A changed"
    lines[2][lines[0].index("Budget")] = "1.234"
    lines += [["not an id"], [*lines[1]], ["00000000-0000-4000-8000-000000000009"]]

    page = give(manager_client, saved(lines))

    assert "4 that cannot be used" in page.text
    problems = dict(rows(page))
    assert "Budget: “1.234”" in problems["3"]
    assert "ID: “not an id” is no ID." in problems["4"]
    assert "ID: Line 2 has the same one." in problems["5"]
    assert "There is no campaign" in problems["6"]
    preview = page.follow("See what will change, row by row")
    assert len(rows(preview)) == 1
    carry_out(preview)
    assert set(db.session.scalars(select(Campaign.title))) == {"A changed", "B"}


@pytest.mark.parametrize("separator", [",", ";"])
def test_rows_to_mend_are_a_file_that_can_be_imported(
    app: Flask, manager_client: Client, separator: str
) -> None:
    factories.campaign(title="'=A", notes="keep; me", budget=(100, "USD"))
    lines = cells_of(export(manager_client))
    lines[1][lines[0].index("Budget")] = "much"
    lines.append(["bad"])
    page = give(manager_client, saved(lines, delimiter=separator))

    answer = manager_client.get(page.links["Get the rows to mend"])
    mend = answer.data.decode("utf-8-sig")

    assert answer.headers["Content-Disposition"] == "attachment; filename=to-mend-plan.csv"
    assert "Budget: “much”: This is not an amount." in mend
    mended = mend.replace("much", "250").replace("bad", "")
    preview = give(manager_client, mended.encode())
    assert "1 to change" in preview.text
    assert rows(preview)[0][2] == "Budget from USD 1.00 to USD 250.00"


def test_rows_that_fail_when_carried_out_can_be_mended(app: Flask, manager_client: Client) -> None:
    campaign = factories.campaign(title="Spring")
    content = retyped(export(manager_client), Title="Mine")
    preview = give(manager_client, content)
    campaign.title, campaign.version = "Theirs", campaign.version + 1
    carry_out(preview)

    job = latest_job()
    page = get_page(manager_client, f"/bulk/{job.uuid}/file")

    assert rows(page)[0][0] == "2"
    assert "It was changed since this was planned" in rows(page)[0][1]
    mend = manager_client.get(page.links["Get the rows to mend"]).data
    again = give(manager_client, mend)
    assert "now “Theirs”" in rows(again)[0][1]


def test_the_same_file_is_recognised_and_goes_on_only_after_a_tick(
    app: Flask, manager_client: Client, manager: Operator
) -> None:
    factories.advertiser(name="Acme")
    content = saved([["Title", "Advertiser"], ["New one", "Acme"]])
    carry_out(give(manager_client, content))

    page = give(manager_client, content, name="copy.csv")

    assert f"This very file was given before by {manager.email}" in page.text
    assert page.follow("See what came of it").h1.startswith("Import of plan.csv")
    refused = page.submit("Work out what it would change", status=422)
    assert refused.title.startswith("Error: ")
    preview = page.submit("Work out what it would change", {"once_more": "y"})
    assert DOUBLED in preview.text
    assert db.session.scalar(select(func.count(Campaign.id))) == 1


def test_a_file_is_planned_once(manager_client: Client) -> None:
    """A button pressed twice, or two windows."""
    factories.campaign(title="Spring")
    content = retyped(export(manager_client), Title="Summer")
    give(manager_client, content)
    page = give(manager_client, content)
    page.submit("Work out what it would change", {"once_more": "y"})
    late = page.submit("Work out what it would change", {"once_more": "y"})
    assert "worked out already" in late.notices
    assert db.session.scalar(select(func.count(BulkJob.id))) == 2


def test_a_draft_that_was_thrown_away_does_not_stand_in_the_way(manager_client: Client) -> None:
    factories.campaign(title="Spring")
    content = retyped(export(manager_client), Title="Summer")
    press(give(manager_client, content), "Throw the draft away")
    assert give(manager_client, content).h1 == "Import of plan.csv: 1 of 1"


def test_an_import_is_undone_as_a_bulk_change_is(app: Flask, manager_client: Client) -> None:
    campaign = factories.campaign(title="Spring")
    preview = give(manager_client, retyped(export(manager_client), Title="Summer"))
    carry_out(preview)
    job = latest_job()
    undo = press(get_page(manager_client, f"/bulk/{job.uuid}"), "Undo what was done")
    carry_out(undo, words.TAKE_BACK)
    db.session.expire_all()
    assert db.session.get_one(Campaign, campaign.id).title == "Spring"


def test_rules_of_the_forms_hold_for_files_too(manager_client: Client) -> None:
    factories.campaign(title="Spring", notes="x")
    content = retyped(export(manager_client), Title="x" * 256, Notes="y" * 5_001)
    said = rows(give(manager_client, content))[0][1]
    assert "Title: The title has 256 characters" in said
    assert "Notes: The notes have 5,001 characters" in said


def test_what_is_in_conflict_is_decided_first(manager_client: Client) -> None:
    campaign = factories.campaign(title="Spring")
    factories.conflict(campaign, "title", theirs="Theirs")
    page = give(manager_client, retyped(export(manager_client), Title="Summer"))
    assert "In conflict with Megaphone in title" in rows(page)[0][1]


def test_a_campaign_of_a_connection_that_is_gone_is_not_changed(manager_client: Client) -> None:
    gone = factories.connection(name="Gone", state="detached")
    advertiser = factories.advertiser(connection_id=gone.id)
    campaign = factories.campaign(connection_id=gone.id, advertiser_id=advertiser.id)
    lines = [["ID", "Title"], [str(campaign.uuid), "Changed"]]
    assert "There is no campaign" in rows(give(manager_client, saved(lines)))[0][1]


def test_a_file_that_cannot_be_read_is_an_error_at_its_field(manager_client: Client) -> None:
    page = give(manager_client, b"PK\x03\x04...", status=422)
    assert page.title.startswith("Error: ")
    assert "This is a workbook" in page.errors["file"]
    missing = get_page(manager_client, URL).submit("Read the file", {"file": None}, 422)
    assert missing.errors == {"file": "Error: Choose a file."}
    assert db.session.scalar(select(func.count(ImportFile.id))) == 0


def send_much(client: Client, content: bytes) -> Page:
    """The same by hand: the client would keep a file open for it."""
    token = get_page(client, URL).form("Read the file").values["csrf_token"]
    head = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    body = b"".join(
        (
            f"{head.format('csrf_token', '')}{token}\r\n".encode(),
            head.format("file", '; filename="much.csv"').encode(),
            content,
            b"\r\n--b--\r\n",
        )
    )
    answer = client.post(URL, data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 422
    return Page(client, answer)


def test_only_the_import_takes_much(app: Flask, manager_client: Client) -> None:
    much = send_much(manager_client, b"ID,Title\n" + b"x,y\n" * 600_000)
    assert "more than 10,000 rows" in much.errors["file"]
    too_much = send_much(manager_client, b"ID\n" + b"x" * (11 * 1024 * 1024))
    assert "larger than 10 MB" in too_much.errors["file"]
    answer = manager_client.post("/bulk", data={"list": "x" * 1_100_000})
    assert answer.status_code == 413


def test_the_empty_file_holds_the_headings(manager_client: Client) -> None:
    page = get_page(manager_client, URL)
    content = manager_client.get(page.links["Get the empty file"]).data
    assert "rows below" in give(manager_client, content, status=422).errors["file"]


def test_who_may_only_read_imports_nothing(viewer_client: Client) -> None:
    get_page(viewer_client, URL, status=403)


def test_an_unknown_import_is_not_found(manager_client: Client) -> None:
    for address in ("/import/x", "/bulk/x/file", "/import/x/to-mend.csv"):
        get_page(manager_client, address, status=404)


def test_the_number_of_statements_does_not_grow_with_the_rows(
    app: Flask, manager_client: Client
) -> None:
    sent = []
    for count in (5, 200):
        factories.campaigns(count, title=lambda n: f"Spring {n}", budget=(100, "USD"))
        lines = cells_of(export(manager_client))
        title = lines[0].index("Title")
        changed = [[*row[:title], f"{row[title]}!", *row[title + 1 :]] for row in lines[1:]]
        table = read_table(saved([lines[0], *changed]))
        with count_statements() as statements:
            plan = plan_of(table)
        assert len(plan.items) == len(changed)
        sent.append(len(statements))
    assert sent[0] == sent[1]
    assert db.session.scalar(select(func.count(BulkItem.id))) == 0
