"""Operators: making them, and checking who knocks."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email

from webapp.auth import queries, throttle
from webapp.auth.models import Operator
from webapp.auth.permissions import ROLES
from webapp.core.clock import utc_now
from webapp.core.config import MIN_PASSWORD_LENGTH
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput, NotFound

TOO_SHORT = f"A password needs at least {MIN_PASSWORD_LENGTH} characters."
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
