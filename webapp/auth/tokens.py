"""Tokens of scripts: making them, giving them a new secret, and ending them.

A secret is returned once, by what made it; only its digest is kept.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webapp.auth import queries
from webapp.auth.models import ApiToken, Operator
from webapp.auth.permissions import PERMISSION_OF, Scope, role_may
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import InvalidInput, TooLate

PREFIX = "fdk_"
LIFETIME = timedelta(days=365)
OVERLAP = timedelta(hours=24)
MOST_OVERLAP = timedelta(days=30)
REQUESTS_PER_WINDOW = 3_000
MOST_REQUESTS = 1_000_000
MOST_NAME = 100


@dataclass(frozen=True, slots=True)
class Made:
    """A token, and its secret: the only time it can be read."""

    token: ApiToken
    secret: str


def create(
    name: str,
    scopes: Collection[str],
    *,
    operator: Operator | None = None,
    expires_at: datetime | None = None,
    per_window: int = REQUESTS_PER_WINDOW,
) -> Made:
    """Make a script's token. It never expires unless ``expires_at`` is given.

    Raises ``InvalidInput`` for a name that is empty or taken, and for no scope or one that its
    operator may not have.
    """
    name = name.strip()
    problems = {
        "name": _wrong_name(name),
        "scopes": _wrong_scopes(scopes, operator),
        "expires_at": _wrong_expiry(expires_at),
        "per_window": (
            None
            if 1 <= per_window <= MOST_REQUESTS
            else f"Choose 1 to {MOST_REQUESTS:,} requests in 15 minutes."
        ),
    }
    _refuse(problems)
    secret = _new_secret()
    token = ApiToken(
        name=name,
        digest=queries.token_digest(secret),
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        per_window=per_window,
        operator_id=operator.id if operator else None,
        created_at=utc_now(),
        expires_at=expires_at,
    )
    try:
        with db.session.begin_nested():
            db.session.add(token)
    except IntegrityError:
        raise InvalidInput({"name": _taken(name)}) from None
    return Made(token, secret)


def rotate(
    token: ApiToken, drawn: str, *, overlap: timedelta = OVERLAP, expires_at: datetime | None = None
) -> Made:
    """Give the token a new secret, good until ``expires_at``; the old one works for ``overlap``.

    ``drawn`` is the ``mark`` that the caller has seen: sent twice, it is rotated once. Raises
    ``TooLate`` for a token that was rotated since, revoked or expired, and ``InvalidInput``.
    """
    now = utc_now()
    token = db.session.get_one(ApiToken, token.id, with_for_update=True, populate_existing=True)
    if token.revoked_at or (token.expires_at and token.expires_at <= now):
        raise TooLate(f"{token.name} is {token.state(now)}: make another token.")
    if token.mark != drawn:
        raise TooLate(f"{token.name} was rotated meanwhile. Its new secret was shown once.")
    within = timedelta(0) <= overlap <= MOST_OVERLAP
    _refuse(
        {
            "overlap": None if within else f"Choose up to {MOST_OVERLAP.days} days.",
            "expires_at": _wrong_expiry(expires_at),
        }
    )
    until = min(now + overlap, token.expires_at) if token.expires_at else now + overlap
    token.previous_digest = token.digest if overlap else None
    token.previous_until = until if overlap else None
    secret = _new_secret()
    token.digest, token.expires_at = queries.token_digest(secret), expires_at
    db.session.flush()
    return Made(token, secret)


def revoke(token: ApiToken) -> bool:
    """The token opens nothing any more. ``False`` when it was revoked before."""
    if token.revoked_at:
        return False
    token.revoked_at = utc_now()
    db.session.flush()
    return True


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _refuse(problems: dict[str, str | None]) -> None:
    found = {field: message for field, message in problems.items() if message}
    if found:
        raise InvalidInput(found)


def _wrong_name(name: str) -> str | None:
    if not name or len(name) > MOST_NAME or not name.isprintable():
        return f"A token needs a name of 1 to {MOST_NAME} characters."
    if db.session.scalar(select(ApiToken.id).where(ApiToken.name == name)):
        return _taken(name)
    return None


def _taken(name: str) -> str:
    return f"There is a token named {name} already. Choose another name."


def _wrong_scopes(scopes: Collection[str], operator: Operator | None) -> str | None:
    if not scopes or not set(scopes) <= set(Scope):
        return f"A token needs at least one of {', '.join(Scope)}."
    if operator is None:
        return None
    beyond = [s for s in scopes if not role_may(operator.role, PERMISSION_OF[Scope(s)])]
    return f"A {operator.role} may not give {', '.join(beyond)}." if beyond else None


def _wrong_expiry(expires_at: datetime | None) -> str | None:
    return "Choose a day to come." if expires_at and expires_at <= utc_now() else None
