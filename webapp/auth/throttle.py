"""Slows down guessing of passwords and codes, per e-mail address and per network address.

Kept in the database, so that it holds over all processes and a restart.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from webapp.auth.models import SignInThrottle
from webapp.core.clock import utc_now
from webapp.core.db import db

WINDOW = timedelta(minutes=15)
MOST_PER_EMAIL = 5
MOST_PER_ADDRESS = 50
MOST_PER_FACTOR = 5


def is_blocked(email: str, address: str, factor_of: int | None = None) -> bool:
    """Whether too many sign-ins failed lately for this e-mail or from this address.

    Of a code, ``factor_of`` is whose: what failed for them counts until a code was right, however
    often the password is.
    """
    keys = _keys(email, address, factor_of)
    rows = db.session.scalars(
        select(SignInThrottle).where(
            SignInThrottle.key.in_(keys), SignInThrottle.first_at > utc_now() - WINDOW
        )
    ).all()
    return any(row.failures >= keys[row.key] for row in rows)


def count_failure(email: str, address: str, factor_of: int | None = None) -> None:
    """Remember one failed sign-in."""
    now = utc_now()
    db.session.execute(delete(SignInThrottle).where(SignInThrottle.first_at <= now - WINDOW))
    for key in _keys(email, address, factor_of):
        row = db.session.get(SignInThrottle, key, with_for_update=True)
        if row:
            row.failures += 1
            continue
        try:
            with db.session.begin_nested():
                db.session.add(SignInThrottle(key=key, failures=1, first_at=now))
        except IntegrityError:
            db.session.get_one(SignInThrottle, key, with_for_update=True).failures += 1


def forget_failures(email: str, factor_of: int | None = None) -> None:
    """A sign-in succeeded: the e-mail's failures no longer count. The address's still do."""
    keys = [_key("email", email.strip().lower()), *_factor_keys(factor_of)]
    db.session.execute(delete(SignInThrottle).where(SignInThrottle.key.in_(keys)))


def _keys(email: str, address: str, factor_of: int | None = None) -> dict[str, int]:
    return {
        _key("email", email.strip().lower()): MOST_PER_EMAIL,
        _key("address", address): MOST_PER_ADDRESS,
        **_factor_keys(factor_of),
    }


def _factor_keys(operator_id: int | None) -> dict[str, int]:
    return {} if operator_id is None else {_key("factor", str(operator_id)): MOST_PER_FACTOR}


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
