"""Calls to addresses that somebody typed: which are made, and that none goes anywhere else."""

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from webapp.core.addresses import may_call
from webapp.core.http import NotSent, fetch, http_session
from webapp.core.outgoing import call


class Answering(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        Answering.seen.append(self.headers["Host"])
        self.send_response(302 if self.path == "/away" else 204)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing is printed."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    Answering.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("address", "private", "expected"),
    [
        ("93.184.215.14", False, True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", False, True),
        ("10.0.0.1", False, False),
        ("10.0.0.1", True, True),
        ("192.168.1.1", False, False),
        ("100.64.0.1", False, False),
        ("fd00::1", False, False),
        ("fd00::1", True, True),
        ("127.0.0.1", False, False),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("::ffff:10.0.0.1", False, False),
        ("169.254.169.254", True, False),
        ("fe80::1", True, False),
        ("::", True, False),
        ("224.0.0.1", True, False),
    ],
)
def test_which_addresses_a_name_may_stand_for(address: str, private: bool, expected: bool) -> None:
    found = ipaddress.ip_address(address)

    assert may_call(found, local=False, private=private) is expected


def test_this_machine_is_called_only_by_a_name_that_means_it() -> None:
    assert may_call(ipaddress.ip_address("127.0.0.1"), local=True, private=False)
    assert not may_call(ipaddress.ip_address("93.184.215.14"), local=True, private=True)


@pytest.mark.parametrize("url", ["https://10.0.0.1/in", "https://169.254.169.254/latest"])
def test_a_private_address_is_not_called(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def known(host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("93.184.215.14", port)), (0, 0, 0, "", (host, port))]

    monkeypatch.setattr("socket.getaddrinfo", known)
    with pytest.raises(NotSent, match="may not be called"):
        call("Tests", "GET", url, headers={})


@pytest.mark.parametrize("url", ["http://hooks.example/in", "ftp://127.0.0.1/", "https://a:b@c/"])
def test_an_address_that_may_not_be_used_is_not_called(url: str) -> None:
    with pytest.raises(NotSent):
        call("Tests", "GET", url, headers={})


def test_an_unknown_name_is_said_to_be_unknown() -> None:
    with pytest.raises(NotSent, match="name was not found"):
        call("Tests", "GET", "https://no-such-host.invalid/", headers={})


def test_the_name_goes_along_and_no_redirect_is_followed() -> None:
    with serving() as port:
        assert call("Tests", "GET", f"http://localhost:{port}/", headers={}).status == 204
        assert call("Tests", "GET", f"http://localhost:{port}/away", headers={}).status == 302

    assert Answering.seen == [f"localhost:{port}"] * 2


def test_a_name_is_looked_up_once_and_what_was_judged_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = socket.getaddrinfo

    def looked_up(host: str, port: int, *rest: int, **more: int) -> list[Any]:
        asked.append(host)
        found: list[Any] = real(host, port, *rest, **more)
        # Nobody listens on the first.
        return [(*found[0][:4], ("127.0.0.2", port)), *found] if host == "localhost" else found

    monkeypatch.setattr("socket.getaddrinfo", looked_up)
    with serving() as port:
        assert call("Tests", "GET", f"http://localhost:{port}/", headers={}).status == 204

    assert asked == ["localhost", "127.0.0.2", "127.0.0.1"]


def certificate(folder: Path, name: str) -> Path:
    """One for this name, signed by itself, with its key in the same file."""
    path = folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += [
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName=DNS:{name}",
    ]
    command += ["-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_a_certificate_must_be_trusted_and_for_the_name(tmp_path: Path) -> None:
    mine = certificate(tmp_path, "localhost")
    with tls_server(mine) as port:
        assert asked_for(f"https://localhost:{port}/", mine) == 204
        # The same machine and key, called by another name.
        with pytest.raises(NotSent, match="certificate"):
            asked_for(f"https://127.0.0.1:{port}/", mine)
        with pytest.raises(NotSent, match="certificate"):
            call("Tests", "GET", f"https://localhost:{port}/")


@contextmanager
def tls_server(certified: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified)
    with serving(context) as port:
        yield port


def asked_for(url: str, trusted: Path) -> int:
    """The status of an answer from a place whose certificate is among these."""
    with http_session("Tests") as session:
        session.verify = str(trusted)
        return fetch(session, "GET", url).status
