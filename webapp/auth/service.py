"""Operators: making them, and checking who knocks."""

from typing import Literal

import structlog

from webapp.auth import emails, passwords, queries, sessions, throttle
from webapp.auth.models import Operator, OperatorSession
from webapp.auth.permissions import ROLES
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import DomainError, InvalidInput, NotFound

Verdict = Literal["right", "wrong", "signed out"]

log = structlog.get_logger()

# Checked for an e-mail address nobody has, so that both answers take as long.
_nobody = passwords.hash_of(passwords.random())


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
    blocked = throttle.is_blocked(email, address) or not throttle.count_try(email, address)
    operator = queries.operator_by_email(email)
    # Whoever has no password, or is nobody, takes as long to be refused.
    has_one = operator is not None and operator.password_hash != passwords.NONE
    digest = operator.password_hash if operator and has_one else _nobody
    number = operator.id if operator and has_one else None
    who = {"operator_id": operator.id if operator else None, "address": throttle.mark_of(address)}
    # Hashing takes long on purpose: not while holding the database, and whoever tries at the same
    # moment has to see that this try is one.
    db.session.commit()
    renewed = _renewed(digest, password)
    if blocked:
        log.warning("sign_in_blocked", **who)
        raise SignInFailed
    # Looked at again: meanwhile they may have got another password, or been switched off.
    found = queries.operator_still_with(number, digest) if number and renewed else None
    if found is None or renewed is None:
        throttle.count_for_all()
        log.warning("sign_in_failed", **who)
        raise SignInFailed
    throttle.forget_failures(email, address=address)
    throttle.take_back(address)
    found.password_hash = renewed
    return found


def _renewed(digest: str, password: str) -> str | None:
    """The digest to keep from now on; ``None`` when the password does not fit."""
    if not passwords.fits(digest, password):
        return None
    return passwords.hash_of(password) if passwords.is_outdated(digest) else digest


def check_password(row: OperatorSession, password: str) -> Verdict:
    """Whoever is signed in types their password again. Too many wrong ones end the session.

    Whatever comes of it, there is something to commit.
    """
    digest, operator_id, session_id = row.operator.password_hash, row.operator_id, row.id
    # Hashing takes long on purpose: not while holding the database.
    db.session.rollback()
    fits = passwords.fits(digest, password)
    if fits and queries.operator_still_with(operator_id, digest):
        sessions.confirm(row)
        return "right"
    log.warning("password_not_confirmed", operator_id=operator_id, session_id=session_id)
    if throttle.count_in_session(session_id):
        return "wrong"
    sessions.end(row)
    return "signed out"


def create_operator(email: str, password: str, role: str = "manager") -> Operator:
    """Raises ``InvalidInput`` for an e-mail that is wrong or taken, or a short password."""
    problems = {}
    try:
        email = emails.normal(email)
    except InvalidInput as problem:
        problems.update(problem.fields)
    wrong = passwords.problem(password, email=email)
    if wrong:
        problems["password"] = wrong
    if role not in ROLES:
        problems["role"] = f"A role is one of {', '.join(ROLES)}."
    if not problems and queries.operator_by_email(email):
        problems["email"] = "There is an operator with this e-mail address already."
    if problems:
        raise InvalidInput(problems)
    now = utc_now()
    operator = Operator(
        email=email,
        password_hash=passwords.hash_of(password),
        password_set_at=now,
        role=role,
        created_at=now,
    )
    db.session.add(operator)
    db.session.flush()
    return operator


def set_password(email: str, password: str) -> Operator:
    """Give an operator another password, which signs them out everywhere.

    Raises ``NotFound`` or ``InvalidInput``.
    """
    operator = queries.operator_by_email(email)
    if operator is None:
        raise NotFound(f"There is no operator with the e-mail address {email}.")
    wrong = passwords.problem(password, email=operator.email)
    if wrong:
        raise InvalidInput({"password": wrong})
    put_password(operator, passwords.hash_of(password))
    return operator


def put_password(operator: Operator, digest: str) -> None:
    """Another password, of which this is the digest: whoever is signed in by the old one is out."""
    operator.password_hash, operator.password_set_at = digest, utc_now()
    # First: whoever signs in by the old one meanwhile is through, and ended then, or too late.
    db.session.flush()
    sessions.end_all(operator.id)


def set_single_keys(operator: Operator, *, on: bool) -> None:
    """Whether single keys are shortcuts for this operator."""
    operator.single_keys = on
    db.session.flush()
