"""Where Flightdeck calls out to: the hosts of the settings and no other place, by real sockets."""

import ast
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.adservers.wire import WireServer, answer
from tests.core.test_outgoing import certificate, serving
from tests.support.network import NetworkRefused
from tests.support.sources import sources
from webapp.adservers.errors import AdServerError
from webapp.adservers.types import Priority
from webapp.connections.service import MEGAPHONE
from webapp.core.config import Settings
from webapp.core.http import Limits, NotSent, fetch, http_session
from webapp.core.outgoing import call
from webapp.core.ratelimit import RateLimiter
from webapp.ops import heartbeat
from webapp.sync.remote import RequestCount, open_remote

PUBLIC, PRIVATE, METADATA = "93.184.215.14", "10.1.2.3", "169.254.169.254"
# The one place, and who is no danger: the mail server of the settings, ports of this machine, an
# adapter that names a header's place, a process that asks for its machine's name.
THOSE_THAT_MAY = {
    "webapp/core/http.py",
    "webapp/core/addresses.py",
    "webapp/notices/mail.py",
    "webapp/launcher.py",
    "webapp/ops/ports.py",
    "webapp/adservers/megaphone/client.py",
    "webapp/sync/lead.py",
}
REACHING_OUT = {"socket", "ssl", "requests", "urllib3", "http.client", "urllib.request", "smtplib"}


@pytest.fixture
def elsewhere() -> Iterator[WireServer]:
    """A place that nothing may lead to."""
    with WireServer(answer("secrets")) as server:
        yield server
        assert server.connections == 0


@pytest.fixture
def stands_for(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Has names stand for addresses, as the system's resolver would say it; notes who asked."""
    asked: list[str] = []
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: int, **more: int) -> list[Any]:
        asked.append(host)
        if host not in known:
            return real(host, port, *rest, **more)
        return [(2, 1, 6, "", (address, port)) for address in known[host]]

    def stand(name: str, *addresses: str) -> list[str]:
        known[name] = list(addresses)
        return asked

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return stand


def remote_at(base_url: str, **changed: Any) -> Settings:
    return Settings(
        megaphone_base_url=base_url,
        megaphone_api_token="token-of-the-desk",
        megaphone_org_id="organisation",
        **changed,
    )


def check(settings: Settings) -> None:
    limiter = RateLimiter(0)
    with open_remote(MEGAPHONE, settings, limiter, Priority.PUSH, RequestCount()) as remote:
        remote.check()


def test_a_session_that_is_kept_to_a_host_calls_no_other(elsewhere: WireServer) -> None:
    with WireServer(answer()) as server, http_session("Tests") as session:
        session.keep_to(f"{server.url}/api")
        assert fetch(session, "GET", f"{server.url}/api/x").status == 200
        for url in (elsewhere.url, f"http://localhost:{server.port}/api/x"):
            with pytest.raises(NotSent, match="not one that may be used"):
                fetch(session, "GET", url)
        assert len(server.heads) == 1


@pytest.mark.parametrize(
    "url", ["http://hooks.example/in", "ftp://127.0.0.1/", "https://a:b@hooks.example/", "file:///"]
)
def test_what_is_not_https_is_not_even_looked_up(url: str, stands_for: Any) -> None:
    asked = stands_for("hooks.example", PUBLIC)
    with pytest.raises(NotSent, match="not one that may be used"):
        call("Tests", "GET", url)
    assert asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        (PUBLIC, "127.0.0.1"),
        (METADATA,),
        (PRIVATE,),
        ("::ffff:127.0.0.1",),
        ("::",),
    ],
)
def test_a_name_that_stands_for_an_inner_place_is_not_called(
    addresses: tuple[str, ...], elsewhere: WireServer, stands_for: Any
) -> None:
    stands_for("hooks.example", *addresses)
    with pytest.raises(NotSent, match="may not be called"):
        call("Tests", "GET", f"https://hooks.example:{elsewhere.port}/")


def test_metadata_is_not_called_even_where_private_networks_are(stands_for: Any) -> None:
    stands_for("hooks.example", METADATA)
    with pytest.raises(NotSent, match="may not be called"):
        call("Tests", "GET", "https://hooks.example/", private=True)


