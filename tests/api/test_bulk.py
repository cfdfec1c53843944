"""Bulk changes by scripts: tried out, carried out row by row, paused, stopped and undone."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories
from tests.support.statements import count_statements
from webapp.api.models import ApiAnswer
from webapp.audit.models import AuditEvent
from webapp.bulk import runner
from webapp.bulk.models import UNDER_WAY, BulkJob
from webapp.campaigns.models import Campaign
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.query import MAX_LENGTH

WANTED_BUDGET = {"total_budget_cents": 100, "total_budget_currency": "USD"}
NOT_THERE = "0b5b3f52-0000-4000-8000-000000000000"


@pytest.fixture
def script(client, manager):
    token = factories.api_token("read write", name="Nightly", operator_id=manager.id)

    def send(method, path, body=None, status=200):
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(f"/api/v1{path}", method=method, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        db.session.expire_all()
        return answer.json

    return send


@pytest.fixture
def campaigns(app):
    return [
        factories.campaign(title=f"Spring {number}", budget=(1000 * (number + 1), "USD"))
        for number in range(3)
    ]


def wanted(campaigns, operation, **more):
    return {
        "selection": {"ids": [str(each.uuid) for each in campaigns]},
        "operation": operation,
        **more,
    }


def carried_out(answer):
    """Do the worker's part of it."""
    job = db.session.scalars(select(BulkJob).order_by(BulkJob.id.desc()).limit(1)).one()
    assert str(job.uuid) == answer["id"]
    while job.state in UNDER_WAY:
        runner.run_batch(job.id, utc_now())
        db.session.refresh(job)
    db.session.commit()


def budgets():
    db.session.expire_all()
    return list(db.session.scalars(select(Campaign.total_budget_minor).order_by(Campaign.id)))


def test_a_dry_run_gives_the_plan_and_leaves_nothing(script, campaigns):
    body = wanted(campaigns, {"percent": {"by": "10"}})
    before = budgets()

    plan = script("POST", "/campaigns/bulk?dry_run=1", body)

    assert (plan["planned"], plan["refused"], plan["unchanged"]) == (3, 0, 0)
    assert plan["totals"] == [
        {"currency": "USD", "campaigns": 3, "before_cents": 6000, "after_cents": 6600}
    ]
    assert plan["rows"][0]["after"] == {"total_budget_cents": 1100, "total_budget_currency": "USD"}
    assert plan["operation"] == "Raise the budget by 10 %"
    assert budgets() == before
    assert db.session.query(BulkJob).count() == 0


def test_what_is_carried_out_is_what_was_planned(script, campaigns):
    body = wanted(campaigns, {"percent": {"by": "-12.5"}}, note="Agreed on 2 March.")
    plan = script("POST", "/campaigns/bulk?dry_run=1", body)

    started = script("POST", "/campaigns/bulk", body, 202)
    carried_out(started)

    after = script("GET", f"/bulk/{started['id']}")
    assert (after["state"], after["done"], after["failed"]) == ("finished", 3, 0)
    assert [row["after"] for row in after["rows"]] == [row["after"] for row in plan["rows"]]
    assert budgets() == [row["after"]["total_budget_cents"] for row in plan["rows"]]
    assert after["sending"] == {"changes": 3, "confirmed": 0, "open": 3}
    notes = db.session.scalars(select(AuditEvent.reason).where(AuditEvent.action == "noted on"))
    assert list(notes) == ["Agreed on 2 March."]
    actors = db.session.scalars(select(AuditEvent.actor).where(AuditEvent.action == "edited"))
    assert set(actors) == {"token Nightly"}


def test_what_cannot_be_done_is_refused_row_by_row_with_its_reason(script, campaigns):
    yen = factories.campaign(title="Yen", budget=(500, "JPY"))
    body = wanted([*campaigns, yen], {"add": {"cents": 100, "currency": "USD"}})

    plan = script("POST", "/campaigns/bulk?dry_run=1", body)
    carried_out(script("POST", "/campaigns/bulk", body, 202))

    reason = "Its budget is in JPY, and the amount in USD."
    assert plan["reasons"] == [{"message": reason, "rows": 1}]
    assert (plan["planned"], plan["refused"]) == (3, 1)
    assert budgets() == [1100, 2100, 3100, 500]


def test_a_query_picks_what_the_list_finds(script, campaigns):
    factories.campaign(title="Autumn")
    body = {"selection": {"q": "spring"}, "operation": {"archive": {}}}

    started = script("POST", "/campaigns/bulk", body, 202)
    carried_out(started)

    archived = db.session.scalars(select(Campaign.title).where(Campaign.archived_at.is_not(None)))
    assert sorted(archived) == ["Spring 0", "Spring 1", "Spring 2"]
    assert started["selection"] == "All 3 campaigns that match spring"


@pytest.mark.parametrize(
    ("q", "listed", "picked"),
    [("spring", 3, 2), ("spring archived:any", 3, 3), ("spring archived:yes", 1, 1)],
)
def test_a_query_picks_archived_campaigns_only_where_it_says_so(
    script, campaigns, q, listed, picked
):
    campaigns[0].archived_at = utc_now()
    db.session.commit()
    body = {"selection": {"q": q}, "operation": {"budget": WANTED_BUDGET}}

    assert script("GET", f"/campaigns?q={q}")["meta"]["total"] == listed
    assert script("POST", "/campaigns/bulk?dry_run=1", body)["total"] == picked


