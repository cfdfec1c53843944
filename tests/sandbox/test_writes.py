"""Creating, reading, editing and deleting campaigns, and what is refused."""

import json
from typing import Any

import pytest

from tests.sandbox.caller import Caller, wait_for
from tests.support.sandbox import Sandbox
from webapp.sandbox.ids import created_ms, stamp

MEMBERS = (
    "id title advertiserId advertiser organizationId externalId totalBudgetCents "
    "totalBudgetCurrency totalRevenueCents totalRevenueCurrency durationInSeconds copyNeeded "
    "bookingSource createdAt updatedAt"
)


def test_a_new_campaign_comes_back_whole(call: Caller) -> None:
    answer = call.new(totalBudgetCents=0, totalBudgetCurrency="USD", copyNeeded=True)
    assert answer.status_code == 201
    campaign = answer.json()
    assert " ".join(campaign) == MEMBERS
    assert campaign["title"] == "Spring launch"
    assert campaign["totalBudgetCents"] == 0
    assert campaign["copyNeeded"] is True
    assert campaign["totalRevenueCents"] == 0
    assert campaign["totalRevenueCurrency"] == "USD"
    assert campaign["bookingSource"] is None
    assert campaign["organizationId"] == call.sandbox.organization
    assert campaign["createdAt"] == campaign["updatedAt"] == stamp(created_ms(campaign["id"]))
    assert call.get(f"campaigns/{campaign['id']}").json() == campaign
    assert call.campaign() == campaign


