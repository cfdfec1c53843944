"""The timeline: everything that happened, page by page."""

from datetime import timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from webapp.audit import service as audit
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.campaigns import service
from webapp.core.clock import utc_now

MEGAPHONE = Actor("Megaphone", "sync")


def entries(page):
    return [entry.text for entry in page.main.one("ol").all("li")]


def test_it_says_who_did_what_to_which_campaign_newest_first(viewer_client):
    campaign = factories.campaign(title="Spring")
    subject = service.subject(campaign)
    audit.record(factories.ACTOR, "edited", subject, [FieldChange("title", "Winter", "Spring")])
    audit.record(MEGAPHONE, "gone", subject)

    page = get_page(viewer_client, "/timeline")

    newest, oldest = entries(page)
    assert newest.startswith("Megaphone no longer has Spring")
    assert oldest.startswith("tester@example.com edited Spring")
    assert "title: from Winter to Spring" in oldest
    assert page.follow("Spring").h1 == "Spring"


def test_the_fields_of_one_edit_are_one_entry(viewer_client):
    subject = service.subject(factories.campaign())
    changes = [FieldChange("title", "a", "b"), FieldChange("budget", None, "USD 5.00")]
    audit.record(factories.ACTOR, "edited", subject, changes)
    audit.record(factories.ACTOR, "edited", subject, changes, at=utc_now() - timedelta(minutes=1))

    assert len(entries(get_page(viewer_client, "/timeline"))) == 2


def test_what_has_no_page_is_named_without_a_link(viewer_client):
    audit.record(
        factories.ACTOR, "paused", Subject("connection", 1, "Megaphone"), reason="No token"
    )

    page = get_page(viewer_client, "/timeline")

    assert "paused Megaphone" in entries(page)[0]
    assert "“No token”" in entries(page)[0]
    assert "Megaphone" not in page.links


def test_older_entries_follow_without_gap_or_repetition(viewer_client):
    for number in range(120):
        audit.record(MEGAPHONE, "gone", Subject("other", number, f"Thing {number:03}"))

    page = get_page(viewer_client, "/timeline")
    seen = entries(page)
    while "Older" in page.links:
        page = page.follow("Older")
        seen += entries(page)

    things = [entry.split("Thing ")[1][:3] for entry in seen]
    assert things == [f"{number:03}" for number in reversed(range(120))]
    assert entries(page.follow("Newest"))[0] == seen[0]


@pytest.mark.parametrize("before", ["x", "-1", "1" * 40, "²", "1;drop"])
def test_an_address_that_says_nothing_shows_the_newest(viewer_client, before):
    audit.record(MEGAPHONE, "gone", Subject("other", 1, "Thing"))

    page = get_page(viewer_client, f"/timeline?before={before}")

    assert "the newest entries are shown" in page.text
    assert len(entries(page)) == 1


def test_nothing_yet_is_said(viewer_client):
    assert "Nothing has happened yet" in get_page(viewer_client, "/timeline").text


def test_a_stranger_is_asked_to_sign_in(client):
    assert get_page(client, "/timeline").h1 == "Sign in"
