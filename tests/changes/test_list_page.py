"""The list of outgoing changes: what is shown, found and linked, and how dearly."""

import re
from datetime import timedelta

import pytest

from tests import factories
from tests.support.markup import parse
from tests.support.pages import get_page
from tests.support.statements import count_statements, written
from webapp.core.clock import utc_now
from webapp.core.db import db

HTMX = {"HX-Request": "true"}
BUDGET = {"before": {"budget": [450_000, "USD"]}, "after": {"budget": [500_000, "USD"]}}


def change(title, **values):
    state = values.pop("sync_state", "waiting")
    owner = factories.campaign(title=title, sync_state=state)
    return factories.change(owner, **{"fields": ["budget"], **BUDGET, **values})


def titles(page):
    return [row.one("th").text for row in page.main.one("tbody").all("tr")]


def test_a_row_says_what_changes_in_which_state_for_whom_and_what_is_next(manager_client):
    ana = factories.operator(email="ana@example.com")
    change(
        "Spring",
        operator_id=ana.id,
        next_attempt_at=utc_now() + timedelta(minutes=4, seconds=59),
        attempts=2,
        error_code="rate_limited",
        last_error="Megaphone asked us to wait.",
        last_status=429,
    )

    row = get_page(manager_client, "/changes").rows[0]

    assert row[0] == "Spring"
    assert row[1] == "budget: from USD 4,500.00 to USD 5,000.00"
    assert row[2] == "Waiting"
    assert row[3] == "Next attempt in 4 min Megaphone asked us to wait. (429) 2 attempts."
    assert row[4].endswith("ana@example.com")


def test_a_booking_shows_what_is_new_and_an_advertiser_by_name(manager_client):
    northwind = factories.advertiser(name="Northwind")
    booked = factories.campaign(title="Café", waiting=True, advertiser_id=northwind.id)
    after = {"title": "Café", "advertiser": northwind.id, "budget": [120_000, "EUR"]}
    factories.change(booked, after=after, fields=["title", "advertiser", "budget"])

    row = get_page(manager_client, "/changes").rows[0]

    assert row[1] == "New booking advertiser: Northwind budget: EUR 1,200.00"


def test_what_sync_itself_has_to_send_names_its_fields_only(manager_client):
    change("Spring", before=None, after=None, fields=["title", "budget"], operator_id=None)

    row = get_page(manager_client, "/changes").rows[0]

    assert row[1] == "title budget"
    assert row[4].endswith("sync")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "held", "held_by": "ana@example.com"}, "On hold by ana@example.com"),
        ({"state": "settling", "settle_until": factories.SOME_DAY}, "Megaphone is asked"),
        ({"state": "sent", "sent_at": factories.SOME_DAY}, "Sent 2 Mar"),
        ({"state": "claimed"}, "Being sent now"),
        ({}, "As soon as its turn comes"),
        ({"sync_state": "conflict"}, "What is in conflict waits for a decision"),
        ({"sync_state": "parked"}, "Waits until the booking is settled"),
    ],
)
def test_a_change_that_has_not_arrived_says_why(viewer_client, values, words):
    change("Spring", **values)

    assert words in get_page(viewer_client, "/changes").rows[0][3]


def test_a_change_that_was_put_off_says_until_when(viewer_client):
    change("Spring", not_before=utc_now() + timedelta(hours=3, minutes=59))

    page = get_page(viewer_client, "/changes")

    assert page.rows[0][3] == "To be sent in 3 h"
    assert "1 to be sent later" in page.text


@pytest.mark.parametrize(
    ("values", "row", "notice"),
    [
        ({"state": "paused"}, "the connection is paused", "Megaphone is paused"),
        (
            {"held_at": factories.SOME_DAY, "held_by": "ana", "hold_reason": "Month end"},
            "all sending is paused",
            "by ana: Month end. Changes wait; none is lost.",
        ),
        (
            {"failures": 5},
            "until Megaphone answers again",
            "failed 5 times in a row. One call a minute tries it, the next in a moment.",
        ),
    ],
)
def test_a_connection_that_sends_nothing_says_so_above_and_in_each_row(
    viewer_client, values, row, notice
):
    factories.connection(**values)
    change("Spring")

    page = get_page(viewer_client, "/changes")

    assert row in page.rows[0][3]
    assert notice in page.text


