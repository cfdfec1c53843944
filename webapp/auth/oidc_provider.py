"""The calls to the service that keeps the accounts: what it offers, its keys, a code for a token.

Each goes to the issuer's own host, once, with a deadline. What comes back is not believed here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key

from webapp.core import outgoing
from webapp.core.addresses import check_url
from webapp.core.config import Settings
from webapp.core.errors import DomainError
from webapp.core.http import HttpFailure, Limits

AGENT = "Flightdeck (sign-in)"
WELL_KNOWN = "/.well-known/openid-configuration"
# Somebody waits, and so does a thread.
LIMITS = Limits(connect=3.0, read=4.0, total=5.0, body_bytes=256 * 1024)
FORM = "application/x-www-form-urlencoded"
BASIC, IN_BODY, NO_SECRET = "client_secret_basic", "client_secret_post", "none"

log = structlog.get_logger()


class ProviderFailed(DomainError):
    """The service did not answer, or not as it should. Nothing is wrong with the person."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The sign-in service {why}. Try again in a minute, or tell an admin.")
        self.why = why


@dataclass(frozen=True, slots=True)
class Client:
    """What the service knows Flightdeck by."""

    issuer: str
    id: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Provider:
    """The service's addresses, and how it wants a client to prove itself."""

    authorize: str
    token: str
    keys: str
    methods: tuple[str, ...]


def client_of(settings: Settings) -> Client | None:
    """``None`` where no such service is set."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret
    return Client(
        settings.oidc_issuer, settings.oidc_client_id, secret.get_secret_value() if secret else None
    )


def discover(client: Client) -> Provider:
    """Ask the service for its addresses. Raises ``ProviderFailed``."""
    said = _ask("GET", client.issuer.rstrip("/") + WELL_KNOWN)
    if said.get("issuer") != client.issuer:
        raise _failed("says that it is another one", "issuer")
    methods = said.get("token_endpoint_auth_methods_supported", [BASIC])
    return Provider(
        _own_address(client, said, "authorization_endpoint"),
        _own_address(client, said, "token_endpoint"),
        _own_address(client, said, "jwks_uri"),
        tuple(methods) if isinstance(methods, list) else (BASIC,),
    )


def keys(provider: Provider) -> KeySet:
    """The public keys that tokens are signed with. Raises ``ProviderFailed``."""
    given = _ask("GET", provider.keys).get("keys")
    readable = [_readable(each) for each in given] if isinstance(given, list) else []
    found = [key for key in readable if key]
    if not found:
        raise _failed("gave no key that can be read", "keys")
    return KeySet(found)


def _readable(given: Any) -> Key | None:
    # A service may have keys for other uses, of kinds that nobody knew when this was written.
    try:
        return import_key(given)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        log.info("oidc_key_not_read")
        return None


def token(
    client: Client, provider: Provider, code: str, verifier: str, redirect_uri: str
) -> Mapping[str, Any]:
    """What the service gives for a code. Raises ``ProviderFailed``."""
    body = prepare_token_request(
        "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier
    )
    headers = {"Content-Type": FORM, "Accept": "application/json"}
    proving = ClientAuth(client.id, client.secret, _method(client, provider))
    _, headers, body = proving.prepare("POST", provider.token, headers, body)
    return _ask("POST", provider.token, headers=headers, body=body.encode())


def _method(client: Client, provider: Provider) -> str:
    if client.secret is None:
        return NO_SECRET
    return IN_BODY if IN_BODY in provider.methods and BASIC not in provider.methods else BASIC


def _own_address(client: Client, said: Mapping[str, Any], name: str) -> str:
    address = str(said.get(name))
    if check_url(address) or _origin(address) != _origin(client.issuer):
        raise _failed("names an address that is not its own", name)
    return address


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()


def _ask(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> dict[str, Any]:
    try:
        answer = outgoing.call(
            AGENT, method, url, headers=headers, body=body, private=True, limits=LIMITS
        )
    except HttpFailure as failure:
        raise _failed(str(failure), "call") from None
    if answer.status != 200:
        raise _failed(f"answered {answer.status}", "status")
    try:
        said = json.loads(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise _failed("gave an answer that cannot be read", "answer")
    return said


def _failed(why: str, about: str) -> ProviderFailed:
    log.warning("oidc_provider_failed", about=about, why=why)
    return ProviderFailed(why)