def test_post_can_answer_200(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(post_status=200)
    assert call.new().status_code == 200


def test_yen_are_kept_in_whole_yen(call: Caller) -> None:
    campaign = call.new(totalBudgetCents=5000, totalBudgetCurrency="JPY").json()
    assert (campaign["totalBudgetCents"], campaign["totalBudgetCurrency"]) == (5000, "JPY")


def test_put_changes_what_is_sent_and_keeps_the_rest(call: Caller) -> None:
    before = call.new(externalId="IO-1", totalBudgetCents=5, totalBudgetCurrency="EUR").json()
    answer = call.put(f"campaigns/{before['id']}", {"title": "Ünïcode 🎧 ひかり"})
    after = answer.json()
    assert answer.status_code == 200
    assert after == before | {"title": "Ünïcode 🎧 ひかり", "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]


def test_put_with_null_clears(call: Caller) -> None:
    before = call.new(externalId="IO-1", totalBudgetCents=5, totalBudgetCurrency="EUR").json()
    body = {"externalId": None, "totalBudgetCents": None, "totalBudgetCurrency": None}
    after = call.put(f"campaigns/{before['id']}", body).json()
    assert [after[name] for name in body] == [None, None, None]


def test_put_that_changes_nothing_leaves_updated_at(sandbox: Sandbox, call: Caller) -> None:
    before = call.new().json()
    after = call.put(f"campaigns/{before['id']}", {"title": before["title"]}).json()
    assert after == before
    assert sandbox.applied_writes()[-1]["changed"] == []


def test_put_moves_a_campaign_to_another_advertiser(call: Caller) -> None:
    campaign, other = call.new().json(), call.advertiser(3)
    after = call.put(f"campaigns/{campaign['id']}", {"advertiserId": other["id"].upper()}).json()
    assert after["advertiserId"] == other["id"]
    assert after["advertiser"]["name"] == other["name"]


def test_read_only_and_unknown_members_are_ignored(call: Caller) -> None:
    campaign = call.new(id="x", totalRevenueCents=7, createdAt="never", colour="red").json()
    assert campaign["totalRevenueCents"] == 0
    assert campaign["createdAt"] != "never"
    assert "colour" not in campaign


def test_snake_case_is_read_and_the_last_spelling_wins(call: Caller) -> None:
    advertiser = call.advertiser()["id"]
    body = {"title": "x", "advertiser_id": 12, "total_budget_cents": 9}
    body |= {"total_budget_currency": "USD", "advertiserId": advertiser}
    campaign = call.post("campaigns", body).json()
    assert campaign["totalBudgetCents"] == 9
    assert campaign["advertiserId"] == advertiser


def test_snake_case_can_be_switched_off(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(snake_case=False)
    assert call.new(external_id="IO-1").json()["externalId"] is None


def test_two_campaigns_may_share_an_external_id(call: Caller) -> None:
    assert call.new(externalId="IO-1").status_code == call.new(externalId="IO-1").status_code == 201


@pytest.mark.parametrize(
    "members",
    [
        {"title": ""},
        {"title": "   "},
        {"title": None},
        {"title": 5},
        {"title": "x" * 256},
        {"title": "\ud800"},
        {"title": "a\0b"},
        {"advertiserId": None},
        {"advertiserId": 3},
        {"advertiserId": "9a22ee30-1a9f-11f0-b531-1b59096fa63d"},
        {"totalBudgetCents": -1, "totalBudgetCurrency": "USD"},
        {"totalBudgetCents": 1.5, "totalBudgetCurrency": "USD"},
        {"totalBudgetCents": "100", "totalBudgetCurrency": "USD"},
        {"totalBudgetCents": True, "totalBudgetCurrency": "USD"},
        {"totalBudgetCents": 2**63, "totalBudgetCurrency": "USD"},
        {"totalBudgetCents": 100},
        {"totalBudgetCents": 100, "totalBudgetCurrency": "usd"},
        {"totalBudgetCents": 100, "totalBudgetCurrency": "DOLLAR"},
        {"totalBudgetCents": 100, "totalBudgetCurrency": 840},
        {"copyNeeded": None},
        {"copyNeeded": "yes"},
        {"externalId": 5},
        {"externalId": "x" * 256},
    ],
)
def test_bad_values_are_422_and_store_nothing(
    sandbox: Sandbox, call: Caller, members: dict[str, Any]
) -> None:
    answer = call.new(**members)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("Validation failed: ")
    campaign = call.campaign()
    assert call.put(f"campaigns/{campaign['id']}", members).status_code in (200, 422)
    assert call.get("campaigns").headers["X-Total"] == "60"
    assert all(each["method"] == "PUT" for each in sandbox.applied_writes())


def test_a_campaign_needs_a_title_and_an_advertiser(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(validation_shape="fields")
    errors = call.post("campaigns", {}).json()["errors"]
    assert errors == {"title": ["can't be blank"], "advertiserId": ["must exist"]}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("error", {"error": "Validation failed: Title can't be blank"}),
        ("fields", {"errors": {"title": ["can't be blank"]}}),
        ("list", {"errors": ["Title can't be blank"]}),
    ],
)
def test_refusals_come_in_three_shapes(
    sandbox: Sandbox, call: Caller, shape: str, expected: object
) -> None:
    sandbox.settings(validation_shape=shape)
    assert call.new(title="").json() == expected


@pytest.mark.parametrize("body", ["{", "[]", "5", '"x"', "\xff", "[" * 100_000, "9" * 5000])
def test_a_body_that_is_no_object_is_400(call: Caller, body: str) -> None:
    answer = call.send("POST", "campaigns", data=body.encode("latin-1"))
    assert answer.status_code == 400
    assert answer.json() == {"error": "Bad request"}


def test_a_deleted_campaign_is_gone(sandbox: Sandbox, call: Caller) -> None:
    campaign = call.campaign(5)
    assert (answer := call.delete(f"campaigns/{campaign['id']}")).status_code == 204
    assert answer.content == b""
    for method in ("GET", "DELETE"):
        assert call.send(method, f"campaigns/{campaign['id']}").status_code == 404
    assert call.put(f"campaigns/{campaign['id']}", {"title": "x"}).status_code == 404
    assert call.get("campaigns").headers["X-Total"] == "59"
    assert campaign["id"] not in call.ids()


def test_delete_can_answer_200_with_a_body(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(delete_status=200)
    answer = call.delete(f"campaigns/{call.campaign()['id']}")
    assert answer.status_code == 200
    assert "success" in answer.json()


def test_the_log_of_writes_says_who_sent_what(sandbox: Sandbox, call: Caller) -> None:
    made = call.new(externalId="fd-abc")
    campaign = made.json()
    path = f"/api/organizations/{sandbox.organization}/campaigns"
    (write,) = sandbox.applied_writes()
    assert write["number"] == 1
    assert write["sender"] == "api"
    assert (write["method"], write["path"]) == ("POST", path)
    assert write["remote_id"] == campaign["id"]
    assert write["marker"] == "fd-abc"
    assert write["request_id"] == made.headers["X-Request-Id"]
    assert json.loads(write["body"])["externalId"] == "fd-abc"
    assert write["changed"] == ["advertiserId", "externalId", "title"]
    assert write["time"] >= campaign["createdAt"]


def test_the_log_of_requests_holds_all_in_order(sandbox: Sandbox, call: Caller) -> None:
    call.get("campaigns?page=2")
    call.new(title="")
    # The last byte arrives before the server has noted that it was sent.
    wait_for(lambda: all(each["delivered"] for each in sandbox.requests()))
    seen = sandbox.requests()
    assert [(each["method"], each["status"]) for each in seen] == [
        ("GET", 200),
        ("GET", 200),
        ("POST", 422),
    ]
    assert seen[0]["path"].endswith("/campaigns?page=2")
    assert sandbox.control("GET", f"requests?after={seen[1]['number']}")["requests"] == seen[2:]


def test_external_ids_can_be_dropped(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(external_id="dropped")
    campaign = call.new(externalId="fd-1").json()
    assert campaign["externalId"] is None
    after = call.put(f"campaigns/{campaign['id']}", {"externalId": "fd-2", "title": "New"}).json()
    assert (after["externalId"], after["title"]) == (None, "New")


def test_external_ids_can_be_folded(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(external_id="folded")
    assert call.new(externalId=" fd-1 ").json()["externalId"] == "FD-1"


def test_external_ids_can_be_unique(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(external_id="unique", validation_shape="fields")
    first = call.new(externalId="fd-1").json()
    refused = call.new(externalId="fd-1")
    assert refused.status_code == 422
    assert refused.json() == {"errors": {"externalId": ["has already been taken"]}}
    assert call.put(f"campaigns/{first['id']}", {"externalId": "fd-1"}).status_code == 200
    assert call.new(externalId=None).status_code == 201
