"""Signing in with an account that another service keeps: OpenID Connect, by code, with PKCE.

What the service says is believed when its token is signed with its keys, is for us, answers this
very attempt (state, nonce) and is not over. It never makes a person: it finds one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, KeySet
from sqlalchemy import select

from webapp.auth import oidc_kept, oidc_provider, queries
from webapp.auth.models import Operator
from webapp.auth.oidc_provider import Client, Provider
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError

# Signed with a private key: a token "signed" with what everybody may read is nobody's.
ALGORITHMS = ("RS256", "PS256", "ES256")
ATTEMPT_FOR = timedelta(minutes=10)
LEEWAY_SECONDS = 60
SCOPE = "openid email"
MOST_SUBJECT = 255

log = structlog.get_logger()


class NotBelieved(DomainError):
    """What came back does not answer what was asked, or is not the service's."""

    def __init__(self, why: str) -> None:
        super().__init__("That sign-in could not be checked. Start it again, here, in this window.")
        log.warning("oidc_refused", why=why)


class NobodyHere(DomainError):
    """The service knows them, and we do not: the same words whatever the reason."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "No active account here goes with the one you signed in with. "
            "Ask an admin to invite you, or to switch your account on."
        )
        log.warning("oidc_nobody", why=why)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the service and back; kept in the browser's cookie, and good for one return."""

    state: str
    nonce: str
    verifier: str
    target: str
    at: str

    def kept(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Account:
    """Who signed in there. ``email`` is only what the service has verified."""

    subject: str
    email: str | None


def new_attempt(target: str) -> Attempt:
    """``target`` is where somebody wants to be once signed in."""
    return Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        target=target,
        at=utc_now().isoformat(),
    )


def read_attempt(kept: object) -> Attempt | None:
    """The attempt that a cookie holds, unless it is too old."""
    if not isinstance(kept, dict) or kept.keys() != Attempt.__dataclass_fields__.keys():
        return None
    attempt = Attempt(**kept)
    return attempt if datetime.fromisoformat(attempt.at) + ATTEMPT_FOR > utc_now() else None


def address_of(client: Client, attempt: Attempt, redirect_uri: str) -> str:
    """Where to send the browser. Raises ``ProviderFailed``."""
    address = prepare_grant_uri(
        oidc_kept.provider(client).authorize,
        client.id,
        "code",
        redirect_uri,
        SCOPE,
        attempt.state,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
    )
    return str(address)


def account(
    client: Client, attempt: Attempt | None, said: Mapping[str, str], redirect_uri: str
) -> Account:
    """Who came back from the service. ``said`` are the arguments of the address they came to.

    Raises ``NotBelieved`` and ``ProviderFailed``. Asks the service: no transaction may be open.
    """
    if attempt is None:
        raise NotBelieved("no attempt, or too old")
    if not hmac.compare_digest(said.get("state", "").encode(), attempt.state.encode()):
        raise NotBelieved("another state")
    if said.get("iss", client.issuer) != client.issuer:
        raise NotBelieved("another issuer answers")
    if not said.get("code"):
        raise NotBelieved("the service let nobody in")
    provider = oidc_kept.provider(client)
    given = oidc_provider.token(client, provider, said["code"], attempt.verifier, redirect_uri)
    return _believed(_claims(client, attempt, given, provider))


def _claims(
    client: Client, attempt: Attempt, given: Mapping[str, Any], provider: Provider
) -> CodeIDToken:
    """The claims of the token, each looked at."""

    def keys(token: GuestProtocol) -> KeySet:
        return oidc_kept.keys(provider, token.headers().get("kid"))

    try:
        token = jwt.decode(str(given.get("id_token")), keys, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": client.issuer},
                "aud": {"essential": True, "value": client.id},
            },
            params={
                "nonce": attempt.nonce,
                "client_id": client.id,
                "access_token": given.get("access_token"),
            },
        )
        claims.validate(now=int(utc_now().timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        # The kind of fault alone: its words may show a piece of the token.
        raise NotBelieved(f"{type(error).__name__} {getattr(error, 'claim', '')}".strip()) from None
    return claims


def _believed(claims: CodeIDToken) -> Account:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
        raise NotBelieved("no subject")
    email = claims.get("email")
    is_verified = claims.get("email_verified") is True and isinstance(email, str)
    # Two services may use one subject: which of them it is of is part of what is kept.
    known_as = hashlib.sha256(f"{claims['iss']}\n{subject}".encode()).hexdigest()
    return Account(known_as, email if is_verified else None)


def operator_of(account: Account) -> tuple[Operator, bool]:
    """Whose account it is here, and whether it was linked just now. Raises ``NobodyHere``.

    Known by what the service calls them; the first time, by an e-mail that it has verified.
    """
    query = select(Operator).where(Operator.oidc_subject == account.subject)
    operator = db.session.scalars(query).one_or_none()
    if operator:
        if not operator.active:
            raise NobodyHere("switched off")
        return operator, False
    if account.email is None:
        raise NobodyHere("e-mail not verified")
    operator = queries.operator_by_email(account.email)
    if operator is None or not operator.active:
        raise NobodyHere("no active operator")
    if operator.oidc_subject is not None:
        raise NobodyHere("another account is linked")
    operator.oidc_subject = account.subject
    db.session.flush()
    return operator, True
