"""CSV, wherever it leaves: no cell of anybody's text that a spreadsheet would calculate."""

import csv
import io
import zlib

import pytest
from flask import Flask

from tests import factories
from tests.cli.conftest import Terminal, terminal
from tests.meta.test_routes import FILES
from tests.support.client import Client
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns.record import subject
from webapp.core.db import db

__all__ = ["terminal"]

SIGNS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
HOSTILE = [
    '=HYPERLINK(A1,"more")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1,1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
]


def calculated(text: str) -> list[str]:
    """Cells that a spreadsheet takes for a formula. A number with its sign is none."""
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) > 1
    return [cell for row in rows for cell in row if cell.lstrip(" \xa0").startswith(SIGNS)]


@pytest.fixture(params=range(len(HOSTILE)), ids=[repr(each[:6]) for each in HOSTILE])
def hostile(request: pytest.FixtureRequest, app: Flask) -> str:
    """A text that stands in every place that a file shows."""
    text: str = HOSTILE[request.param]
    agency = factories.agency(name=text)
    advertiser = factories.advertiser(name=text, agency_id=agency.id)
    owner = factories.operator(email=f"{text.strip()[:20]}@example.com")
    campaign = factories.campaign(
        title=text,
        external_id=text,
        notes=text,
        advertiser_id=advertiser.id,
        owner_id=owner.id,
        booking_source=text,
        remote_id=text,
    )
    change = FieldChange(text, text, text)
    someone = Actor(text, "web", request_id=text)
    audit.record(someone, text, subject(campaign), [change], reason=text)
    db.session.commit()
    return text


def test_the_list_and_the_timeline_leave_guarded(manager_client: Client, hostile: str) -> None:
    for path in ("/campaigns.csv", "/timeline.csv"):
        answer = manager_client.get(path)
        assert answer.mimetype == "text/csv"
        assert calculated(answer.text) == []
        # It is there, behind an apostrophe: nothing was lost.
        cells = [cell for row in csv.reader(io.StringIO(answer.text)) for cell in row]
        assert f"'{hostile}" in cells


def test_commands_print_guarded_files(terminal: Terminal, hostile: str) -> None:
    for command in (("campaigns", "list", "--csv"), ("advertisers", "list", "--csv")):
        assert calculated(terminal(*command).stdout) == []


def test_lines_to_mend_come_back_guarded(manager_client: Client, hostile: str) -> None:
    """What somebody imported, their headings included, is handed to whoever mends it."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows([["Title", "Budget", hostile], [hostile, hostile, hostile]])
    file = factories.import_file(
        content=zlib.compress(lines.getvalue().encode()), problems=[[2, hostile]]
    )
    answer = manager_client.get(f"/import/{file.uuid}/to-mend.csv")
    assert answer.mimetype == "text/csv"
    assert calculated(answer.text) == []


def test_every_file_that_a_page_gives_is_looked_at(app: Flask) -> None:
    given = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith(".csv") and not rule.rule.startswith("/static")
    }
    assert given == FILES