def test_a_query_is_as_long_as_on_the_page(script, campaigns):
    longest, tried = f'"{"x" * (MAX_LENGTH - 2)}"', {"owner": {"owner": None}}

    assert script("GET", f"/campaigns?q={longest}")["items"] == []
    problem = script("GET", f"/campaigns?q={longest}x", status=422)
    assert problem["errors"][0]["pointer"] == "?q"
    selection = {"q": f"-{longest[:-1]}"}
    body = {"selection": selection, "operation": tried}
    assert script("POST", "/campaigns/bulk?dry_run=1", body)["total"] == 3
    problem = script("POST", "/campaigns/bulk", {**body, "selection": {"q": f"-{longest}"}}, 422)
    assert problem["errors"][0]["pointer"] == "/selection/q"


def test_big_rises_must_be_meant(script, campaigns):
    operation = {"budget": {"total_budget_cents": 900_000, "total_budget_currency": "USD"}}
    body = wanted(campaigns, operation)

    assert script("POST", "/campaigns/bulk?dry_run=1", body)["needs_confirmation"] is True
    refused = script("POST", "/campaigns/bulk", body, 422)
    assert refused["errors"][0]["pointer"] == "/confirmed"
    assert db.session.query(BulkJob).count() == 0
    carried_out(script("POST", "/campaigns/bulk", body | {"confirmed": True}, 202))
    assert budgets() == [900_000] * 3


@pytest.mark.parametrize(
    ("operation", "member", "value"),
    [
        ({"owner": {"owner": "manager@example.com"}}, "owner", "manager@example.com"),
        ({"owner": {"owner": None}}, "owner", None),
        ({"title": {"find": "spring ", "replacement": "Summer-"}}, "title", "Summer-0"),
        ({"unarchive": {}}, "archived", False),
        ({"percent": {"by": 25}}, "total_budget_cents", 1250),
    ],
)
def test_every_operation_of_the_page_is_there(script, manager, operation, member, value):
    owner = manager if operation == {"owner": {"owner": None}} else None
    archived = factories.SOME_DAY if "unarchive" in operation else None
    campaign = factories.campaign(
        title="Spring 0", budget=(1000, "USD"), owner=owner, archived_at=archived
    )

    plan = script("POST", "/campaigns/bulk?dry_run=1", wanted([campaign], operation))

    assert plan["rows"][0]["after"][member] == value


def test_the_advertiser_is_set_by_its_id_as_text_or_number(script, campaigns):
    other = factories.advertiser(name="Other")
    number, text = other.id, str(other.id)

    for id_ in (number, text):
        body = wanted(campaigns[:1], {"advertiser": {"advertiser_id": id_}})
        plan = script("POST", "/campaigns/bulk?dry_run=1", body)
        assert plan["rows"][0]["after"] == {"advertiser_id": text}


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"selection": {}}, "/selection"),
        ({"selection": {"q": "spring", "ids": [NOT_THERE]}}, "/selection"),
        ({"selection": {"q": "budgt:>5"}}, "/selection/q"),
        ({"selection": {"q": "nothingatall"}}, "/selection/q"),
        ({"selection": {"ids": ["x"]}}, "/selection/ids/0"),
        ({"selection": {"ids": [NOT_THERE]}}, "/selection/ids/0"),
        ({"operation": {}}, "/operation"),
        ({"operation": {"archive": {}, "unarchive": {}}}, "/operation"),
        ({"operation": {"unarchive": {}}}, "/selection"),
        ({"operation": {"percent": {"by": "0"}}}, "/operation/percent"),
        ({"operation": {"percent": {"by": "1001"}}}, "/operation/percent/by"),
        ({"operation": {"owner": {"owner": "x@example.com"}}}, "/operation/owner/owner"),
        (
            {"operation": {"advertiser": {"advertiser_id": 4711}}},
            "/operation/advertiser/advertiser_id",
        ),
        ({"operation": {"add": {"cents": 5, "currency": "XXY"}}}, "/operation/add/currency"),
        ({"state": "finished"}, "/state"),
    ],
)
def test_what_cannot_be_begun_is_pointed_at(script, campaigns, part, pointer):
    body = wanted(campaigns, {"archive": {}}) | part

    errors = script("POST", "/campaigns/bulk", body, 422)["errors"]

    assert [error["pointer"] for error in errors] == [pointer]
    assert db.session.query(BulkJob).count() == 0


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"selection": {"q": "nothingatall"}}, "No campaign matches it."),
        ({"selection": {"ids": [NOT_THERE]}}, "There is no such campaign."),
        ({"operation": {"unarchive": {}}}, "Nothing of these can be changed by it. A dry run"),
        ({"operation": {"percent": {"by": 90}}}, "Some budgets rise by more than 50 %, fall by"),
    ],
)
def test_scripts_are_told_nothing_of_ticks(script, campaigns, part, said):
    body = wanted(campaigns, {"archive": {}}) | part

    (error,) = script("POST", "/campaigns/bulk", body, 422)["errors"]

    assert error["message"].startswith(said)
    assert not {"tick", "ticked", "page"} & set(error["message"].lower().replace(".", "").split())


