"""A campaign like another one: the form is filled in, and it is booked as a campaign of its own."""

from tests import factories
from tests.campaigns.form_work import BOOK, stored
from tests.support.pages import get_page
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db


def test_a_duplicate_is_filled_in_and_booked_as_one_of_its_own(manager_client, manager):
    other = factories.operator(email="other@example.com")
    campaign = factories.campaign(
        title="Spring",
        budget=(450000, "USD"),
        external_id="IO-7",
        copy_needed=True,
        owner=other,
        notes="Call first",
    )

    page = get_page(manager_client, f"/campaigns/{campaign.uuid}").follow("Duplicate")
    values = page.form(BOOK).values
    assert values["title"] == "Copy of Spring"
    assert values["external_id"] == ""
    assert "Filled in like Spring" in page.text
    page = page.submit(BOOK, {"title": "Summer"})

    made = db.session.query(Campaign).filter(Campaign.id != campaign.id).one()
    assert page.url.startswith(f"/campaigns/{made.uuid}")
    assert page.h1 == "Summer"
    assert (made.title, made.total_budget_minor, made.total_budget_currency) == (
        "Summer",
        450000,
        "USD",
    )
    assert (made.advertiser_id, made.copy_needed) == (campaign.advertiser_id, True)
    assert (made.notes, made.owner_id) == ("Call first", manager.id)
    assert made.external_id.startswith("fd-")
    assert made.marker is None or made.marker != campaign.marker
    assert db.session.query(Change).one().campaign_id == made.id
    assert stored(campaign).title == "Spring"


def test_a_long_title_still_fits(manager_client):
    campaign = factories.campaign(title="x" * 255)
    page = get_page(manager_client, f"/campaigns/new?copy={campaign.uuid}")
    assert page.form(BOOK).values["title"] == "Copy of " + "x" * 247
    page.submit(BOOK)
    assert db.session.query(Campaign).count() == 2


def test_a_campaign_that_is_not_there_has_no_duplicate(manager_client):
    factories.connection()
    assert manager_client.get("/campaigns/new?copy=nope").status_code == 404


def test_a_viewer_is_not_offered_one(viewer_client):
    campaign = factories.campaign()
    assert "Duplicate" not in get_page(viewer_client, f"/campaigns/{campaign.uuid}").links
    assert viewer_client.get(f"/campaigns/new?copy={campaign.uuid}").status_code == 403
