"""The control endpoint: bad input gets words, the vendor's edits are real, resets are complete."""

import pytest
import requests

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox, start_sandbox

UNKNOWN = "9a22ee30-1a9f-11f0-b531-1b59096fa63d"


def refusal(sandbox: Sandbox, method: str, path: str, **options: object) -> tuple[int, str]:
    answer = requests.request(method, f"{sandbox.root_url}/control/{path}", timeout=10, **options)  # type: ignore[arg-type]
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "There is no action None"),
        ({"action": "explode"}, "There is no action 'explode'"),
        ({"action": []}, "There is no action []"),
        ({"action": "hide", "shares": 1}, "hide knows no shares"),
        ({"action": "hide", "share": 2}, "share lies between 0 and 1"),
        ({"action": "hide", "share": "half"}, "share is a number"),
        ({"action": "hide", "share": True}, "share is a number"),
        ({"action": "hide", "counted": 1}, "counted is of type bool"),
        ({"action": "shift", "by": 1.5}, "by is a whole number"),
        ({"action": "status", "status": 99}, "status lies between 200 and 599"),
        ({"action": "status", "shape": "round"}, "shape is one of"),
        ({"action": "status", "retry_after": "a\r\nb"}, "retry_after is a line of plain text"),
        ({"action": "answer", "headers": ["a"]}, "headers is an object"),
        ({"action": "html", "path": "("}, "path is not a regular expression"),
        ({"action": "html", "path": 5}, "path is a regular expression"),
        ({"action": "html", "method": 5}, "method is a text"),
        ({"action": "html", "page": 0}, "page is a whole number from 1 on"),
        ({"action": "html", "times": "2"}, "times is a whole number from 1 on"),
        ({"action": "slow", "apply": "later"}, "apply is one of"),
        ([1], "A fault is an object"),
        ("html", "A fault is an object"),
    ],
)
def test_a_rule_that_cannot_be_gets_words(sandbox: Sandbox, rule: object, words: str) -> None:
    code, said = refusal(sandbox, "POST", "faults", json=rule)
    assert code == 400
    assert words in said
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_of_a_list_with_one_bad_rule_none_is_taken(sandbox: Sandbox) -> None:
    assert refusal(sandbox, "POST", "faults", json=[{"action": "html"}, {"action": "x"}])[0] == 400
    assert sandbox.control("GET", "faults") == {"faults": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", "settings", {"speed": 1}, "There is no setting 'speed'"),
        ("PUT", "settings", {"latency_ms": -1}, "latency_ms is 0 or more"),
        ("PUT", "settings", {"latency_ms": "1"}, "latency_ms is of type int"),
        ("PUT", "settings", {"latency_ms": True}, "latency_ms is of type int"),
        ("PUT", "settings", {"post_status": 418}, "post_status is one of [200, 201]"),
        ("PUT", "settings", {"retry_after": 5}, "retry_after is a text"),
        ("PUT", "settings", [], "The body is a JSON object"),
        ("POST", "reset", {"campaign": 1}, "There is no campaign here"),
        ("POST", "reset", {"campaigns": -1}, "campaigns is a whole number"),
        ("POST", "reset", {"advertisers": 0}, "at least one advertiser"),
        ("POST", "churn", {"edit": "all"}, "edit is a whole number"),
        ("POST", "churn", {"pick": "worst"}, "pick is newest or any"),
        ("POST", "campaigns", {"title": ""}, "title can't be blank"),
        ("POST", "campaigns", {"colour": "red"}, "colour cannot be set"),
        ("POST", "advertisers", {"name": " "}, "name can't be blank"),
        ("POST", "advertisers", {"name": "x", "agencyId": UNKNOWN}, "There is no agency"),
    ],
)
def test_bad_control_input_gets_words(
    sandbox: Sandbox, method: str, path: str, body: object, words: str
) -> None:
    code, said = refusal(sandbox, method, path, json=body)
    assert code == 400
    assert words in said
    assert sandbox.control("GET", "")["campaigns"] == 60


def test_broken_json_and_unknown_paths_get_words(sandbox: Sandbox) -> None:
    code, said = refusal(sandbox, "POST", "faults", data=b"{")
    assert (code, "The body is not JSON" in said) == (400, True)
    code, said = refusal(sandbox, "GET", "nowhere")
    assert (code, "There is no /control/nowhere" in said) == (404, True)
    for method, path in (
        ("GET", f"campaigns/{UNKNOWN}"),
        ("PUT", f"campaigns/{UNKNOWN}"),
        ("DELETE", f"campaigns/{UNKNOWN}"),
        ("PUT", f"advertisers/{UNKNOWN}"),
        ("DELETE", "faults/999"),
    ):
        assert refusal(sandbox, method, path, json={"name": "x"} if method == "PUT" else None)[
            0
        ] in (400, 404)


