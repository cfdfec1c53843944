"""Scripts book, change and archive campaigns: what is saved, and what is refused."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.api.scripts import Script
from tests.support.statements import count_statements
from webapp.audit.models import AuditEvent
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db

WHOLE = {
    "title": "Spring launch",
    "total_budget_cents": 500000,
    "total_budget_currency": "USD",
    "external_id": "IO-7",
    "copy_needed": True,
    "owner": "ana@example.com",
    "notes": "Call first.",
}


@pytest.fixture
def script(client):
    return Script(client, factories.api_token("read write", name="reports"))


@pytest.fixture
def advertiser(app):
    return factories.advertiser(name="Northwind")


@pytest.fixture
def campaign(advertiser):
    factories.operator(email="ana@example.com")
    return factories.campaign(
        title="Before",
        advertiser_id=advertiser.id,
        external_id="IO-1",
        budget=(100, "USD"),
        notes="Old.",
    )


def only_change():
    return db.session.scalars(select(Change)).one()


def members(found, names):
    return {name: found[name] for name in names}


def test_a_booking_is_kept_here_and_is_on_its_way(script, advertiser):
    factories.operator(email="ana@example.com")
    sent = WHOLE | {"advertiser_id": str(advertiser.id)}

    answer = script.call("POST", "/campaigns", 202, sent)

    found = answer.json
    assert members(found, WHOLE) == WHOLE
    assert found["advertiser"]["id"] == str(advertiser.id)
    assert found["megaphone_id"] is None
    assert found["sync"] == {"state": "waiting", "detail": None}
    where = f"/api/v1/campaigns/{found['id']}/sync-status"
    assert answer.headers["Location"] == where
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert script.get(f"/campaigns/{found['id']}") == found
    assert only_change().kind == "create"


def test_a_booking_needs_no_more_than_the_older_service_s_did(script, advertiser):
    found = script.post("/campaigns", {"title": " Spring ", "advertiser_id": advertiser.id})

    assert found["title"] == "Spring"
    assert found["total_budget_cents"] is found["owner"] is None
    assert found["external_id"].startswith("fd-")


def test_the_timeline_names_the_token(script, advertiser):
    made = script.post("/campaigns", {"title": "Spring", "advertiser_id": advertiser.id})

    event = script.get(f"/campaigns/{made['id']}/timeline")["items"][-1]

    assert (event["actor"], event["source"]) == ("token reports", "api")
    assert event["action"] == "booked"


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/title"),
        ({"title": "  "}, "/title"),
        ({"title": "x" * 256}, "/title"),
        ({"title": "a\x00b"}, "/title"),
        ({"title": None}, "/title"),
        ({"advertiser_id": 999_999}, "/advertiser_id"),
        ({"advertiser_id": None}, "/advertiser_id"),
        ({"advertiser_id": "x"}, "/advertiser_id"),
        ({"total_budget_cents": -1}, "/total_budget_cents"),
        ({"total_budget_cents": 1.5}, "/total_budget_cents"),
        ({"total_budget_cents": "100"}, "/total_budget_cents"),
        ({"total_budget_cents": 2**63, "total_budget_currency": "USD"}, "/total_budget_cents"),
        ({"total_budget_cents": 100}, "/total_budget_currency"),
        ({"total_budget_currency": "USD"}, "/total_budget_currency"),
        ({"total_budget_cents": 1, "total_budget_currency": "usd"}, "/total_budget_currency"),
        ({"total_budget_cents": 1, "total_budget_currency": "US"}, "/total_budget_currency"),
        ({"copy_needed": "yes"}, "/copy_needed"),
        ({"owner": "nobody@example.com"}, "/owner"),
        ({"external_id": "x" * 101}, "/external_id"),
        ({"notes": "x" * 5_001}, "/notes"),
        ({"remote_id": "1"}, "/remote_id"),
        ({"megaphone_id": "1"}, "/megaphone_id"),
        ({"state": "confirmed"}, "/state"),
        ({"sync_state": "confirmed"}, "/sync_state"),
        ({"role": "manager"}, "/role"),
        ({"version": 7}, "/version"),
        ({"id": "1"}, "/id"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_what_cannot_be_saved_is_named_and_nothing_is_saved(
    script, campaign, advertiser, sent, pointer, is_new
):
    if is_new:
        usual = {"title": "Spring", "advertiser_id": advertiser.id} if sent else {}
        error = script.post("/campaigns", usual | sent, 422)
    elif pointer == "/total_budget_currency" and len(sent) == 1:
        cleared = {"total_budget_cents": None} if "total_budget_currency" in sent else {}
        swapped = {"total_budget_currency": None} if not cleared else {}
        error = script.put(f"/campaigns/{campaign.uuid}", sent | cleared | swapped, 422)
    else:
        error = script.put(f"/campaigns/{campaign.uuid}", sent, 422)

    assert error["code"] == "invalid"
    if sent or is_new:
        assert pointer in [each["pointer"] for each in error["errors"]]
    db.session.expire_all()
    assert db.session.scalars(select(Campaign.title)).all() == ["Before"]
    assert db.session.scalars(select(Change)).all() == []
    assert db.session.scalars(select(AuditEvent)).all() == []


@pytest.mark.parametrize("body", [[], "x", 5, None])
def test_a_body_that_is_no_object_is_a_422(script, campaign, body):
    for method, path in (("POST", "/campaigns"), ("PUT", f"/campaigns/{campaign.uuid}")):
        answer = script.call(method, path, 422 if body is not None else 415, body)
        assert answer.json["code"] in ("invalid", "not_json")


def test_only_what_is_sent_changes(script, campaign):
    before = script.get(f"/campaigns/{campaign.uuid}")

    after = script.put(f"/campaigns/{campaign.uuid}", {"title": "After"})

    assert after["title"] == "After"
    assert after["version"] == before["version"] + 1
    gone = {"title", "version", "sync", "updated_at"}
    assert {k: v for k, v in after.items() if k not in gone} == {
        k: v for k, v in before.items() if k not in gone
    }
    change = only_change()
    assert (change.kind, change.fields) == ("update", ["title"])


def test_every_member_can_be_changed_at_once(script, campaign):
    other = factories.advertiser(name="Other")

    found = script.put(f"/campaigns/{campaign.uuid}", WHOLE | {"advertiser_id": other.id})

    assert members(found, WHOLE) == WHOLE
    assert found["advertiser"]["name"] == "Other"


def test_null_clears(script, campaign):
    cleared = {"external_id": None, "total_budget_cents": None, "notes": None, "owner": None}
    script.put(f"/campaigns/{campaign.uuid}", {"owner": "ana@example.com"}, 200)

    found = script.put(f"/campaigns/{campaign.uuid}", cleared)

    assert members(found, cleared) == cleared
    assert found["total_budget_currency"] is None


@pytest.mark.parametrize("name", ["title", "advertiser_id", "copy_needed"])
def test_what_has_to_be_there_cannot_be_cleared(script, campaign, name):
    error = script.put(f"/campaigns/{campaign.uuid}", {name: None}, 422)

    assert error["errors"][0]["pointer"] == f"/{name}"


def test_a_budget_of_nothing_is_a_budget(script, campaign):
    found = script.put(f"/campaigns/{campaign.uuid}", {"total_budget_cents": 0})

    assert (found["total_budget_cents"], found["total_budget_currency"]) == (0, "USD")


def test_an_amount_keeps_its_currency_and_a_currency_its_amount(script, campaign):
    path = f"/campaigns/{campaign.uuid}"

    assert script.put(path, {"total_budget_cents": 7})["total_budget_currency"] == "USD"
    assert script.put(path, {"total_budget_currency": "EUR"})["total_budget_cents"] == 7


def test_what_is_kept_here_only_is_done_at_once(script, campaign):
    answer = script.call("PUT", f"/campaigns/{campaign.uuid}", 200, {"notes": "New."})

    assert answer.json["sync"]["state"] == "confirmed"
    assert db.session.scalars(select(Change)).all() == []


def test_what_is_there_already_changes_nothing(script, campaign):
    found = script.put(f"/campaigns/{campaign.uuid}", {"title": "Before"}, 200)

    assert found["version"] == 1
    assert db.session.scalars(select(AuditEvent)).all() == []


def test_an_empty_change_is_refused(script, campaign):
    assert script.put(f"/campaigns/{campaign.uuid}", {}, 422)["code"] == "invalid"


def test_a_campaign_is_archived_here_and_brought_back(script, campaign):
    path = f"/campaigns/{campaign.uuid}/archive"

    assert script.put(path, {"archived": True}, 200)["archived"] is True
    assert script.put(path, {"archived": True}, 200)["archived"] is True
    assert script.put(path, {"archived": False}, 200)["archived"] is False
    actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["archived", "unarchived"]
    assert db.session.scalars(select(Change)).all() == []


@pytest.mark.parametrize("body", [{}, {"archived": "yes"}, {"archived": True, "title": "x"}])
def test_archiving_takes_one_truth(script, campaign, body):
    error = script.put(f"/campaigns/{campaign.uuid}/archive", body, 422)

    db.session.refresh(campaign)
    assert error["errors"][0]["pointer"] == ("/title" if "title" in body else "/archived")
    assert campaign.archived_at is None


def test_who_may_only_read_changes_nothing(client, campaign):
    script = Script(client, factories.api_token("read"))

    for method, path, body in (
        ("POST", "/campaigns", WHOLE | {"advertiser_id": 1}),
        ("PUT", f"/campaigns/{campaign.uuid}", {"title": "x"}),
        ("PUT", f"/campaigns/{campaign.uuid}/archive", {"archived": True}),
        ("POST", "/conflicts/1/resolve", {"choice": "ours"}),
    ):
        assert script.call(method, path, 403, body).json["code"] == "not_allowed"


def test_what_is_not_there_cannot_be_changed(script, campaign):
    nowhere = "/campaigns/0b5b3f52-0000-4000-8000-000000000000"

    assert script.put(nowhere, {"title": "x"}, 404)["code"] == "not_found"
    assert script.put(f"{nowhere}/archive", {"archived": True}, 404)["code"] == "not_found"
    assert db.session.query(AuditEvent).count() == 0


def test_without_a_connection_nothing_can_be_booked(script):
    error = script.post("/campaigns", {"title": "Spring", "advertiser_id": "1"}, 503)

    assert error["code"] == "unavailable"


def test_a_change_costs_a_fixed_number_of_statements(script, campaign):
    script.put(f"/campaigns/{campaign.uuid}", {"notes": "x"}, 200)
    costs = []
    for number in range(2):
        factories.campaigns(20)
        db.session.commit()
        with count_statements() as statements:
            script.put(f"/campaigns/{campaign.uuid}", {"title": f"Title {number}"})
        costs.append(len(statements))

    assert max(costs) <= 45
    # The second one also takes the place of the first one's change.
    assert costs[1] - costs[0] <= 3