@pytest.mark.parametrize(
    "operation",
    [
        {"percent": {"by": -100}},
        {"budget": {"total_budget_cents": 1000, "total_budget_currency": "JPY"}},
    ],
)
def test_falls_and_other_currencies_must_be_meant_too(script, campaigns, operation):
    body = wanted(campaigns, operation)

    assert script("POST", "/campaigns/bulk?dry_run=1", body)["needs_confirmation"] is True
    refused = script("POST", "/campaigns/bulk", body, 422)
    assert refused["errors"][0]["pointer"] == "/confirmed"
    script("POST", "/campaigns/bulk", body | {"confirmed": True}, 202)


def test_an_id_that_nobody_has_is_named_among_those_that_are_there(script, campaigns):
    body = wanted(campaigns, {"archive": {}})
    body["selection"]["ids"].insert(1, str(uuid4()))

    errors = script("POST", "/campaigns/bulk", body, 422)["errors"]

    assert [error["pointer"] for error in errors] == ["/selection/ids/1"]


def test_it_is_paused_resumed_and_stopped(script, campaigns):
    started = script("POST", "/campaigns/bulk", wanted(campaigns, {"archive": {}}), 202)
    path = f"/bulk/{started['id']}"

    assert script("POST", f"{path}/pause")["state"] == "paused"
    assert script("POST", f"{path}/pause", status=409)["code"] == "clash"
    assert script("POST", f"{path}/resume")["state"] == "queued"
    stopped = script("POST", f"{path}/cancel")
    assert (stopped["state"], stopped["left_out"]) == ("cancelled", 3)
    assert script("POST", f"{path}/resume", status=409)["detail"] == "It was stopped already."


def test_it_is_undone_by_one_that_can_be_tried_first(script, campaigns):
    before = budgets()
    started = script("POST", "/campaigns/bulk", wanted(campaigns, {"percent": {"by": 10}}), 202)
    path = f"/bulk/{started['id']}"
    assert script("POST", f"{path}/undo", status=409)["code"] == "clash"
    carried_out(started)

    plan = script("POST", f"{path}/undo?dry_run=1")
    undone = script("POST", f"{path}/undo", status=202)
    carried_out(undone)

    assert plan["planned"] == 3
    assert undone["undoes"] == started["id"]
    assert budgets() == before


def test_rows_come_by_pages_and_states(script, campaigns):
    started = script("POST", "/campaigns/bulk", wanted(campaigns, {"archive": {}}), 202)
    carried_out(started)
    path = f"/bulk/{started['id']}"

    done = script("GET", f"{path}?show=done")
    assert done["meta"] == {"page": 1, "per_page": 100, "total": 3}
    assert {row["campaign_id"] for row in done["rows"]} == {str(c.uuid) for c in campaigns}
    assert script("GET", f"{path}?show=left_out")["rows"] == []
    assert script("GET", f"{path}?page=2")["rows"] == []


def test_a_token_of_nobody_and_one_that_only_reads_begin_nothing(client, campaigns):
    body = wanted(campaigns, {"archive": {}})
    for scopes, owner in (("read write", None), ("read", factories.operator().id)):
        token = factories.api_token(scopes, operator_id=owner)
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.post("/api/v1/campaigns/bulk", headers=headers, json=body)
        assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("name", ["x", NOT_THERE])
def test_one_that_is_not_there_is_a_404(script, name):
    for method, path in (("GET", f"/bulk/{name}"), ("POST", f"/bulk/{name}/cancel")):
        assert script(method, path, status=404)["code"] == "not_found"


def test_more_campaigns_cost_no_more_statements(script):
    operation = {"percent": {"by": 10}}

    def cost(number):
        found = [factories.campaign(budget=(1000, "USD")) for _ in range(number)]
        body = wanted(found, operation)
        db.session.commit()
        with count_statements() as statements:
            started = script("POST", "/campaigns/bulk", body, 202)
        with count_statements() as reading:
            script("GET", f"/bulk/{started['id']}")
        return len(statements), len(reading)

    cost(1)
    assert cost(2) == cost(40)


def test_one_that_died_before_its_answer_is_not_started_twice(client, manager, campaigns):
    token = factories.api_token("read write", operator_id=manager.id)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "raise"}
    body = wanted(campaigns, {"percent": {"by": "10"}})
    first = client.post("/api/v1/campaigns/bulk", json=body, headers=headers)
    kept = db.session.scalars(select(ApiAnswer)).one()
    # As if nobody had been there to keep the answer.
    kept.finished_at, kept.claimed_until = None, utc_now()

    again = client.post("/api/v1/campaigns/bulk", json=body, headers=headers)

    assert (first.status_code, again.status_code) == (202, 202)
    assert "Idempotency-Replayed" not in again.headers
    assert again.json["id"] == first.json["id"]
    assert db.session.query(BulkJob).count() == 1