def test_a_name_that_changes_its_mind_is_called_where_it_was_judged(
    elsewhere: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name of this machine that stands for another of its addresses when asked once more."""
    answers = ["127.0.0.1", "127.0.0.3"]

    def look_up(host: str, port: int, *_rest: int, **_more: int) -> list[Any]:
        address = answers.pop(0) if host == "localhost" else host
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    with WireServer(answer()) as server:
        assert call("Tests", "GET", f"http://localhost:{server.port}/").status == 200
    assert answers == ["127.0.0.3"]


def test_each_new_socket_is_judged_anew(elsewhere: WireServer, stands_for: Any) -> None:
    """The session of an ad server lives on: a name may turn to an inner place meanwhile."""
    with http_session("Tests") as session:
        for addresses in ((METADATA,), ("127.0.0.1",)):
            stands_for("cms.example", *addresses)
            with pytest.raises(NotSent, match="may not be called"):
                fetch(session, "GET", f"https://cms.example:{elsewhere.port}/")


def test_an_ad_server_on_a_private_network_is_called_only_where_the_settings_say_so(
    app: object, stands_for: Any
) -> None:
    stands_for("cms.example", PRIVATE)
    with pytest.raises(AdServerError) as caught:
        check(remote_at("https://cms.example/api"))
    assert "may not be called" in caught.value.message
    # The guard of these tests stands where the network would be.
    with pytest.raises(NetworkRefused, match=PRIVATE):
        check(remote_at("https://cms.example/api", outgoing_private=True))


def test_an_ad_servers_redirect_is_not_followed_and_the_token_stays(
    app: object, elsewhere: WireServer
) -> None:
    moved = answer("", "302 Found", {"Location": f"{elsewhere.url}/api"})
    with WireServer(moved) as server:
        with pytest.raises(AdServerError):
            check(remote_at(f"{server.url}/api"))
        assert "token-of-the-desk" in server.heads[0]


def test_a_heartbeat_follows_no_redirect_and_reads_no_more_than_it_needs(
    elsewhere: WireServer,
) -> None:
    moved = answer("", "302 Found", {"Location": elsewhere.url})
    with WireServer(moved, answer("x" * 100_000)) as server:
        heartbeat.tell("pull", SecretStr(f"{server.url}/beat"))
        heartbeat.tell("pull", SecretStr(f"{server.url}/beat"))
        assert len(server.heads) == 2


def test_a_heartbeat_goes_to_no_private_network_unless_the_settings_say_so(
    stands_for: Any,
) -> None:
    asked = stands_for("beats.example", PRIVATE)
    heartbeat.tell("pull", SecretStr("https://beats.example/ping"))
    assert asked == ["beats.example"]
    with pytest.raises(NetworkRefused, match=PRIVATE):
        heartbeat.tell("pull", SecretStr("https://beats.example/ping"), private=True)


def test_more_than_the_limit_is_not_read() -> None:
    small = Limits(body_bytes=1000)
    with WireServer(answer("x" * 2000)) as server, pytest.raises(Exception, match="sent more than"):
        call("Tests", "GET", server.url, limits=small)


def test_a_certificate_is_verified_and_a_name_that_is_not_on_it_is_refused(tmp_path: Path) -> None:
    mine = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mine)
    with serving(context) as port, http_session("Tests") as session:
        with pytest.raises(NotSent, match="certificate"):
            fetch(session, "GET", f"https://localhost:{port}/")
        session.verify = str(mine)
        assert fetch(session, "GET", f"https://localhost:{port}/").status == 204
        with pytest.raises(NotSent, match="certificate"):
            fetch(session, "GET", f"https://127.0.0.1:{port}/")


def test_nothing_else_of_the_product_opens_a_socket() -> None:
    found = {
        source.name
        for source in sources("webapp")
        if not source.name.startswith("webapp/sandbox/")
        for node in ast.walk(source.tree)
        if REACHING_OUT & _imported(node)
    }
    assert found == THOSE_THAT_MAY


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
