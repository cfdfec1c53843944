"""The pages of notices, and the line above every page."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.support.client import Client
from tests.support.pages import get_page
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator
from webapp.connections.models import PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.notices import kinds
from webapp.notices.models import Message, Notice, NoticeChoice


def notice(kind: str = kinds.HELD, **values: object) -> Notice:
    now = utc_now()
    defaults: dict[str, object] = {
        "kind": kind,
        "subject": "connection 1",
        "words": f"All sending <b>{kind}</b> is paused.",
        "link": "/sync",
        "opened_at": now - timedelta(hours=1),
        "seen_at": now,
    }
    row = Notice(**defaults | values)
    db.session.add(row)
    db.session.flush()
    return row


def looked(**ago: float) -> None:
    notice(kinds.LOOK, words="", seen_at=utc_now() - timedelta(**ago))


def banners(client: Client, url: str = "/campaigns") -> list[str]:
    main = get_page(client, url).main
    return [e.text for e in main.all("div") if "banner" in e.get("class") and not e.has("hidden")]


@pytest.fixture
def connection(app) -> Connection:
    return factories.connection(last_success_at=utc_now())


def test_one_notice_stands_above_every_page_in_its_words(
    viewer_client: Client, connection: Connection
) -> None:
    notice()
    looked(seconds=30)

    expected = ["All sending <b>held</b> is paused. See what happened"]
    for url in ("/", "/campaigns", "/needs-you"):
        assert banners(viewer_client, url) == expected
    assert banners(viewer_client, "/notices") == []
    assert get_page(viewer_client, "/").links["See what happened"] == "/notices"


def test_of_several_it_says_how_many(viewer_client: Client, connection: Connection) -> None:
    for kind in (kinds.HELD, kinds.CONFLICT, kinds.FAILING):
        notice(kind)

    assert banners(viewer_client) == ["3 notices are open. See what happened"]


def test_what_the_line_says_by_itself_is_not_said_twice(
    viewer_client: Client, connection: Connection
) -> None:
    connection.state, connection.state_reason = PAUSED, "The token was refused"
    notice(kinds.PAUSED)
    (paused,) = banners(viewer_client)
    assert paused.startswith("Megaphone is paused: The token was refused.")
    assert "notice" not in paused
    assert get_page(viewer_client, "/").links["See what happened"] == "/sync"

    notice(kinds.HELD)
    (both,) = banners(viewer_client)
    assert both.startswith("Megaphone is paused: The token was refused.")
    assert both.endswith("All sending <b>held</b> is paused. See what happened")


def test_what_is_over_is_not_said(viewer_client: Client, connection: Connection) -> None:
    notice(closed_at=utc_now())
    looked(seconds=30)

    assert banners(viewer_client) == []


def test_that_no_worker_is_at_work_is_said_by_the_pages_themselves(
    viewer_client: Client, connection: Connection
) -> None:
    looked(minutes=4)

    (line,) = banners(viewer_client)
    assert line.startswith("No worker is at work since ")
    assert "nothing is read or sent." in line


def test_the_line_costs_no_statement_more(viewer_client: Client, connection: Connection) -> None:
    viewer_client.get("/campaigns")
    with count_statements() as without:
        viewer_client.get("/campaigns")
    for kind in kinds.NAMES:
        notice(kind)
    with count_statements() as with_notices:
        viewer_client.get("/campaigns")

    assert len(with_notices) == len(without)


def test_the_list_has_what_is_open_first_and_can_be_filtered(
    viewer_client: Client, connection: Connection
) -> None:
    now = utc_now()
    notice(words="First.", opened_at=now - timedelta(days=3))
    notice(words="Second.", opened_at=now - timedelta(days=2), closed_at=now)
    notice(kinds.FAILING, words="Third.", opened_at=now - timedelta(days=1), closed_at=now)
    looked()

    page = get_page(viewer_client, "/notices")
    assert [row[1] for row in page.rows] == ["First.", "Third.", "Second."]
    assert [row[2] for row in page.rows] == ["Open", "Over", "Over"]
    page = page.submit("Show", {"state": "past", "kind": kinds.FAILING})
    assert [row[:2] for row in page.rows] == [["Failing sync", "Third."]]
    page = page.submit("Show", {"state": "open"})
    assert "No notice matches" in page.text
    assert "does not know" in get_page(viewer_client, "/notices?kind=look").text


def test_without_any_notice_the_page_says_what_will_stand_there(viewer_client: Client) -> None:
    assert "Nothing is the matter" in get_page(viewer_client, "/notices").text


def test_a_page_of_many_takes_a_few_statements(
    viewer_client: Client, connection: Connection
) -> None:
    for _ in range(60):
        notice(closed_at=utc_now())
    with count_statements() as statements:
        page = get_page(viewer_client, "/notices?page=2")

    assert len(page.rows) == 10
    assert "51–60 of 60 notices" in page.text
    assert len(statements) <= 7


def test_messages_that_were_given_up_are_shown_for_a_week(viewer_client: Client) -> None:
    now = utc_now()
    for number, ago in enumerate((1, 8)):
        at = now - timedelta(days=ago)
        row = Message(
            key=f"open-{number}",
            channel="mail",
            recipient="ana@example.com",
            subject=f"Number {number}",
            body="{}",
            created_at=at,
            due_at=at,
            attempts=13,
            given_up_at=at,
            problem="The mail server answered 554.",
        )
        db.session.add(row)

    text = get_page(viewer_client, "/notices").text
    assert "Number 0" in text
    assert "The mail server answered 554." in text
    assert "13 times" in text
    assert "Number 1" not in text


def test_a_manager_hears_of_everything_until_they_choose(
    manager_client: Client, manager: Operator
) -> None:
    page = get_page(manager_client, "/notices/choices")
    values = page.form("Save").values
    assert all(values[kind] == "y" for kind in kinds.NAMES)
    assert kinds.DIGEST not in values
    assert "No mail server is set up" in page.text

    page = page.submit("Save", {kinds.HELD: None, kinds.DIGEST: "y"})
    assert page.notices == "Saved."
    values = page.form("Save").values
    assert kinds.HELD not in values
    assert values[kinds.DIGEST] == "y"
    chosen = {each.kind: each.by_mail for each in db.session.scalars(select(NoticeChoice))}
    assert chosen == {kinds.HELD: False, kinds.DIGEST: True}


def test_a_choice_is_recorded_and_only_when_it_is_another(
    viewer_client: Client, viewer: Operator
) -> None:
    page = get_page(viewer_client, "/notices/choices")
    page.submit("Save")
    page.submit("Save", {kinds.LATE: "y"})
    page.submit("Save", {kinds.LATE: "y"})

    event = db.session.scalars(select(AuditEvent)).one()
    assert (event.actor, event.action, event.field) == (viewer.email, "chose notices", "Late sync")
    assert (event.before, event.after) == ("not by e-mail", "by e-mail")
    text = get_page(viewer_client, "/timeline").text
    assert "chose what is told by e-mail to" in text


def test_one_chooses_for_oneself_alone(
    client: Client, viewer_client: Client, manager: Operator
) -> None:
    get_page(viewer_client, "/notices/choices").submit("Save", {kinds.LATE: "y"})

    (choice,) = db.session.scalars(select(NoticeChoice)).all()
    assert choice.operator_id != manager.id
