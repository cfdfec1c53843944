"""Slows down guessing of passwords: per e-mail address, per network address, and over all.

Kept in the database, so that it holds over all processes and a restart. Nothing here is for ever,
and it asks nothing of who is signed in already. Why the limits are what they are:
docs/decisions/0020-passwords-and-sessions.md.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from webapp.auth.emails import folded
from webapp.auth.models import Operator, OperatorSession, SignInThrottle
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.networks import network_of

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 5
MOST_PER_ADDRESS = 50
# As many failures of everyone together are an attack: until they are over, less is let pass.
MOST_OF_ALL = 300
MOST_PER_EMAIL_THEN = 2
MOST_PER_ADDRESS_THEN = 5
MOST_PER_SESSION = 5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are let pass, and how many under attack."""

    usual: int
    under_attack: int


def is_blocked(email: str, address: str, operator_id: int | None = None) -> bool:
    """Whether too many tries failed lately: for this e-mail, from this address.

    ``operator_id``: of whom a second factor is asked; those tries have a count of their own.
    """
    limits = _limits(email, address, operator_id)
    counts = _counts(list(limits))
    return any(counts.get(key, 0) >= most for key, most in limits.items())


def count_try(email: str, address: str, operator_id: int | None = None) -> bool:
    """Remember a try before it is checked. ``False``: others came first, it is one too many."""
    forget_old(utc_now())
    limits = _limits(email, address, operator_id)
    # Each is locked once counted: of many at one moment, every one gets a number of its own.
    counts = {key: _count(key) for key in limits}
    return all(counts[key] <= most for key, most in limits.items())


def take_back(address: str) -> None:
    """A try that was counted succeeded: it is none of the failures of its address."""
    counted = update(SignInThrottle).where(
        SignInThrottle.key == _key_of(address), SignInThrottle.failures > 0
    )
    db.session.execute(counted.values(failures=SignInThrottle.failures - 1))


def count_for_all() -> None:
    """Remember that a try failed which was counted: enough of everybody's are an attack."""
    if _count(_EVERYONE) == MOST_OF_ALL:
        log.warning("sign_ins_under_attack", failures=MOST_OF_ALL)


def count_failure(email: str, address: str, operator_id: int | None = None) -> None:
    """Remember one failed try that was not counted before."""
    count_try(email, address, operator_id)
    count_for_all()


def forget_failures(email: str, operator_id: int | None = None, *, address: str = "") -> None:
    """A try succeeded: what is counted for this person is over. The address's still counts."""
    known = _key_there(email, address)
    keys = [_key("email", folded(email)), known, _key("second factor", str(operator_id))]
    db.session.execute(delete(SignInThrottle).where(SignInThrottle.key.in_(keys)))


def count_in_session(session_id: int) -> bool:
    """Remember a wrong password of somebody signed in. ``False``: that was one too many."""
    forget_old(utc_now())
    return _count(_key("session", str(session_id))) < MOST_PER_SESSION


def forget_old(now: datetime) -> None:
    """Delete what no longer counts."""
    old = delete(SignInThrottle).where(SignInThrottle.first_at <= now - WINDOW)
    db.session.execute(old, execution_options={"synchronize_session": False})


def mark_of(address: str) -> str:
    """Tells one network address from another in the logs, without naming it."""
    return _key("address", address)[:12]


def _limits(email: str, address: str, operator_id: int | None) -> dict[str, int]:
    """How many failures are let pass now, by key."""
    attacked = _counts([_EVERYONE]).get(_EVERYONE, 0) >= MOST_OF_ALL
    limits = (
        {
            _key_there(email, address): _always(MOST_PER_EMAIL),
            _key_of(address): _always(MOST_PER_ADDRESS),
        }
        if _is_known(email, address)
        else {
            _key("email", folded(email)): Limit(MOST_PER_EMAIL, MOST_PER_EMAIL_THEN),
            _key_of(address): Limit(MOST_PER_ADDRESS, MOST_PER_ADDRESS_THEN),
        }
    )
    if operator_id is not None:
        limits[_key("second factor", str(operator_id))] = _always(MOST_PER_EMAIL)
    return {key: limit.under_attack if attacked else limit.usual for key, limit in limits.items()}


def _always(number: int) -> Limit:
    return Limit(number, number)


def _is_known(email: str, address: str) -> bool:
    """Whether they signed in from there before: strangers elsewhere cannot lock them out."""
    query = (
        select(OperatorSession.address)
        .distinct()
        .join(OperatorSession.operator)
        .where(func.lower(Operator.email) == folded(email))
    )
    return network_of(address) in {network_of(known) for known in db.session.scalars(query)}


def _counts(keys: list[str]) -> dict[str, int]:
    query = select(SignInThrottle.key, SignInThrottle.failures).where(
        SignInThrottle.key.in_(keys), SignInThrottle.first_at > utc_now() - WINDOW
    )
    return {row.key: row.failures for row in db.session.execute(query)}


def _count(key: str) -> int:
    row = db.session.get(SignInThrottle, key, with_for_update=True)
    if row is None:
        row = SignInThrottle(key=key, failures=1, first_at=utc_now())
        try:
            with db.session.begin_nested():
                db.session.add(row)
        except IntegrityError:
            row = db.session.get_one(SignInThrottle, key, with_for_update=True)
            row.failures += 1
    else:
        row.failures += 1
    db.session.flush()
    return row.failures


def _key_there(email: str, address: str) -> str:
    return _key("email at address", f"{folded(email)} {network_of(address)}")


def _key_of(address: str) -> str:
    return _key("address", network_of(address))


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()


_EVERYONE = _key("everyone", "")
