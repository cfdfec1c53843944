"""A service that keeps accounts, on a real socket of this machine; it goes wrong as it is told to.

It speaks OpenID Connect as far as signing in needs it: discovery, keys, an address that sends
browsers back with a code, and one that gives a token for it, where it checks what a client proves.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "flightdeck", "a secret of the client: 100%"
LIFETIME = 300


@cache
def signing_key(name: str = "service") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


@dataclass
class Provider:
    """``claims`` and ``found`` replace parts of a token and of what discovery says."""

    port: int = 0
    subject: str = "248289761001"
    email: str = "manager@example.com"
    verified: object = True
    claims: dict[str, object] = field(default_factory=dict)
    found: dict[str, object] = field(default_factory=dict)
    answers: dict[str, Callable[[], tuple[int, bytes]]] = field(default_factory=dict)
    key: Callable[[], RSAKey] = signing_key
    key_name: str = "service"
    # What is kept of one service is never taken for another's that had its port before.
    realm: str = field(default_factory=lambda: secrets.token_hex(8))
    algorithm: str = "RS256"
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.realm}"

    def let_in(self, address: str) -> dict[str, str]:
        """What a person does there: signs in, and is sent back with these arguments."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        } | self.found

    def token(self, body: str, authorization: str) -> tuple[int, dict[str, object]]:
        """A token for a code, once, for who proves to have asked for it."""
        said = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.codes.pop(said.get("code", ""), None)
        proof = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or authorization != f"Basic {proof}"
            or challenge != asked["code_challenge"]
            or said.get("redirect_uri") != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self._id(asked)}

    def _id(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + LIFETIME,
            "nonce": asked["nonce"],
            "email": self.email,
            "email_verified": self.verified,
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.key()
        header = {"alg": self.algorithm, "kid": self.key_name}
        self.tokens.append(jwt.encode(header, kept, key, algorithms=[self.algorithm]))
        return self.tokens[-1]

    def back(self, address: str, **changed: str) -> str:
        """Where the browser comes back to: path and arguments."""
        asked = dict(parse_qsl(urlsplit(address).query))
        return f"{urlsplit(asked['redirect_uri']).path}?{urlencode(self.let_in(address) | changed)}"


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def log_message(self, *args: Any) -> None:
        """Tests read what is logged; this is not part of it."""

    def do_GET(self) -> None:
        state, path = self.server.state, self.path.removeprefix(f"/{self.server.state.realm}")
        if path.startswith("/authorize?"):
            self._send_back(state)
            return
        known: dict[str, Callable[[], object]] = {
            "/.well-known/openid-configuration": state.discovery,
            "/keys": lambda: {"keys": [signing_key().as_dict(private=False)]},
        }
        self._answer(path, lambda: (200, known[path]()))

    def _send_back(self, state: Provider) -> None:
        """To a browser: whoever comes is known here already, and sent back at once."""
        asked = dict(parse_qsl(urlsplit(self.path).query))
        back = urlencode(state.let_in(f"http://127.0.0.1:{state.port}{self.path}"))
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{back}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        given = self.headers.get("Authorization", "")
        self._answer("/token", lambda: self.server.state.token(body, given))

    def _answer(self, path: str, usual: Callable[[], tuple[int, object]]) -> None:
        self.server.state.asked.append(path)
        if path in self.server.state.answers:
            status, body = self.server.state.answers[path]()
        else:
            status, said = usual()
            body = json.dumps(said).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.state.issuer}/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    state: Provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what some tests are about."""


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Start the service; what it should do wrong is set on what this gives."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.state = Provider(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.state
    finally:
        server.state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