def test_the_vendor_creates_edits_and_deletes(sandbox: Sandbox, call: Caller) -> None:
    advertiser = call.advertiser()
    made = sandbox.control(
        "POST", "campaigns", {"title": "Theirs", "advertiserId": advertiser["id"]}
    )
    assert call.campaign()["title"] == "Theirs"
    edit = {"totalRevenueCents": 99, "durationInSeconds": 60, "bookingSource": "api"}
    sandbox.control("PUT", f"campaigns/{made['id']}", edit)
    seen = call.get(f"campaigns/{made['id']}").json()
    assert {name: seen[name] for name in edit} == edit
    assert seen["updatedAt"] >= made["updatedAt"]
    sandbox.control("DELETE", f"campaigns/{made['id']}")
    assert call.get(f"campaigns/{made['id']}").status_code == 404
    writes = sandbox.applied_writes()
    assert [each["method"] for each in writes] == ["POST", "PUT", "DELETE"]
    assert {each["sender"] for each in writes} == {"vendor"}
    assert {each["remote_id"] for each in writes} == {made["id"]}


def test_a_renamed_advertiser_is_renamed_inside_its_campaigns(
    sandbox: Sandbox, call: Caller
) -> None:
    before = call.campaign()
    advertiser_id = before["advertiserId"]
    sandbox.control("PUT", f"advertisers/{advertiser_id}", {"name": "新しい名前"})
    after = call.campaign()
    assert after["advertiser"]["name"] == "新しい名前"
    assert after["updatedAt"] == before["updatedAt"]
    listed = {each["id"]: each["name"] for each in call.get("advertisers").json()}
    assert listed[advertiser_id] == "新しい名前"
    assert sandbox.control("GET", "campaigns?search=新しい名前")["total"] >= 1


def test_a_new_advertiser_can_be_booked_under(sandbox: Sandbox, call: Caller) -> None:
    agency = call.get("agencies").json()[0]
    made = sandbox.control("POST", "advertisers", {"name": "New", "agencyId": agency["id"]})
    campaign = call.new(advertiserId=made["id"]).json()
    assert campaign["advertiser"]["agency"] == {"id": agency["id"], "name": agency["name"]}
    assert call.advertiser() == made


def test_churn_touches_so_many_campaigns(sandbox: Sandbox, call: Caller) -> None:
    before = {each["id"]: each for each in call.get("campaigns").json()}
    told = sandbox.control("POST", "churn", {"edit": 5, "create": 3, "delete": 2})
    after = {each["id"]: each for each in call.get("campaigns").json()}
    assert set(after) - set(before) == set(told["created"])
    assert set(before) - set(after) == set(told["deleted"])
    moved = {each for each in before if each in after and before[each] != after[each]}
    assert moved == set(told["edited"])
    assert [len(told[name]) for name in ("edited", "created", "deleted")] == [5, 3, 2]
    assert all(after[each]["title"].endswith(" rev. 1") for each in moved)


def test_a_reset_forgets_everything(sandbox: Sandbox, call: Caller) -> None:
    call.new()
    sandbox.fault({"action": "html"})
    sandbox.settings(latency_ms=5)
    counts = sandbox.control("POST", "reset", {"campaigns": 7, "advertisers": 2, "agencies": 0})
    assert (counts["campaigns"], counts["advertisers"], counts["agencies"]) == (7, 2, 0)
    assert counts["faults"] == 0
    assert sandbox.control("GET", "settings")["latency_ms"] == 0
    assert sandbox.requests() == sandbox.applied_writes() == []
    assert len(call.ids()) == 7


def test_the_log_of_requests_can_be_cleared(sandbox: Sandbox, call: Caller) -> None:
    call.get("agencies")
    sandbox.control("DELETE", "requests")
    assert sandbox.requests() == []


def test_without_the_flag_there_is_no_control(tmp_path_factory: pytest.TempPathFactory) -> None:
    with start_sandbox(tmp_path_factory.mktemp("plain"), control=False) as plain:
        answer = requests.get(f"{plain.root_url}/control/faults", timeout=10)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.test"},
        {"Host": "127.evil.test"},
        {"Host": "8.8.8.8"},
    ],
)
@pytest.mark.parametrize("path", ["control/churn", "campaigns/new"])
def test_another_site_can_change_nothing(
    sandbox: Sandbox, headers: dict[str, str], path: str
) -> None:
    answer = requests.post(f"{sandbox.root_url}/{path}", headers=headers, json={}, timeout=10)
    assert answer.status_code == 403
    assert sandbox.applied_writes() == []