def test_the_forecast_counts_what_may_go_out_now(viewer_client):
    viewer_client.application.config["SETTINGS"].megaphone_requests_per_minute = 60
    for number in range(120):
        change(f"Spring {number}")
    change("On hold", state="held")

    assert "120 waiting, about 5 min at 54 requests a minute; 1 on hold." in (
        get_page(viewer_client, "/changes").text
    )


def test_no_time_is_promised_while_megaphone_does_not_answer(viewer_client):
    factories.connection(failures=5)
    change("Spring")
    assert "1 waiting while nothing is sent." in get_page(viewer_client, "/changes").text


def test_nothing_goes_out_of_a_connection_on_hold(viewer_client):
    factories.connection(held_at=utc_now(), hold_reason="Month end")
    change("Spring")

    text = get_page(viewer_client, "/changes").text

    assert "1 waiting while nothing is sent" in text
    assert "1 waiting, " not in text


def test_what_has_ended_is_left_out_until_it_is_asked_for(viewer_client):
    change("Under way")
    change("Confirmed", state="applied")
    change("Refused", state="rejected")

    assert titles(get_page(viewer_client, "/changes")) == ["Under way"]
    everything = titles(get_page(viewer_client, "/changes?state=all"))
    assert everything == ["Refused", "Confirmed", "Under way"]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("waiting", "ready"),
        ("on-hold", "held"),
        ("sending", "sent"),
        ("checking", "settling"),
        ("confirmed", "applied"),
        ("refused", "rejected"),
        ("needs-you", "parked"),
        ("replaced", "superseded"),
        ("cancelled", "cancelled"),
    ],
)
def test_states_are_filtered_by_the_words_that_people_use(viewer_client, word, state):
    for each in ("ready", "held", "sent", "settling", "applied", "rejected", "parked"):
        change(each, state=each)
    for each in ("superseded", "cancelled"):
        change(each, state=each)

    assert titles(get_page(viewer_client, f"/changes?state={word}")) == [state]


def test_filters_narrow_by_kind_operator_age_reason_and_campaign(viewer_client):
    ana = factories.operator(email="ana@example.com")
    hour_ago = utc_now() - timedelta(hours=1, minutes=5)
    change("Mine", operator_id=ana.id)
    old = change("Old", created_at=hour_ago)
    change("Failing", error_code="unreachable")
    factories.change(factories.campaign(title="Booking", waiting=True))

    def found(query):
        return titles(get_page(viewer_client, f"/changes?sort=saved&{query}"))

    assert found("kind=create") == ["Booking"]
    assert found(f"operator={ana.id}") == ["Mine"]
    assert found("age=1h") == ["Old"]
    assert found("age=last-1h") == ["Mine", "Failing", "Booking"]
    assert found("why=unreachable") == ["Failing"]
    assert found("why=queue&kind=update") == ["Mine", "Old"]
    uuid = db.session.get(factories.Campaign, old.campaign_id).uuid
    assert found(f"campaign={uuid}") == ["Old"]


def test_a_search_finds_by_title_external_id_and_one_time_key(viewer_client):
    named = factories.change(factories.campaign(title="Spring", external_id="IO-7"))
    change("Autumn")

    for query in ("spring", "io-7", str(named.intent_key)):
        assert titles(get_page(viewer_client, f"/changes?q={query}")) == ["Spring"]


def test_the_list_sorts_by_campaign_and_by_what_comes_next(viewer_client):
    soon, later = utc_now() + timedelta(minutes=1), utc_now() + timedelta(hours=1)
    change("Beta", next_attempt_at=soon)
    change("Alpha", next_attempt_at=later)

    assert titles(get_page(viewer_client, "/changes?sort=campaign")) == ["Alpha", "Beta"]
    assert titles(get_page(viewer_client, "/changes?sort=next")) == ["Beta", "Alpha"]


def test_chips_say_what_is_applied_and_lead_away_from_it(viewer_client):
    change("Spring", state="held")

    page = get_page(viewer_client, "/changes?q=spring&state=on-hold&age=1h")
    chips = {
        chip.text: chip.one("a")["href"]
        for chip in page.main.all("li")
        if "chip" in chip.get("class").split()
    }

    assert chips["state On hold"] == "/changes?q=spring&age=1h"
    assert chips["age Older than 1 h"] == "/changes?q=spring&state=on-hold"


