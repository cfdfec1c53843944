"""What stands in the list's cells: every text from elsewhere is text, whatever is in it."""

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.campaigns.cells import CELLS
from webapp.campaigns.columns import COLUMNS
from webapp.core.clock import utc_now
from webapp.core.db import db

HOSTILE = "<b>&\"'</b>"


def test_every_column_has_its_cell():
    assert CELLS.keys() == COLUMNS.keys()


def test_markup_in_a_campaign_is_shown_as_text(viewer_client):
    agency = factories.agency(name=f"Agency {HOSTILE}")
    factories.campaign(
        title=f"Title {HOSTILE}",
        advertiser=factories.advertiser(name=f"Acme {HOSTILE}", agency=agency),
        external_id=f"IO {HOSTILE}",
        booking_source=f"by {HOSTILE}",
        sync_state="conflict",
        sync_detail=f"title {HOSTILE}",
    )
    db.session.commit()

    page = get_page(viewer_client, f"/campaigns?columns={','.join(COLUMNS)}")

    assert "<b>&" not in page.html
    shown = " ".join(page.rows[0])
    for words in ("Title", "Acme", "Agency", "IO", "by", "in title"):
        assert f"{words} {HOSTILE}" in shown


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sync_state": "parked"}, "Needs you"),
        ({"sync_state": "parked", "archived_at": utc_now()}, "Parked"),
        ({"sync_state": "gone"}, "Gone"),
        ({"sync_state": "gone", "remote_id": None}, "Cancelled"),
    ],
)
def test_the_state_is_said_as_it_is_meant(viewer_client, values, words):
    factories.campaign(**values)
    db.session.commit()

    page = get_page(viewer_client, "/campaigns?columns=sync&archived=all")

    assert page.rows[0][-1] == words
