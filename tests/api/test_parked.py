"""What nothing moves on by itself, settled by a script: doubt, gone records, duplicates."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.dry_runs import in_turn
from tests.api.scripts import Script
from tests.changes.test_parked_page import gone, lost_booking, never_sent
from tests.support.statements import count_statements
from webapp.campaigns.models import Campaign, Change
from webapp.campaigns.queries import MADE_THERE
from webapp.core.clock import utc_now
from webapp.core.db import db


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write", name="reports"))


def twin_of(owner):
    return factories.campaign(
        title="Spring",
        advertiser_id=owner.advertiser_id,
        budget=(450_000, "USD"),
        remote_created_at=utc_now() - timedelta(minutes=59),
    )


def unsettled(script, owner):
    return script.get(f"/campaigns/{owner.uuid}/unsettled")


def settle(script, owner, status=202, **body):
    return script.post(f"/campaigns/{owner.uuid}/settle", body, status)


def state(change):
    db.session.rollback()
    return db.session.get_one(Change, change.id).state


def test_a_booking_in_doubt_says_what_is_known_and_what_it_may_be(script):
    owner, change = lost_booking()
    twin = twin_of(owner)

    found = unsettled(script, owner)

    assert found["choices"] == ["find_out", "link", "book_again"]
    assert (found["change_id"], found["detail"]) == (str(change.id), "It was never listed.")
    candidate = found["candidates"][0]
    assert (candidate["id"], candidate["megaphone_id"]) == (str(twin.uuid), twin.remote_id)
    assert candidate["total_budget_cents"] == 450_000


def test_it_is_looked_for_once_more(script):
    owner, change = lost_booking()

    assert settle(script, owner, choice="find_out")["sync"]["state"] == "checking"
    assert state(change) == "settling"


def test_it_is_linked_to_the_record_that_it_is(script):
    owner, change = lost_booking()
    twin = twin_of(owner)
    remote_id = twin.remote_id

    found = settle(script, owner, 200, choice="link", candidate_id=str(twin.uuid))

    assert (found["id"], found["megaphone_id"]) == (str(owner.uuid), remote_id)
    assert state(change) == "applied"
    assert len(db.session.scalars(select(Campaign)).all()) == 1


def test_it_is_linked_to_nothing_else(script):
    owner, change = lost_booking()
    twin_of(owner)
    other = factories.campaign()

    error = settle(script, owner, 422, choice="link", candidate_id=str(other.uuid))

    assert error["errors"][0]["pointer"] == "/candidate_id"
    assert state(change) == "parked"


def test_it_is_booked_again_on_the_word_of_who_looked(script):
    owner, change = lost_booking()

    assert settle(script, owner, choice="book_again")["sync"]["state"] == "waiting"

    assert state(change) == "superseded"
    event = script.get(f"/campaigns/{owner.uuid}/timeline")["items"][0]
    assert (event["actor"], event["action"]) == ("token reports", "looked and booked again")
    assert settle(script, owner, 409, choice="book_again")["code"] == "clash"


def test_one_that_is_there_as_another_campaign_is_never_booked_again(script):
    owner, _ = lost_booking(error_code=MADE_THERE)

    factories.change(owner, state="ready")
    assert unsettled(script, owner)["choices"] == ["archive"]
    settle(script, owner, 409, choice="book_again")
    assert settle(script, owner, 200, choice="archive")["archived"] is True


def test_a_campaign_whose_record_is_gone_is_booked_anew(script):
    owner, _ = gone()

    assert unsettled(script, owner)["choices"] == ["recreate", "detach"]
    found = settle(script, owner, choice="recreate")

    assert (found["megaphone_id"], found["sync"]["state"]) == (None, "waiting")


def test_a_campaign_whose_record_is_gone_is_kept_here_only(script):
    owner, change = gone()

    found = settle(script, owner, 200, choice="detach")

    assert (found["archived"], found["sync"]["state"]) == (True, "gone")
    assert state(change) == "cancelled"


def test_what_was_given_up_unsent_is_sent_after_all(script):
    owner, change = never_sent()

    assert unsettled(script, owner)["choices"] == ["send_again"]
    assert settle(script, owner, choice="send_again")["sync"]["state"] == "waiting"
    assert state(change) == "superseded"


def test_where_nothing_has_to_be_settled_nothing_is(script):
    # Those of a conflict are decided elsewhere.
    owner = factories.campaign(sync_state="conflict", sync_detail="Title")

    assert unsettled(script, owner) == {
        "campaign_id": str(owner.uuid),
        "choices": [],
        "change_id": None,
        "detail": None,
        "candidates": [],
    }
    for choice in ("find_out", "book_again", "archive", "recreate", "detach", "send_again"):
        assert settle(script, owner, 409, choice=choice)["code"] == "clash"
    assert script.get(f"/campaigns/{owner.uuid}")["archived"] is False


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choice": "burn"},
        {"choice": "link"},
        {"choice": "find_out", "candidate_id": "0b5b3f52-0000-4000-8000-000000000000"},
        {"choice": "link", "candidate_id": "nonsense"},
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(script, body):
    owner, change = lost_booking()

    assert settle(script, owner, 422, **body)["code"] == "invalid"
    assert state(change) == "parked"


@pytest.mark.parametrize(
    ("make", "choice", "status"),
    [
        (lost_booking, "find_out", 202),
        (lost_booking, "book_again", 202),
        (gone, "recreate", 202),
        (gone, "detach", 200),
        (never_sent, "send_again", 202),
        (never_sent, "detach", 409),
    ],
)
def test_settling_can_be_tried_out(script, make, choice, status):
    owner, _ = make()
    path = f"/campaigns/{owner.uuid}/settle"

    dry, real = in_turn(script, "POST", path, status, {"choice": choice})

    assert dry == real


def test_second_records_are_listed_by_steps_and_closed(script):
    campaign = factories.campaign(title="Spring")
    other = factories.campaign()
    first = factories.duplicate(campaign, remote_id=other.remote_id)
    second = factories.duplicate(factories.campaign())

    page = script.get("/duplicates?per_page=1")
    rest = script.get(f"/duplicates?per_page=1&cursor={page['meta']['next_cursor']}")

    assert page["items"] == [
        {
            "id": str(first.id),
            "campaign": {"id": str(campaign.uuid), "title": "Spring"},
            "megaphone_id": other.remote_id,
            "external_id": first.marker,
            "duplicate_id": str(other.uuid),
            "seen_at": "2026-03-02T09:30:00.000Z",
            "closed_at": None,
            "closed_by": None,
        }
    ]
    assert [(each["id"], each["duplicate_id"]) for each in rest["items"]] == [
        (str(second.id), None)
    ]
    assert rest["meta"]["next_cursor"] is None
    closed = script.post(f"/duplicates/{first.id}/close", None, 200)
    assert (closed["closed_by"], closed["duplicate_id"]) == ("token reports", str(other.uuid))
    assert script.post(f"/duplicates/{first.id}/close", None, 200) == closed
    assert len(script.get("/duplicates")["items"]) == 1
    script.post("/duplicates/999999/close", None, 404)


def test_closing_a_report_can_be_tried_out(script):
    report = factories.duplicate(factories.campaign())

    dry, real = in_turn(script, "POST", f"/duplicates/{report.id}/close", 200, None)

    assert dry[0].pop("closed_at")
    assert real[0].pop("closed_at")
    assert dry == real


def test_a_list_of_reports_costs_as_many_statements_for_few_as_for_many(script):
    script.get("/duplicates")
    costs = []
    for _ in range(2):
        for _ in range(4):
            factories.duplicate(factories.campaign())
        db.session.commit()
        with count_statements() as statements:
            script.get("/duplicates")
        costs.append(len(statements))

    assert costs[0] == costs[1] <= 5
