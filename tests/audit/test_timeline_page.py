"""The timeline: everything that happened, as a list with filters, sorts, pages and a file."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests import factories
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.audit import listing
from webapp.audit import service as audit
from webapp.audit.moving import move_history
from webapp.audit.service import Actor, FieldChange, Subject
from webapp.campaigns import service
from webapp.core.clock import utc_now
from webapp.core.db import db

MEGAPHONE = Actor("Megaphone", "sync")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rows(page):
    return [row.text for row in page.main.one("tbody").all("tr")]


def things(page):
    """The names of the things that a page of the list tells of."""
    if not page.main.all("tbody"):
        return []
    return [row.split("Thing ")[1].split()[0] for row in rows(page)]


def happened(
    name: str, *, actor=MEGAPHONE, action="gone", kind="other", at=None, **more
) -> Subject:
    subject = Subject(kind, int.from_bytes(name.encode()) % 10_000, f"Thing {name}")
    audit.record(actor, action, subject, at=at, **more)
    return subject


def test_it_says_who_did_what_to_which_campaign_newest_first(viewer_client):
    campaign = factories.campaign(title="Spring")
    subject = service.subject(campaign)
    audit.record(factories.ACTOR, "edited", subject, [FieldChange("title", "Winter", "Spring")])
    audit.record(MEGAPHONE, "gone", subject)

    page = get_page(viewer_client, "/timeline")

    newest, oldest = rows(page)
    assert "Megaphone no longer has Spring" in newest
    assert "tester@example.com edited Spring" in oldest
    assert "title: from Winter to Spring" in oldest
    assert page.follow("Spring").h1 == "Spring"


def test_the_fields_of_one_edit_are_one_row_in_the_order_of_the_form(viewer_client):
    subject = service.subject(factories.campaign())
    changes = [FieldChange("title", "a", "b"), FieldChange("budget", None, "USD 5.00")]
    audit.record(factories.ACTOR, "edited", subject, changes)
    audit.record(factories.ACTOR, "edited", subject, changes, at=utc_now() - timedelta(minutes=1))

    for sort in ("-when", "when", "kind"):
        found = rows(get_page(viewer_client, f"/timeline?sort={sort}"))
        assert len(found) == 2
        assert all(row.index("title: ") < row.index("budget: ") for row in found)


def test_what_has_no_page_is_named_without_a_link(viewer_client):
    audit.record(
        factories.ACTOR, "paused", Subject("connection", 1, "Megaphone"), reason="No token"
    )

    page = get_page(viewer_client, "/timeline")

    assert "paused Megaphone" in rows(page)[0]
    assert "“No token”" in rows(page)[0]
    assert "Megaphone" not in page.links


class TestFilters:
    @pytest.fixture(autouse=True)
    def _events(self, manager, viewer_client):
        self.client = viewer_client
        self.manager = manager
        ana = Actor(manager.email, "web", operator_id=manager.id, request_id="req-0815")
        happened("edit", actor=ana, action="edited", reason="Asked by letter")
        happened("pull", kind="campaign", at=NOON)
        happened("script", actor=Actor("token T", "api", operator_id=manager.id), at=NOON)
        happened("cli", actor=Actor("root", "cli"), action="created", at=NOON - timedelta(days=40))

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("source=api", ["script"]),
            ("source=sync", ["pull"]),
            ("kind=campaign", ["pull"]),
            ("action=created", ["cli"]),
            ("who=nobody", ["pull", "cli"]),
            ("from=2026-03-02", ["edit", "script", "pull"]),
            ("to=2026-03-01", ["cli"]),
            ("from=2026-03-02&to=2026-03-02", ["script", "pull"]),
            ("q=LETTER", ["edit"]),
            ("q=req-0815", ["edit"]),
            ("q=thing+token", ["script"]),
            ("q=100%25", []),
            ("source=api&action=created", []),
        ],
    )
    def test_each_leaves_what_it_says(self, asked, found):
        assert things(get_page(self.client, f"/timeline?{asked}")) == found

    def test_one_person_pages_and_scripts(self):
        page = get_page(self.client, f"/timeline?who={self.manager.id}")
        assert things(page) == ["edit", "script"]
        assert self.manager.email in page.main.one("ul").text
        assert things(get_page(self.client, "/timeline").follow(self.manager.email)) == things(page)

    def test_one_object_and_what_is_told_of_it_by_its_own_name(self):
        page = get_page(self.client, "/timeline").follow("All of this campaign")
        assert things(page) == ["pull"]
        assert "about Thing pull" in page.main.one("ul").text

    def test_one_that_went_and_whose_number_was_given_on_is_not_told_of(self):
        gone = happened("old", kind="campaign")
        move_history(MEGAPHONE, gone, Subject("campaign", 9_999, "Thing new"))
        page = get_page(self.client, f"/timeline?about=campaign-{gone.id}")
        assert things(page) == []

    @pytest.mark.parametrize(
        "asked",
        [
            "who=x",
            "source=nowhere",
            "kind=%27",
            "action=A;B",
            "about=campaign",
            "about=campaign-" + "9" * 12,
            "from=yesterday",
            "to=2026-02-30",
            "from=0001-01-01",
        ],
    )
    def test_what_it_does_not_know_is_left_out_and_said(self, asked):
        page = get_page(self.client, f"/timeline?{asked}")
        assert len(rows(page)) == 4
        assert "left out" in page.text


@pytest.mark.parametrize("sort", ["when", "source", "kind", "action"])
def test_each_sort_goes_both_ways(viewer_client, sort):
    for number, name in enumerate("abc"):
        actor = Actor("x", ("api", "cli", "web")[number])
        at = NOON + timedelta(hours=number)
        happened(name, actor=actor, action=f"{name} done", kind=name, at=at)
    assert things(get_page(viewer_client, f"/timeline?sort={sort}")) == ["a", "b", "c"]
    assert things(get_page(viewer_client, f"/timeline?sort=-{sort}")) == ["c", "b", "a"]


def test_pages_follow_without_gap_or_repetition(viewer_client):
    for number in range(120):
        happened(f"{number:03}")
    page = get_page(viewer_client, "/timeline?per_page=50")
    seen = things(page)
    assert "1–50 of 120 events" in page.text
    while "Next" in page.links:
        page = page.follow("Next")
        seen += things(page)
    assert seen == [f"{number:03}" for number in reversed(range(120))]


def test_words_are_looked_for_in_the_newest_only(viewer_client, monkeypatch):
    monkeypatch.setattr(listing, "MOST_SEARCHED", 2)
    happened("old", reason="letter", at=NOON)
    happened("new", reason="letter")
    happened("newest", reason="mail")
    page = get_page(viewer_client, "/timeline?q=letter")
    assert things(page) == ["new"]
    assert "choose days to look in earlier ones" in page.text
    assert things(get_page(viewer_client, "/timeline?q=letter&to=2026-03-02")) == ["old"]


def test_a_page_costs_the_same_however_much_it_shows(viewer_client):
    def cost() -> int:
        db.session.commit()
        with count_statements() as statements:
            assert viewer_client.get("/timeline?source=sync&q=thing").status_code == 200
        return len(statements)

    happened("one")
    few = cost()
    for number in range(60):
        happened(f"{number:03}", kind="campaign")
    assert cost() <= few + 2


class TestFile:
    def read(self, client, asked=""):
        answer = client.get(f"/timeline.csv{asked}")
        assert answer.mimetype == "text/csv"
        text = answer.data.decode()
        assert text.startswith("\ufeff")
        return list(csv.DictReader(io.StringIO(text[1:])))

    def test_it_holds_the_whole_list_in_its_order(self, viewer_client):
        for number in range(60):
            happened(f"{number:03}", at=NOON + timedelta(minutes=number))
        happened("mine", actor=factories.ACTOR)
        found = self.read(viewer_client, "?source=sync&sort=when&per_page=25&page=2")
        assert [row["object"] for row in found] == [f"Thing {n:03}" for n in range(60)]
        assert found[0]["at"] == "2026-03-02T12:00:00.000+00:00"

    def test_no_spreadsheet_calculates_what_is_in_it(self, viewer_client):
        change = FieldChange("title", "=1+1", "@SUM(A1)")
        actor = Actor("+49 30 1234", "web", request_id="r-1")
        audit.record(actor, "edited", Subject("campaign", 1, "-x"), [change], reason="\t=x")
        (row,) = self.read(viewer_client)
        for name, text in {
            "before": "=1+1",
            "after": "@SUM(A1)",
            "object": "-x",
            "actor": "+49 30 1234",
            "reason": "\t=x",
        }.items():
            assert row[name] == f"'{text}"
        assert row["request_id"] == "r-1"

    def test_the_page_links_to_the_file_of_its_own_list(self, viewer_client):
        happened("a")
        happened("b", actor=factories.ACTOR)
        page = get_page(viewer_client, "/timeline?source=sync")
        assert page.links["As a file (CSV)"] == "/timeline.csv?source=sync"


def test_nothing_yet_is_said(viewer_client):
    assert "Nothing has happened yet" in get_page(viewer_client, "/timeline").text


def test_a_stranger_is_asked_to_sign_in(client):
    assert get_page(client, "/timeline").h1 == "Sign in"
    assert client.get("/timeline.csv").status_code == 302
