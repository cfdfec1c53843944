"""Looking after operators and API tokens from the command line: lists, passwords, revoking."""

import secrets
from collections.abc import Sequence

from argon2 import PasswordHasher
from sqlalchemy import select

from webapp.auth import queries
from webapp.auth.models import ApiToken, Operator
from webapp.core.clock import utc_now
from webapp.core.config import MIN_PASSWORD_LENGTH
from webapp.core.db import db
from webapp.core.errors import InvalidInput, NotFound

RANDOM_BYTES = 18  # 24 characters

# Stronger than what signing in asks for; the next sign-in brings it to the usual parameters.
_hasher = PasswordHasher()


def list_operators() -> Sequence[Operator]:
    return db.session.scalars(select(Operator).order_by(Operator.email)).all()


def list_tokens() -> Sequence[ApiToken]:
    return db.session.scalars(select(ApiToken).order_by(ApiToken.name)).all()


def token_named(name: str) -> ApiToken:
    """Raises ``NotFound``."""
    token = db.session.scalars(select(ApiToken).where(ApiToken.name == name)).one_or_none()
    if token is None:
        raise NotFound(f"There is no token named {name}.")
    return token


def random_password() -> str:
    return secrets.token_urlsafe(RANDOM_BYTES)


def set_password(email: str, password: str) -> Operator:
    """Raises ``NotFound`` or ``InvalidInput``."""
    operator = queries.operator_by_email(email)
    if operator is None:
        raise NotFound(f"There is no operator with the e-mail address {email}.")
    if len(password) < MIN_PASSWORD_LENGTH:
        message = f"A password needs at least {MIN_PASSWORD_LENGTH} characters."
        raise InvalidInput({"password": message})
    operator.password_hash = _hasher.hash(password)
    db.session.flush()
    return operator


def revoke_token(name: str) -> ApiToken:
    """The token opens nothing any more. Revoked twice, it keeps the first time. ``NotFound``."""
    token = token_named(name)
    token.revoked_at = token.revoked_at or utc_now()
    db.session.flush()
    return token
