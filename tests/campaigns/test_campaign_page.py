"""The campaign page: facts, sync line, conflicts, timeline, archive."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns import queries, service
from webapp.campaigns.models import Campaign, Change, Conflict
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}
MEGAPHONE = Actor("Megaphone", "sync")
UNUSED = "0d3c1f5e-8f0b-4c39-9a1d-7f2f2f4f6a10"


def address(campaign, tail=""):
    return f"/campaigns/{campaign.uuid}{tail}"


def in_conflict(**values):
    """Agreed on 4,500; ours is 5,000, theirs 4,800."""
    campaign = factories.campaign(
        budget=(500000, "USD"), sync_state="conflict", sync_detail="budget", **values
    )
    db.session.add(
        Conflict(
            campaign_id=campaign.id,
            field_group="budget",
            base=[450000, "USD"],
            theirs=[480000, "USD"],
            observation=1,
            seen_at=utc_now(),
        )
    )
    db.session.flush()
    return campaign


def test_all_facts_are_on_the_page(viewer_client):
    agency = factories.agency(name="Harbor Media")
    advertiser = factories.advertiser(name="Northwind", agency_id=agency.id)
    campaign = factories.campaign(
        title="Spring",
        advertiser_id=advertiser.id,
        external_id="IO-7",
        budget=(123456, "KWD"),
        total_revenue_minor=192050,
        total_revenue_currency="USD",
        duration_seconds=95,
        copy_needed=True,
        booking_source="upload",
    )

    page = get_page(viewer_client, address(campaign))

    assert page.h1 == "Spring"
    for fact in (
        "Northwind via Harbor Media",
        "IO-7",
        "123.456 KWD",
        "1,920.50 USD",
        "1 min 35 s",
        "Needed",
        "upload",
        campaign.remote_id,
    ):
        assert fact in page.text


def test_a_viewer_gets_no_buttons_that_change_anything(viewer_client):
    page = get_page(viewer_client, address(in_conflict()))

    assert "Edit" not in page.links
    assert [form.buttons for form in page.forms if form.method == "post"] == [
        ["Sign out"],
        ["Sign out"],
    ]


@pytest.mark.parametrize("tail", ["", "/edit", "/sync"])
@pytest.mark.parametrize("name", [UNUSED, "nonsense", "0" * 500, "%00"])
def test_a_campaign_that_is_not_there_is_a_404(manager_client, name, tail):
    assert manager_client.get(f"/campaigns/{name}{tail}", headers=HTMX).status_code == 404


def test_the_page_of_a_campaign_costs_few_statements(manager_client):
    campaign = in_conflict()
    db.session.commit()

    with count_statements() as statements:
        manager_client.get(address(campaign))

    assert len(statements) <= 8


@pytest.mark.parametrize(
    ("state", "is_live"),
    [
        ("waiting", True),
        ("sending", True),
        ("checking", True),
        ("confirmed", False),
        ("refused", False),
        ("parked", False),
        ("conflict", False),
        ("gone", False),
    ],
)
def test_the_sync_line_asks_again_only_while_something_is_under_way(manager_client, state, is_live):
    campaign = factories.campaign(sync_state=state)

    page = get_page(manager_client, address(campaign))
    fragment = manager_client.get(address(campaign, "/sync"), headers=HTMX).text

    assert page.root.one(id="sync-line").has("data-live") is is_live
    assert ("data-live=" in fragment) is is_live
    assert 'id="sync-line"' in fragment
    assert "<html" not in fragment


def test_the_sync_line_opened_by_itself_leads_to_the_campaign(manager_client):
    campaign = factories.campaign(title="Spring")

    assert get_page(manager_client, address(campaign, "/sync")).h1 == "Spring"


def test_a_refusal_is_said_with_what_to_do(manager_client):
    campaign = factories.campaign(sync_state="refused")
    factories.change(campaign, state="rejected", last_error="The budget is too small.")

    line = get_page(manager_client, address(campaign)).root.one(id="sync-line").text

    assert "Refused" in line
    assert "The budget is too small. Edit to mend it." in line


def test_waiting_behind_a_pause_says_why(manager_client):
    connection = factories.the_connection()
    connection.state, connection.state_reason = "paused", "Megaphone refused the token."
    campaign = factories.campaign(sync_state="waiting")
    factories.change(campaign)

    line = get_page(manager_client, address(campaign)).root.one(id="sync-line").text

    assert "paused" in line
    assert "Megaphone refused the token." in line


def test_the_timeline_puts_the_fields_of_one_edit_together_newest_first(manager_client):
    campaign = factories.campaign(title="Spring")
    at = utc_now() - timedelta(hours=1)
    changes = [FieldChange("title", "Winter", "Spring"), FieldChange("ad copy", "Needed", None)]
    audit.record(factories.ACTOR, "edited", service.subject(campaign), changes, at=at)
    audit.record(MEGAPHONE, "changed", service.subject(campaign), [FieldChange("title", "a", "b")])

    entries = get_page(manager_client, address(campaign)).main.one("ol").all("li")

    assert [entry.text.split()[0] for entry in entries] == ["Megaphone", "tester@example.com"]
    assert "title: from Winter to Spring" in entries[1].text
    assert "ad copy: from Needed to nothing" in entries[1].text


def test_a_campaign_that_came_from_megaphone_says_so(manager_client):
    campaign = factories.campaign(remote_created_at=factories.SOME_DAY)

    page = get_page(manager_client, address(campaign))

    assert page.main.one("ol").text.startswith("First seen in Megaphone")


def test_archiving_is_local_and_says_so(manager_client):
    campaign = factories.campaign(title="Spring")

    page = get_page(manager_client, address(campaign)).submit("Archive here")

    assert "Megaphone has no archive and was not told" in page.notices
    assert get_page(manager_client, "/campaigns").rows == []
    assert db.session.query(Change).count() == 0
    page = page.submit("Unarchive here")
    assert db.session.get(Campaign, campaign.id).archived_at is None
    assert get_page(manager_client, "/campaigns").rows[0][0] == "Spring"


def test_archiving_keeps_the_way_back_to_the_list(manager_client):
    campaign = factories.campaign(title="Spring")
    page = get_page(manager_client, "/campaigns?q=spring").follow("Spring")

    page = page.submit("Archive here")

    crumb = page.main.one("nav", **{"aria-label": "Breadcrumb"}).one("a")
    assert crumb["href"] == f"/campaigns?q=spring#c-{campaign.uuid}"


@pytest.mark.parametrize("tail", ["/archive", "/unarchive", "/edit"])
def test_a_viewer_may_change_nothing(viewer_client, tail):
    viewer_client.application.config["WTF_CSRF_ENABLED"] = False
    campaign = factories.campaign()

    assert viewer_client.post(address(campaign, tail)).status_code == 403
    assert db.session.get(Campaign, campaign.id).archived_at is None


@pytest.mark.parametrize("tail", ["", "/sync", "/edit"])
def test_a_stranger_sees_nothing(client, tail):
    campaign = factories.campaign(title="Secret")

    assert "Secret" not in get_page(client, address(campaign, tail)).html


def test_without_the_token_of_the_form_nothing_is_done(manager_client):
    campaign = factories.campaign()

    answer = manager_client.post(address(campaign, "/archive"))

    assert answer.status_code == 400
    assert "reload the page" in answer.text
    assert db.session.get(Campaign, campaign.id).archived_at is None


def test_a_conflict_shows_what_was_agreed_ours_and_theirs(manager_client):
    campaign = in_conflict()
    ours = [FieldChange("budget", "USD 4,500.00", "USD 5,000.00")]
    audit.record(factories.ACTOR, "edited", service.subject(campaign), ours)

    page = get_page(manager_client, address(campaign))
    _, base, ours, theirs = page.rows[0]

    assert base == "USD 4,500.00"
    assert ours.startswith("USD 5,000.00 tester@example.com")
    assert theirs.startswith("USD 4,800.00 seen")


def test_a_conflict_is_decided_on_its_own_page(manager_client):
    page = get_page(manager_client, address(in_conflict())).follow("Decide what holds")

    assert page.h1 == "Changed here and in Megaphone"


def test_news_of_the_sync_line_bring_the_facts_and_the_timeline_with_them(manager_client):
    campaign = factories.campaign(sync_state="waiting")
    db.session.commit()

    answer = manager_client.get(f"{address(campaign)}/sync", headers={"HX-Request": "true"})

    assert 'id="sync-line"' in answer.text
    assert 'id="campaign-body"' in answer.text
    assert campaign.remote_id in answer.text


def in_doubt():
    campaign = factories.campaign(waiting=True, sync_state="parked")
    factories.change(campaign, state="parked", sent_payload={"title": "x"}, last_error="Lost.")
    return campaign


def test_a_booking_in_doubt_can_be_booked_again_by_someone_who_looked(manager_client):
    campaign = in_doubt()
    page = get_page(manager_client, address(campaign))
    assert "It is not known whether this was booked" in page.text

    form = next(form for form in page.forms if form.action.endswith("/book-again"))
    page.submit(form)

    db.session.expire_all()
    assert campaign.sync_state == "waiting"
    assert [change.state for change in queries.changes_of(campaign)] == ["ready", "superseded"]


def test_a_viewer_cannot_book_again(viewer_client):
    campaign = in_doubt()

    assert "Book again" not in get_page(viewer_client, address(campaign)).text
    assert viewer_client.post(f"{address(campaign)}/book-again").status_code in (400, 403)
