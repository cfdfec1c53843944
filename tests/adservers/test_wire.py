"""Megaphone over a real socket that misbehaves: nothing hangs, nothing is mistaken."""

import gzip
import json
import socket
import traceback
from collections.abc import Callable, Iterator

import pytest

from tests.adservers.connecting import CAMPAIGN_ID, ORGANIZATION, TOKEN, campaign_row, connected
from tests.adservers.wire import Clock, Script, WireServer, answer, cut, dribble, hang_up, silence
from webapp.adservers import errors
from webapp.adservers.base import AdServer
from webapp.adservers.types import CampaignSpec
from webapp.adservers.walk import Walk
from webapp.core.http import Limits

SPEC = CampaignSpec("Spring", "adv-1")
ROW = campaign_row(id=CAMPAIGN_ID)
NEXT = '<@?page=2&x=1,2>; rel="last", <@?page=2&x=1,2>; rel="next"'

# Of the client and of the scripts that dribble; the tests of a process come one after another.
CLOCK = Clock()

ACTS: dict[str, Callable[[AdServer], object]] = {
    "list": lambda server: server.list_campaigns(),
    "create": lambda server: server.create_campaign(SPEC, "fd-1"),
    "update": lambda server: server.update_campaign(CAMPAIGN_ID, {"title": "N"}),
}


@pytest.fixture
def wire() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def megaphone(wire: WireServer) -> Iterator[AdServer]:
    with connected(f"{wire.url}/api") as made:
        yield made.server


@pytest.fixture
def hurried(wire: WireServer) -> Iterator[AdServer]:
    """Soon tired of silence, and of an answer that takes more than 0.8 s by the scripts' clock."""
    CLOCK.now = 1000.0
    limits = Limits(connect=60, read=0.4, total=0.8, body_bytes=200_000)
    with connected(f"{wire.url}/api", limits=limits, monotonic=CLOCK) as made:
        yield made.server


def page(wire: WireServer, numbers: range, *, total: int | None, link: str = "") -> bytes:
    headers = {} if total is None else {"X-Total": str(total), "X-Per-Page": "3"}
    if link:
        path = f"{wire.url}/api/organizations/{ORGANIZATION}/campaigns"
        headers["Link"] = link.replace("@", path)
    return answer(json.dumps([campaign_row(number) for number in numbers]), headers=headers)


def walk_of(wire: WireServer, megaphone: AdServer, *scripts: Script) -> Walk:
    wire.play(*scripts)
    return Walk(megaphone.list_campaigns, noun="campaigns").read_all()


LOST = {
    "closed": hang_up,
    "silent": silence,
    "dribbling": dribble(answer(json.dumps(ROW)), CLOCK),
    "cut head": cut(b"HTTP/1.1 200 O"),
    "cut body": cut(answer(json.dumps(ROW))[:-1]),
    "huge": answer(" " * 300_000),
    "bomb": answer(gzip.compress(bytes(20_000_000)), headers={"Content-Encoding": "gzip"}),
    "not http": cut(b"\x00\x01\x02\r\n\r\n"),
    "cut 500": cut(answer("x" * 9, "500 Oh")[:-1]),
}


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
def test_a_read_without_a_whole_answer_is_for_later(
    wire: WireServer, hurried: AdServer, script: Script
) -> None:
    wire.play(script)
    with pytest.raises(errors.Unavailable) as caught:
        hurried.get_campaign(CAMPAIGN_ID)
    wire.wait_for_requests(1)
    assert len(wire.heads) == 1
    assert "tries again by itself" in caught.value.message


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
@pytest.mark.parametrize("act", ["create", "update"])
def test_a_write_without_a_whole_answer_is_unknown_and_sent_once(
    wire: WireServer, hurried: AdServer, act: str, script: Script
) -> None:
    wire.play(script)
    with pytest.raises(errors.OutcomeUnknown) as caught:
        ACTS[act](hurried)
    wire.wait_for_requests(1)
    assert len(wire.heads) == 1
    assert "before it sends anything again" in caught.value.message
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert TOKEN not in told
    assert wire.url not in told


@pytest.mark.parametrize("status", ["422 Unprocessable", "401 Unauthorized", "429 Too Many"])
def test_a_refusal_whose_reason_was_cut_off_is_still_definite(
    wire: WireServer, megaphone: AdServer, status: str
) -> None:
    wire.play(cut(answer('{"error": "Title"}', status)[:-4]))
    with pytest.raises((errors.Rejected, errors.AuthFailed, errors.RateLimited)) as caught:
        megaphone.create_campaign(SPEC, "fd-1")
    assert caught.value.status == int(status[:3])


