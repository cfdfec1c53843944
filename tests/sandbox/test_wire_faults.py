"""Answers that fail on the way: statuses, broken bodies, cut and slow connections."""

import json
import socket
import time
from datetime import datetime, timedelta

import pytest
import requests

from tests.sandbox.caller import Caller, wait_for
from tests.support.sandbox import Sandbox
from webapp.core.clock import utc_now

DEADLINE = 60.0


def raw(sandbox: Sandbox, timeout: float = DEADLINE) -> socket.socket:
    """A connection with a GET of the first campaign already sent."""
    connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=timeout)
    path = f"/api/organizations/{sandbox.organization}/campaigns?per_page=1"
    head = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {sandbox.token}\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


@pytest.mark.parametrize(
    ("rule", "status", "kind", "body"),
    [
        ({"status": 401}, 401, "text/html", "HTTP Token: Access denied.\n"),
        (
            {"status": 403},
            403,
            "application/json",
            '{"error":"User does not have access to object requested"}',
        ),
        ({"status": 404}, 404, "application/json", '{"error":"Not found"}'),
        ({"status": 410, "message": "Over."}, 410, "application/json", '{"error":"Over."}'),
        ({"status": 422}, 422, "application/json", '{"error":"Validation failed"}'),
        (
            {"status": 422, "shape": "fields"},
            422,
            "application/json",
            '{"errors":{"title":["is invalid"]}}',
        ),
        (
            {"status": 422, "shape": "list"},
            422,
            "application/json",
            '{"errors":["Title is invalid"]}',
        ),
        ({"status": 422, "shape": "empty"}, 422, "text/html", ""),
        ({"status": 429}, 429, "text/plain", "Retry later\n"),
        ({"status": 500}, 500, "text/html", "<h1>We're"),
        ({"status": 503, "shape": "empty"}, 503, "text/html", ""),
        ({"status": 503, "shape": "text", "message": "no"}, 503, "text/plain", "no\n"),
    ],
)
def test_any_status_in_any_shape(
    sandbox: Sandbox, call: Caller, rule: dict[str, object], status: int, kind: str, body: str
) -> None:
    sandbox.fault({"action": "status", **rule})
    answer = call.new_without_asking()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)
    assert body in answer.text
    assert bool(answer.text) == bool(body)
    assert sandbox.applied_writes() == []


@pytest.mark.parametrize("value", ["5", 0, "99999999999", "-1", "soon", "1.5"])
def test_retry_after_can_be_absurd(sandbox: Sandbox, call: Caller, value: object) -> None:
    sandbox.fault({"action": "status", "status": 429, "retry_after": value})
    assert call.get("campaigns").headers["Retry-After"] == str(value)


def test_an_answer_can_be_scripted_whole(sandbox: Sandbox, call: Caller) -> None:
    script = {"status": 200, "headers": {"X-Total": "many", "Link": "<>;"}, "body": '{"a": 1}'}
    sandbox.fault({"action": "answer", **script})
    answer = call.get("campaigns")
    assert (answer.headers["X-Total"], answer.headers["Link"]) == ("many", "<>;")
    assert answer.json() == {"a": 1}


def test_a_cut_before_the_write_leaves_nothing(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "cut_before_apply", "method": "POST", "times": 1})
    with pytest.raises(requests.ConnectionError):
        call.new()
    assert sandbox.applied_writes() == []
    assert call.get("campaigns").headers["X-Total"] == "60"


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_after_the_write_leaves_the_campaign(
    sandbox: Sandbox, call: Caller, reset: bool
) -> None:
    sandbox.fault({"action": "cut_after_apply", "method": "POST", "times": 1, "reset": reset})
    with pytest.raises(requests.ConnectionError) as caught:
        call.new(title="Only once")
    assert ("reset by peer" in str(caught.value)) == reset
    (write,) = sandbox.applied_writes()
    assert call.campaign()["title"] == "Only once"
    assert write["remote_id"] == call.campaign()["id"]
    request = next(each for each in sandbox.requests() if each["method"] == "POST")
    assert (request["status"], request["delivered"]) == (201, False)


def test_cut_after_an_edit_and_a_delete(sandbox: Sandbox, call: Caller) -> None:
    campaign = call.campaign()
    sandbox.fault({"action": "cut_after_apply", "method": "PUT"})
    with pytest.raises(requests.ConnectionError):
        call.put(f"campaigns/{campaign['id']}", {"title": "Edited"})
    assert call.campaign()["title"] == "Edited"
    sandbox.fault({"action": "cut_after_apply", "method": "DELETE"})
    with pytest.raises(requests.ConnectionError):
        call.delete(f"campaigns/{campaign['id']}")
    assert campaign["id"] not in call.ids()


def test_json_can_end_early_though_the_length_is_right(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "truncate", "share": 0.7})
    answer = call.get("campaigns")
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.content)


def test_a_body_can_stop_short_of_its_length(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "truncate", "share": 0.5, "honest": False})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call.get("campaigns")


