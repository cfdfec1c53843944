"""Operators and tokens: making them, and checking who knocks."""

import secrets
from collections.abc import Collection
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email

from webapp.auth import queries, throttle
from webapp.auth.models import ApiToken, Operator
from webapp.auth.permissions import PERMISSION_OF, ROLES, Scope, role_may
from webapp.core.clock import utc_now
from webapp.core.config import MIN_PASSWORD_LENGTH
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput, NotFound

TOKEN_PREFIX = "fdk_"  # noqa: S105
TOO_SHORT = f"A password needs at least {MIN_PASSWORD_LENGTH} characters."
REQUESTS_PER_WINDOW = 3_000
MOST_REQUESTS = 1_000_000
RANDOM_BYTES = 18  # as text, 24 characters

# OWASP's parameters for Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked for an e-mail address nobody has, so that both answers take as long.
_nobody = _hasher.hash(secrets.token_urlsafe())


class SignInFailed(DomainError):
    """Wrong e-mail, wrong password, switched off, or too many tries: the same words for all."""

    def __init__(self) -> None:
        super().__init__(
            "That e-mail and password do not match, or there were too many tries. "
            "Check both, or wait 15 minutes."
        )


def sign_in(email: str, password: str, address: str) -> Operator:
    """The operator with this e-mail and password. Raises ``SignInFailed``.

    Either way there is something to commit.
    """
    blocked = throttle.is_blocked(email, address)
    operator = queries.operator_by_email(email)
    digest = operator.password_hash if operator else _nobody
    # Hashing takes long on purpose: not while holding the database.
    db.session.rollback()
    fits = _fits(digest, password)
    if blocked:
        raise SignInFailed
    if operator is None or not operator.active or not fits:
        throttle.count_failure(email, address)
        raise SignInFailed
    throttle.forget_failures(email)
    operator.last_sign_in_at = utc_now()
    if _hasher.check_needs_rehash(digest):
        operator.password_hash = _hasher.hash(password)
    return operator


def _fits(digest: str, password: str) -> bool:
    try:
        return _hasher.verify(digest, password)
    except (VerificationError, InvalidHashError):
        return False


def create_operator(email: str, password: str, role: str = "manager") -> Operator:
    """Raises ``InvalidInput`` for an e-mail that is wrong or taken, or a short password."""
    problems = {}
    try:
        checked = validate_email(email, check_deliverability=False, test_environment=True)
        # SQLite folds the case of ASCII letters only.
        email = checked.normalized.lower()
    except EmailNotValidError:
        problems["email"] = "This is not an e-mail address."
    if len(password) < MIN_PASSWORD_LENGTH:
        problems["password"] = TOO_SHORT
    if role not in ROLES:
        problems["role"] = f"A role is one of {', '.join(ROLES)}."
    if not problems and queries.operator_by_email(email):
        problems["email"] = "There is an operator with this e-mail address already."
    if problems:
        raise InvalidInput(problems)
    operator = Operator(
        email=email, password_hash=_hasher.hash(password), role=role, created_at=utc_now()
    )
    db.session.add(operator)
    db.session.flush()
    return operator


def set_password(email: str, password: str) -> Operator:
    """Give an operator another password. Raises ``NotFound`` or ``InvalidInput``."""
    operator = queries.operator_by_email(email)
    if operator is None:
        raise NotFound(f"There is no operator with the e-mail address {email}.")
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInput({"password": TOO_SHORT})
    operator.password_hash = _hasher.hash(password)
    db.session.flush()
    return operator


def set_single_keys(operator: Operator, *, on: bool) -> None:
    """Whether single keys are shortcuts for this operator."""
    operator.single_keys = on
    db.session.flush()


def random_password() -> str:
    """A password nobody has to think of."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def revoke_token(name: str) -> ApiToken:
    """The token opens nothing any more. Revoked twice, it keeps the first time. ``NotFound``."""
    token = queries.token_named(name)
    token.revoked_at = token.revoked_at or utc_now()
    db.session.flush()
    return token


def create_token(
    name: str,
    scopes: Collection[str],
    *,
    operator: Operator | None = None,
    expires_at: datetime | None = None,
    per_window: int = REQUESTS_PER_WINDOW,
) -> str:
    """Make a script's token and return it, the only time it can be read.

    Raises ``InvalidInput`` for a name that is empty or taken, and for no scope or one that its
    operator may not have.
    """
    name = name.strip()
    problems = {
        "name": _token_name(name),
        "scopes": _scopes(scopes, operator),
        "expires_at": "Choose a day to come." if expires_at and expires_at <= utc_now() else None,
        "per_window": (
            None
            if 1 <= per_window <= MOST_REQUESTS
            else f"Choose 1 to {MOST_REQUESTS:,} requests in 15 minutes."
        ),
    }
    found = {field: message for field, message in problems.items() if message}
    if found:
        raise InvalidInput(found)
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    db.session.add(
        ApiToken(
            name=name,
            digest=queries.token_digest(token),
            scopes=" ".join(scope for scope in Scope if scope in scopes),
            per_window=per_window,
            operator_id=operator.id if operator else None,
            created_at=utc_now(),
            expires_at=expires_at,
        )
    )
    db.session.flush()
    return token


def _token_name(name: str) -> str | None:
    if not name or len(name) > 100:
        return "A token needs a name of 1 to 100 characters."
    if db.session.query(ApiToken.id).filter_by(name=name).first():
        return f"There is a token named {name} already. Choose another name."
    return None


def _scopes(scopes: Collection[str], operator: Operator | None) -> str | None:
    if not scopes or not set(scopes) <= set(Scope):
        return f"A token needs at least one of {', '.join(Scope)}."
    beyond = [
        scope
        for scope in scopes
        if operator and not role_may(operator.role, PERMISSION_OF[Scope(scope)])
    ]
    return f"A {operator.role} may not give {', '.join(beyond)}." if operator and beyond else None
