"""Lists that lie: what a client that walks pages must survive."""

import threading

from tests.sandbox.caller import Caller
from tests.support.sandbox import Sandbox


def walk(call: Caller, per_page: int = 20) -> list[str]:
    """Every id met on the way along rel=next, at most ten pages."""
    found: list[str] = []
    answer = call.get(f"campaigns?per_page={per_page}")
    for _ in range(10):
        found += [each["id"] for each in answer.json()]
        if "next" not in answer.links:
            break
        answer = call.get(answer.links["next"]["url"])
    return found


def test_an_empty_page_still_offers_a_next(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "empty_page", "page": 2})
    page = call.get("campaigns?per_page=20&page=2")
    assert page.json() == []
    assert page.headers["X-Total"] == "60"
    assert "page=3" in page.links["next"]["url"]
    assert len(call.get("campaigns?per_page=20&page=3").json()) == 20


def test_an_empty_list_claims_that_there_is_nothing(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "empty_list", "path": "/campaigns$"})
    answer = call.get("campaigns")
    assert (answer.status_code, answer.json(), answer.headers["X-Total"]) == (200, [], "0")
    assert len(call.get("advertisers").json()) == 16


def test_the_total_can_be_off(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "total_off", "by": -1, "times": 1})
    assert call.get("campaigns").headers["X-Total"] == "59"
    assert call.get("campaigns").headers["X-Total"] == "60"


def test_link_can_be_missing(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "no_link"})
    assert "Link" not in call.get("campaigns?per_page=20").headers


def test_link_can_have_a_comma_inside(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "link_comma"})
    header = call.get("campaigns?per_page=20").headers["Link"]
    assert header.count("fields=id,title>") == 2


def test_next_can_point_to_another_host(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "link_host", "host": "http://elsewhere.test:81"})
    answer = call.get("campaigns?per_page=20")
    assert answer.links["next"]["url"].startswith("http://elsewhere.test:81/api/organizations/")
    assert answer.links["last"]["url"].startswith(sandbox.root_url)


def test_next_can_lead_in_circles(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "link_cycle", "to": 1, "page": 3})
    assert len(walk(call)) > 100


def test_a_row_can_come_twice(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "duplicate_row", "page": 2})
    found = walk(call)
    assert (len(found), len(set(found))) == (61, 60)
    assert found[19] == found[20]


def test_rows_can_shift_down_and_come_twice(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "shift", "by": 2, "page": 2})
    found = walk(call)
    assert (len(found), len(set(found))) == (60, 58)


def test_rows_can_shift_up_and_be_missed(sandbox: Sandbox, call: Caller) -> None:
    everything = set(call.ids())
    sandbox.fault({"action": "shift", "by": -2, "page": 2})
    assert len(everything - set(walk(call))) == 2


def test_the_vendor_can_really_change_the_list_between_pages(
    sandbox: Sandbox, call: Caller
) -> None:
    everything = call.ids()
    sandbox.fault({"action": "vendor", "delete": 1, "page": 2, "times": 1})
    missed = set(everything) - set(walk(call))
    assert len(missed) == 1
    assert everything[20] in missed
    (write,) = sandbox.applied_writes()
    assert (write["sender"], write["method"]) == ("vendor", "DELETE")
    assert write["remote_id"] == everything[0]


def test_permission_can_shrink_while_the_total_counts_all(sandbox: Sandbox, call: Caller) -> None:
    everything = call.ids()
    sandbox.fault({"action": "hide", "share": 0.4})
    answer = call.get("campaigns")
    visible = call.ids()
    assert answer.headers["X-Total"] == "60"
    assert 10 < len(visible) < 55
    assert visible == walk(call)
    hidden = next(each for each in everything if each not in visible)
    for method in ("GET", "DELETE"):
        assert call.send(method, f"campaigns/{hidden}").status_code == 403
    assert call.put(f"campaigns/{hidden}", {"title": "x"}).status_code == 403
    assert call.get(f"campaigns/{visible[0]}").status_code == 200


def test_permission_can_shrink_the_total_too(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "hide", "share": 0.4, "counted": False})
    answer = call.get("campaigns?per_page=20")
    assert answer.headers["X-Total"] == str(len(set(walk(call))))
    assert len(answer.json()) == 20


def test_the_old_api_can_be_retired(sandbox: Sandbox, call: Caller) -> None:
    for code in ("404", "410"):
        number = sandbox.fault({"action": "retired", "as": code})
        assert call.get("campaigns").status_code == int(code)
        sandbox.control("DELETE", f"faults/{number}")
    sandbox.fault({"action": "retired", "as": "empty"})
    assert call.get("campaigns").json() == []


def test_a_rule_hits_from_its_nth_match_on_and_so_many_times(
    sandbox: Sandbox, call: Caller
) -> None:
    sandbox.fault(
        {"action": "status", "status": 503, "method": "GET", "path": "camp", "nth": 2, "times": 2}
    )
    call.get("agencies")
    statuses = [call.get("campaigns").status_code for _ in range(5)]
    assert statuses == [200, 503, 503, 200, 200]
    (rule,) = sandbox.control("GET", "faults")["faults"]
    assert (rule["seen"], rule["fired"]) == (5, 2)


def test_a_rule_that_hits_twice_does_so_for_parallel_requests_too(
    sandbox: Sandbox, call: Caller
) -> None:
    sandbox.fault({"action": "status", "status": 503, "times": 2})
    statuses: list[int] = []

    def ask() -> None:
        with Caller(sandbox) as caller:
            statuses.append(caller.get("agencies").status_code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(statuses) == [200] * 6 + [503] * 2


def test_several_rules_apply_together(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "total_off", "by": 5})
    sandbox.fault({"action": "no_link"})
    answer = call.get("campaigns?per_page=20")
    assert answer.headers["X-Total"] == "65"
    assert "Link" not in answer.headers


def test_clearing_brings_the_truth_back(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "empty_list"})
    sandbox.clear_faults()
    assert len(call.ids()) == 60