def test_html_can_come_where_json_was_promised(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "html"})
    answer = call.get("campaigns")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_body_can_be_empty_though_the_write_took_effect(sandbox: Sandbox, call: Caller) -> None:
    sandbox.fault({"action": "empty_body", "method": "POST"})
    answer = call.new(title="Silent")
    assert (answer.status_code, answer.content) == (201, b"")
    assert call.campaign()["title"] == "Silent"


def test_a_body_can_dribble_byte_by_byte(sandbox: Sandbox, call: Caller) -> None:
    whole = call.get("campaigns?per_page=1")
    sandbox.fault({"action": "dribble", "bytes_per_second": 100})
    began = time.monotonic()
    with raw(sandbox) as connection:
        got = b""
        while len(got.partition(b"\r\n\r\n")[2]) < 20:
            more = connection.recv(4096)
            assert more
            got += more
        took = time.monotonic() - began
    body = got.partition(b"\r\n\r\n")[2]
    # Never more than the time allows; less, where this machine was busy.
    assert len(body) <= 1 + 100 * took
    assert whole.content.startswith(body)


def test_the_head_can_dribble_too(sandbox: Sandbox) -> None:
    sandbox.fault({"action": "dribble", "bytes_per_second": 50, "head": True})
    began = time.monotonic()
    with raw(sandbox) as connection:
        got = connection.recv(4096)
        took = time.monotonic() - began
    assert got[:1] == b"H"
    assert len(got) <= 1 + 50 * took


def test_nothing_at_all_comes_and_then_the_end(sandbox: Sandbox) -> None:
    sandbox.fault({"action": "silence", "seconds": 0.3})
    began = time.monotonic()
    with raw(sandbox) as connection:
        assert connection.recv(4096) == b""
    assert time.monotonic() - began > 0.25


@pytest.mark.parametrize(("apply", "writes"), [("first", 1), ("last", 1), ("never", 0)])
def test_silence_may_hide_a_write(sandbox: Sandbox, call: Caller, apply: str, writes: int) -> None:
    sandbox.fault({"action": "silence", "seconds": 0.1, "apply": apply, "method": "POST"})
    with pytest.raises(requests.ConnectionError):
        call.new()
    assert len(sandbox.applied_writes()) == writes


def test_a_slow_answer_comes_after_the_write(sandbox: Sandbox, call: Caller) -> None:
    call.advertiser()
    sandbox.fault({"action": "slow", "seconds": 120, "method": "POST"})
    with pytest.raises(requests.ReadTimeout):
        call.new_without_asking(timeout=0.3)
    # Long before the answer would have come.
    wait_for(lambda: len(sandbox.applied_writes()) == 1)


def test_a_write_can_take_effect_after_its_sender_has_given_up(
    sandbox: Sandbox, call: Caller
) -> None:
    sandbox.fault({"action": "slow", "seconds": 3, "apply": "last", "method": "POST"})
    began = utc_now()
    with pytest.raises(requests.ReadTimeout):
        call.new_without_asking(timeout=0.1)
    wait_for(lambda: len(sandbox.applied_writes()) == 1)
    (write,) = sandbox.applied_writes()
    # Its time is kept in whole milliseconds.
    assert datetime.fromisoformat(write["time"]) - began > timedelta(seconds=2.9)


def test_latency_applies_to_every_request(sandbox: Sandbox, call: Caller) -> None:
    sandbox.settings(latency_ms=150)
    assert call.get("agencies").elapsed.total_seconds() > 0.14


@pytest.mark.parametrize("sized", [True, False])
def test_a_body_can_be_huge_and_still_be_json(sandbox: Sandbox, call: Caller, sized: bool) -> None:
    sandbox.fault({"action": "huge_body", "megabytes": 3, "sized": sized})
    answer = call.get("campaigns")
    assert len(answer.content) > 3 * 1024 * 1024
    assert ("Content-Length" in answer.headers) == sized
    assert len(answer.json()) == 60


def test_100_megabytes_are_offered_without_being_held_in_memory(
    sandbox: Sandbox, call: Caller
) -> None:
    sandbox.fault({"action": "huge_body", "megabytes": 100})
    with call.get("campaigns", stream=True) as answer:
        assert int(answer.headers["Content-Length"]) > 100 * 1024 * 1024
        next(answer.iter_content(1024 * 1024))
    sandbox.clear_faults()
    assert call.get("campaigns").status_code == 200


@pytest.mark.parametrize("path", [b"//[x", b"/api/%ff%zz", b"/\xe9?\xff=%", b"*", b"http://h/api"])
def test_odd_paths_get_an_answer(sandbox: Sandbox, path: bytes) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=DEADLINE) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(4096)[:12] in (b"HTTP/1.1 401", b"HTTP/1.1 404")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Transfer-Encoding: chunked", b"411"),
        (b"Content-Length: x", b"400"),
        (b"Content-Length: 99999999999", b"413"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    sandbox: Sandbox, head: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=DEADLINE) as connection:
        connection.sendall(b"POST /api HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 " + status)