@pytest.mark.parametrize("act", ["create", "update", "list"])
def test_a_server_that_is_not_there_was_sent_nothing(act: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nowhere = connected(f"http://127.0.0.1:{port}/api")
    with nowhere as made, pytest.raises(errors.Unreachable) as caught:
        ACTS[act](made.server)
    assert caught.value.message == (
        "Megaphone could not be reached: the connection was refused. Nothing was sent. "
        "Flightdeck tries again by itself."
    )
    assert made.log[0].outcome == "unreachable"
    assert made.log[0].status is None


def test_a_silent_megaphone_is_told_in_plain_words(wire: WireServer, hurried: AdServer) -> None:
    wire.play(dribble(answer("x" * 1000), CLOCK))
    with pytest.raises(errors.Unavailable, match=r"^Megaphone did not answer within 0\.8 seconds"):
        hurried.list_campaigns()


def test_all_pages_are_walked_by_their_links(wire: WireServer, megaphone: AdServer) -> None:
    walk = walk_of(
        wire,
        megaphone,
        page(wire, range(3), total=5, link=NEXT),
        page(wire, range(3, 5), total=5, link='<@?page=1>; rel="first", <@?page=1>; rel="prev"'),
    )
    assert (walk.complete, walk.distinct, walk.pages) == (True, 5, 2)
    assert wire.heads[1].startswith(
        f"GET /api/organizations/{ORGANIZATION}/campaigns?page=2&x=1,2 "
    )


def test_without_links_pages_are_counted(wire: WireServer, megaphone: AdServer) -> None:
    walk = walk_of(wire, megaphone, page(wire, range(3), total=5), page(wire, range(3, 5), total=5))
    assert (walk.complete, walk.distinct) == (True, 5)
    assert "page=2&per_page=500" in wire.heads[1]


def test_a_next_link_to_another_host_is_never_followed(
    wire: WireServer, megaphone: AdServer
) -> None:
    with WireServer() as stranger:
        elsewhere = (
            f'<{stranger.url}/api/organizations/{ORGANIZATION}/campaigns?page=2>; rel="next"'
        )
        walk = walk_of(
            wire,
            megaphone,
            page(wire, range(3), total=5, link=elsewhere),
            page(wire, range(3, 5), total=5),
        )
        assert stranger.connections == 0
    assert walk.complete


@pytest.mark.parametrize("link", ['<@?page=1&per_page=500>; rel="next"', '<@?page=2>; rel="next"'])
def test_links_in_a_circle_come_to_an_end(wire: WireServer, megaphone: AdServer, link: str) -> None:
    walk = walk_of(wire, megaphone, page(wire, range(3), total=9, link=link))
    assert walk.pages == 2
    assert not walk.complete


def test_an_empty_page_with_a_next_link_ends_the_walk(
    wire: WireServer, megaphone: AdServer
) -> None:
    walk = walk_of(wire, megaphone, page(wire, range(0), total=247, link='<@?page=2>; rel="next"'))
    assert (walk.pages, walk.complete) == (1, False)
    assert walk.problem == "247 campaigns were announced and 0 listed."


@pytest.mark.parametrize(("total", "complete"), [(5, True), (4, False), (6, False), (None, False)])
def test_only_the_announced_number_is_complete(
    wire: WireServer, megaphone: AdServer, total: int | None, complete: bool
) -> None:
    link = '<@?page=2>; rel="next"'
    second = page(wire, range(2, 5), total=total, link='<@?page=1>; rel="prev"')
    empty = page(wire, range(0), total=total)
    walk = walk_of(wire, megaphone, page(wire, range(3), total=total, link=link), second, empty)
    assert walk.distinct == 5
    assert walk.complete is complete


def test_a_marker_is_found_to_the_letter_and_every_page_is_told(
    wire: WireServer, megaphone: AdServer
) -> None:
    rows = [campaign_row(n, externalId=x) for n, x in enumerate(["fd-1", "FD-1", "fd-1 ", "fd-11"])]
    wire.play(answer(json.dumps(rows), headers={"X-Total": "4"}))
    pages: list[int] = []
    search = megaphone.find_by_marker("fd-1", on_page=lambda: pages.append(1))
    assert [each.id for each in search.found] == [rows[0]["id"]]
    assert search.complete
    assert pages == [1]


def test_a_search_with_a_row_that_cannot_be_read_proves_nothing(
    wire: WireServer, megaphone: AdServer
) -> None:
    rows = [campaign_row(1, title=None, externalId="fd-1")]
    wire.play(answer(json.dumps(rows), headers={"X-Total": "1"}))
    search = megaphone.find_by_marker("fd-1")
    assert (search.found, search.complete) == ([], False)
    assert search.problem == "1 row of the list of campaigns could not be read."


def test_a_write_that_waited_too_long_is_not_sent(
    wire: WireServer, megaphone: AdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.adservers.megaphone.client.WRITE_BEGINS_WITHIN_SECONDS", -0.001)
    with pytest.raises(errors.Unreachable, match="Nothing was sent"):
        megaphone.create_campaign(SPEC, "fd-1")
    assert wire.heads == []
