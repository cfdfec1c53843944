"""The campaign page: facts, sync line, conflicts, timeline, archive."""

from datetime import timedelta

import pytest

from tests import factories
from tests.campaigns.form_work import edit_elsewhere, in_conflict, stored
from tests.support.pages import Page, get_page
from tests.support.statements import count_statements
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange
from webapp.campaigns import queries, service
from webapp.campaigns.models import Campaign, Change
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}
MEGAPHONE = Actor("Megaphone", "sync")
UNUSED = "0d3c1f5e-8f0b-4c39-9a1d-7f2f2f4f6a10"


def address(campaign, tail=""):
    return f"/campaigns/{campaign.uuid}{tail}"


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


@pytest.mark.parametrize(("missed", "is_said"), [(0, False), (1, True)])
def test_a_campaign_missing_from_the_last_list_says_so(viewer_client, missed, is_said):
    campaign = factories.campaign(missed_runs=missed)
    assert ("not in the last list" in get_page(viewer_client, address(campaign)).text) == is_said


def posted_by_buttons(page: Page) -> list[str]:
    return [text for form in page.forms if form.method == "post" for text in form.buttons]


def test_a_viewer_gets_no_buttons_that_change_anything(viewer_client):
    page = get_page(viewer_client, address(in_conflict()))

    assert "Edit" not in page.links
    assert posted_by_buttons(page) == ["Sign out", "Sign out", "Stay signed in"]


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


def line(client, campaign):
    return get_page(client, address(campaign)).root.one(id="sync-line")


def test_what_waits_is_shown_with_what_it_changes_and_can_be_undone_from_the_line(manager_client):
    campaign = factories.campaign(title="Spring", budget=(450000, "USD"))
    edit_elsewhere(campaign, total_budget_minor=500000)
    change = queries.changes_of(campaign)[0]

    page = get_page(manager_client, address(campaign))

    assert "This change was not sent yet Budget from USD 4,500.00 to USD 5,000.00" in page.text
    assert "5,000.00 USD ours, not confirmed yet Megaphone has USD 4,500.00" in page.text
    undo = page.root.one(id="sync-line").one("a", id="undo")
    assert undo["href"].startswith(f"/changes/{change.id}/undo?back=/campaigns/")


def test_a_change_is_held_and_released_on_the_page(manager_client):
    campaign = factories.campaign(title="Spring")
    edit_elsewhere(campaign, title="Summer")

    page = get_page(manager_client, address(campaign)).submit("Hold")
    assert page.url == address(campaign)
    assert "On hold by manager@example.com" in page.root.one(id="sync-line").text
    assert queries.changes_of(campaign)[0].state == "held"

    page = page.submit("Release")
    assert "Waiting, sends in a moment" in page.text
    assert stored(campaign).sync_state == "waiting"


def test_a_change_is_cancelled_on_the_page(manager_client):
    campaign = factories.campaign(title="Spring")
    edit_elsewhere(campaign, title="Summer")

    page = get_page(manager_client, address(campaign)).submit("Cancel the change")

    assert page.h1 == "Spring"
    assert "Cancelled" in page.notices
    assert stored(campaign).sync_state == "confirmed"


def test_a_booking_is_cancelled_and_booked_after_all(manager_client):
    campaign = factories.campaign(title="Spring", waiting=True)
    factories.change(campaign, fields=["title"])

    page = get_page(manager_client, address(campaign)).submit("Cancel the booking")
    assert "Not in Megaphone : Cancelled before it was sent." in page.text
    assert get_page(manager_client, "/campaigns?archived=all").rows[0][4] == "Cancelled"

    page = page.submit("Book it after all")
    assert "Waiting, sends in a moment" in page.text
    assert stored(campaign).archived_at is None
    assert queries.changes_of(campaign)[0].kind == "create"


def test_what_was_confirmed_last_can_be_undone(manager_client):
    campaign = factories.campaign(title="Summer")
    factories.change(
        campaign, state="applied", before={"title": "Spring"}, after={"title": "Summer"}
    )

    page = get_page(manager_client, address(campaign))

    assert "The last change was confirmed" in page.text
    assert "Title from Spring to Summer" in page.text
    assert page.links["Undo…"].split("?")[0].endswith("/undo")


def test_a_viewer_sees_what_waits_and_no_way_to_change_it(viewer_client):
    campaign = factories.campaign(title="Spring")
    edit_elsewhere(campaign, title="Summer")

    page = get_page(viewer_client, address(campaign))

    assert "This change was not sent yet" in page.text
    assert "Undo" not in page.links
    assert posted_by_buttons(page) == ["Sign out", "Sign out", "Stay signed in"]


def test_checking_offers_to_find_out_and_never_to_try_again(manager_client):
    campaign = factories.campaign(sync_state="checking")
    factories.change(campaign, state="settling", sent_at=utc_now(), settle_until=utc_now())

    words = line(manager_client, campaign).text

    assert "Find out now" in words
    assert "again" not in words.lower()


@pytest.mark.parametrize(
    ("campaign", "change"),
    [
        ({"waiting": True, "sync_state": "parked"}, {"sent_payload": {"title": "x"}}),
        ({"sync_state": "parked"}, {"last_status": 404}),
        ({"sync_state": "gone"}, None),
    ],
    ids=["booking in doubt", "gone when written", "gone"],
)
def test_what_is_stuck_leads_to_the_page_that_settles_it(manager_client, campaign, change):
    campaign = factories.campaign(title="Stuck", **campaign)
    if change:
        factories.change(campaign, state="parked", last_error="Lost.", **change)

    page = get_page(manager_client, address(campaign)).follow("See what can be done")

    assert page.url == f"/changes/parked/{campaign.uuid}"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"held_at": factories.SOME_DAY, "held_by": "Ana", "hold_reason": "Audit."}, "Audit."),
        ({"state": "paused", "state_reason": "Refused the token."}, "Refused the token."),
        ({"failures": 5, "trial_at": factories.SOME_DAY}, "Megaphone does not answer"),
    ],
    ids=["on hold", "paused", "silent"],
)
def test_waiting_behind_its_connection_says_why(manager_client, columns, words):
    campaign = factories.campaign()
    edit_elsewhere(campaign, title="Summer")
    connection = factories.the_connection()
    for name, value in columns.items():
        setattr(connection, name, value)

    assert words in line(manager_client, campaign).text