@pytest.mark.parametrize(
    "query",
    ["state=odd", "kind=odd", "operator=x", "connection=x", "age=9y", "why=odd", "campaign=x"],
)
def test_a_filter_that_is_not_known_is_left_out_with_a_note(viewer_client, query):
    change("Spring")

    page = get_page(viewer_client, f"/changes?{query}")

    assert "it was left out" in page.text
    assert titles(page) == ["Spring"]


def test_changes_of_a_connection_no_longer_in_the_settings_are_not_shown(viewer_client):
    gone = factories.connection(state="detached")
    factories.change(factories.campaign(title="Old", connection_id=gone.id))
    change("Spring")

    assert titles(get_page(viewer_client, "/changes")) == ["Spring"]


def test_htmx_gets_the_same_rows_as_a_fragment_and_a_tidy_address(manager_client):
    change("Spring")
    address = "/changes?q=spring&state=open&kind=&age=&operator=&per_page=50"

    answer = manager_client.get(address, headers=HTMX)

    assert "<html" not in answer.text
    assert answer.headers["HX-Push-Url"] == "/changes?q=spring"
    assert re.search(r"<th scope=\"row\">.*Spring", answer.text)


def region(page):
    """The part of the page that asks for news."""
    return page.root.one(id="outgoing")


@pytest.mark.parametrize(
    ("query", "is_live"),
    [
        ("", True),
        ("?state=checking&page=1", True),
        ("?state=all", True),
        ("?state=confirmed", False),
        ("?state=refused", False),
    ],
)
def test_the_list_asks_for_news_while_something_in_it_can_change(viewer_client, query, is_live):
    assert region(get_page(viewer_client, f"/changes{query}")).has("data-live") is is_live


def test_news_come_from_the_list_s_own_address_with_what_stands_above_it(viewer_client):
    factories.connection(held_at=utc_now(), held_by="ana", hold_reason="Month end")
    for number in range(30):
        change(f"Spring {number:02}")
    page = get_page(viewer_client, "/changes?sort=campaign&per_page=25&page=2")

    news = parse(viewer_client.get(region(page)["data-live"], headers=HTMX).text)

    rows = news.one(id="outgoing").one("tbody").all("tr")
    assert [row.one("th").text for row in rows] == [f"Spring {number}" for number in range(25, 30)]
    outlook = news.one(id="outlook")
    assert outlook.has("data-beside")
    assert "30 waiting while nothing is sent." in outlook.text
    assert "by ana: Month end" in outlook.text


def test_pages_follow_each_other(viewer_client):
    for number in range(30):
        change(f"Spring {number:02}")

    first = get_page(viewer_client, "/changes?per_page=25&sort=campaign")
    second = first.follow("Next")

    assert "1–25 of 30" in first.text
    assert titles(second) == [f"Spring {number}" for number in range(25, 30)]
    assert get_page(viewer_client, "/changes?page=9").follow("Go to the first page").rows


def test_an_empty_list_says_so_and_a_search_without_result_what_to_drop(viewer_client):
    change("Spring", state="applied")

    assert "Nothing is under way" in get_page(viewer_client, "/changes").text
    page = get_page(viewer_client, "/changes?state=refused")
    assert titles(page.follow("Without state “Refused”").follow("Show ended changes too"))


def test_a_viewer_sees_no_way_to_act(viewer_client):
    change("Spring")

    page = get_page(viewer_client, "/changes")

    assert page.main.all("button", name="verb") == []
    assert "Send later" not in page.links


def test_the_list_costs_eight_statements_whatever_it_shows(manager_client):
    factories.connection(last_attempt_at=utc_now(), last_success_at=factories.SOME_DAY)
    adv = factories.advertiser()
    sides = {"before": {"advertiser": adv.id}, "after": {"advertiser": None}}
    for campaign_id in factories.campaigns(60, title=lambda n: f"Spring {n}"):
        owner = db.session.get_one(factories.Campaign, campaign_id)
        factories.change(owner, fields=["advertiser"], **sides)
    db.session.commit()

    with count_statements() as few:
        manager_client.get("/changes?q=spring&why=queue&per_page=25")
    with count_statements() as many:
        manager_client.get("/changes?q=spring&why=queue&per_page=50")

    assert len(few) == len(many) <= 8
    assert written(many) == []
