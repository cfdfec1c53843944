"""``fetch`` against a real socket: bounded in time and size, and honest about what was sent."""

import gzip
import socket
import threading
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from requests.auth import AuthBase

from tests.adservers.wire import WireServer, answer, cut, dribble, hang_up, silence
from webapp.core.addresses import check_base_url
from webapp.core.http import (
    AnswerLost,
    HttpFailure,
    HttpSession,
    Limits,
    NotSent,
    fetch,
    http_session,
)

# A limit that a test is about is short, all others so long that no machine that stalls meets them.
PATIENT = Limits(connect=60.0, read=60.0, total=60.0, body_bytes=100_000)
SOON_UNREACHED = replace(PATIENT, connect=0.3)
SOON_SILENT = replace(PATIENT, read=0.3)
SOON_OVER = replace(PATIENT, total=0.6)
# Between the bytes of an answer that dribbles: all of it takes twenty seconds and more.
PAUSE = 0.02
CANARY = "cAnArY-7f3a"


class Secret(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f'Token token="{CANARY}"'
        return request


@pytest.fixture
def session() -> Iterator[HttpSession]:
    with http_session("Test/1") as made:
        yield made


def lost(
    session: HttpSession, server: WireServer, method: str = "GET", limits: Limits = PATIENT
) -> AnswerLost:
    with pytest.raises(AnswerLost) as caught:
        fetch(session, method, server.url, limits=limits, auth=Secret())
    return caught.value


def test_a_whole_answer_comes_back_whatever_its_status(session: HttpSession) -> None:
    with WireServer(answer('{"error": "no"}', "403 Forbidden", {"X-Total": "7"})) as server:
        got = fetch(session, "GET", f"{server.url}/api/x?page=2")
    assert (got.status, got.body, got.headers["x-total"]) == (403, b'{"error": "no"}', "7")
    assert got.received == len(got.body)
    assert server.heads[0].startswith("GET /api/x?page=2 HTTP/1.1")
    assert "User-Agent: Test/1" in server.heads[0]


def test_a_body_is_sent_as_given(session: HttpSession) -> None:
    with WireServer(answer()) as server:
        fetch(session, "POST", server.url, body=b'{"a":1}')
    assert server.bodies == [b'{"a":1}']


def test_a_redirect_is_an_answer_and_not_followed(session: HttpSession) -> None:
    moved = answer("", "302 Found", {"Location": "http://127.0.0.1:1/"})
    with WireServer(moved) as server:
        assert fetch(session, "GET", server.url).status == 302


def test_cookies_are_not_kept(session: HttpSession) -> None:
    with WireServer(answer(headers={"Set-Cookie": "a=b"})) as server:
        fetch(session, "GET", server.url)
        fetch(session, "GET", server.url)
    assert "Cookie" not in server.heads[1]


def test_netrc_and_proxies_of_the_environment_are_ignored(
    session: HttpSession, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with WireServer(answer()) as server:
        fetch(session, "GET", server.url, auth=Secret())
    assert f'Authorization: Token token="{CANARY}"' in server.heads[0]
    assert "Basic" not in server.heads[0]


def test_a_connection_is_used_again(session: HttpSession) -> None:
    with WireServer(answer()) as server:
        for _ in range(3):
            fetch(session, "GET", server.url)
        assert server.connections == 1


def test_a_connection_quiet_for_long_is_not_trusted_with_a_request() -> None:
    ahead = [0.0]
    moved = http_session("T", monotonic=lambda: time.monotonic() + ahead[0])
    with moved as session, WireServer(answer()) as server:
        fetch(session, "GET", server.url)
        ahead[0] = 16
        fetch(session, "GET", server.url)
        assert server.connections == 2


def test_refused_connection_is_proof_that_nothing_was_sent(session: HttpSession) -> None:
    with socket.socket() as deaf:
        # Nobody else gets its port, and it does not listen.
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match="connection was refused"):
            fetch(session, "POST", f"http://127.0.0.1:{deaf.getsockname()[1]}/", limits=PATIENT)


def test_unknown_name_is_proof_that_nothing_was_sent(session: HttpSession) -> None:
    with pytest.raises(NotSent, match="could not be reached"):
        fetch(session, "POST", "https://no-such-host.invalid/", limits=PATIENT)


def test_failed_encryption_is_proof_that_nothing_was_sent(session: HttpSession) -> None:
    def speak_plainly() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.sendall(answer("", "400 Bad Request"))
            sock.recv(10_000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=speak_plainly)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(NotSent, match="certificate or encryption"):
            fetch(session, "POST", url, limits=PATIENT)
        thread.join()


def test_a_handshake_that_never_comes_is_proof_that_nothing_was_sent(session: HttpSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(NotSent):
            fetch(session, "POST", url, limits=SOON_UNREACHED)


def test_a_server_that_does_not_accept_in_time_is_proof_that_nothing_was_sent(
    session: HttpSession,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        with pytest.raises(NotSent, match=r"within 0\.3 seconds"):
            fetch(session, "POST", url, limits=SOON_UNREACHED)
        for each in waiting:
            each.close()


def test_a_request_that_is_late_is_not_sent(session: HttpSession) -> None:
    with WireServer(answer()) as server:
        with pytest.raises(NotSent, match="in time"):
            fetch(session, "PUT", server.url, send_by=time.monotonic() - 0.01)
        assert server.heads == []


def test_a_request_that_cannot_be_written_is_not_sent_and_not_shown(session: HttpSession) -> None:
    class Broken(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"{CANARY}\r\nX: y"
            return request

    with WireServer(answer()) as server, pytest.raises(NotSent) as caught:
        fetch(session, "PUT", server.url, auth=Broken())
    assert CANARY not in everything_told(caught.value)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_closed_after_the_request_was_sent_is_no_proof(
    session: HttpSession, method: str
) -> None:
    with WireServer(hang_up) as server:
        assert lost(session, server, method).status is None
        assert len(server.heads) == 1


def test_silence_ends_after_the_read_timeout(session: HttpSession) -> None:
    with WireServer(silence) as server:
        assert "sent nothing for 0.3 seconds" in str(lost(session, server, limits=SOON_SILENT))


@pytest.mark.parametrize("part", ["head", "body", "chunked"])
def test_a_dribbling_answer_cannot_outlast_the_whole_deadline(
    session: HttpSession, part: str
) -> None:
    slow = {
        "head": b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000,
        "body": answer("x" * 1000),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 500,
    }[part]
    began = time.monotonic()
    with WireServer(dribble(slow, pause=PAUSE)) as server:
        failure = lost(session, server, limits=SOON_OVER)
        assert "did not answer within 0.6 seconds" in str(failure)
    assert time.monotonic() - began < PAUSE * len(slow) / 2


@pytest.mark.parametrize(
    "data",
    [
        answer("x" * 100)[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["short", "chunk cut", "chunk garbled", "not gzip"],
)
def test_a_broken_body_keeps_the_status_that_came_before_it(
    session: HttpSession, data: bytes
) -> None:
    with WireServer(cut(data)) as server:
        assert lost(session, server).status == 200


@pytest.mark.parametrize("data", [b"not http at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b""])
def test_what_is_not_http_is_a_lost_answer(session: HttpSession, data: bytes) -> None:
    with WireServer(cut(data)) as server:
        assert lost(session, server).status is None


def test_a_body_beyond_the_limit_is_not_read_on(session: HttpSession) -> None:
    with WireServer(answer("x" * 100_001), answer("x" * 100_000)) as server:
        assert "sent more than 97.6562 KiB" in str(lost(session, server))
        assert len(fetch(session, "GET", server.url, limits=PATIENT).body) == 100_000


def test_a_compressed_bomb_is_stopped_before_it_unfolds(session: HttpSession) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with WireServer(answer(bomb, headers={"Content-Encoding": "gzip"})) as server:
        tracemalloc.start()
        lost(session, server)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3_000_000


def test_a_compressed_answer_is_unfolded(session: HttpSession) -> None:
    packed = gzip.compress(b"[1]" * 1000)
    with WireServer(answer(packed, headers={"Content-Encoding": "gzip"})) as server:
        got = fetch(session, "GET", server.url)
    assert got.body == b"[1]" * 1000
    assert got.received == len(packed)


def test_the_session_is_good_after_a_failure(session: HttpSession) -> None:
    with WireServer(hang_up, answer("[2]")) as server:
        lost(session, server)
        assert fetch(session, "GET", server.url).body == b"[2]"


@pytest.mark.parametrize("script", [hang_up, silence, cut(answer("xx")[:-1])])
def test_no_failure_shows_an_address_or_a_credential(session: HttpSession, script) -> None:
    with WireServer(script) as server:
        url = f"{server.url}/{CANARY}?k={CANARY}"
        with pytest.raises(HttpFailure) as caught:
            fetch(session, "GET", url, limits=SOON_SILENT, auth=Secret())
    told = everything_told(caught.value)
    assert CANARY not in told
    assert server.url not in told
    assert caught.value.__context__ is None


def everything_told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize(
    "url",
    [
        "https://cms.megaphone.fm/api",
        "https://cms.megaphone.fm:8443/api/",
        "http://localhost:8001/api",
        "http://127.0.0.1:8001",
        "http://127.9.9.9/",
        "http://[::1]:5000/api",
    ],
)
def test_addresses_that_may_be_used(url: str) -> None:
    assert check_base_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cms.megaphone.fm/api",
        "ftp://cms.megaphone.fm",
        "http://cms.megaphone.fm/api",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "https://user:pass@example.com/",
        "https://@example.com/",
        "https://example.com/api?x=1",
        "https://example.com/api#top",
        "https://example.com/a b",
        "https://exämple.com/",
        "http://localhost\\@example.com/",
        "https://",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://example.com/\n",
        "https://example.com/" + "a" * 1000,
    ],
)
def test_addresses_that_are_refused_in_a_sentence(url: str) -> None:
    problem = check_base_url(url)
    assert problem is not None
    assert problem.endswith(".")
