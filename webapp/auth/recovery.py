"""Recovery codes: each stands in for a second factor once. Only digests of them are kept."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import delete, func, select, update

from webapp.auth.models import RecoveryCode
from webapp.core.db import db

COUNT = 10
# Nothing that is taken for something else. 24 of 31 are 118 bits: a plain digest of so much
# chance cannot be guessed back.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 24
GROUP = 4


def renew(operator_id: int) -> list[str]:
    """New codes, to be shown this once. Those there were before open nothing any more."""
    discard(operator_id)
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(COUNT)]
    db.session.add_all(
        RecoveryCode(operator_id=operator_id, digest=_digest(code)) for code in codes
    )
    db.session.flush()
    return ["-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP)) for code in codes]


def discard(operator_id: int) -> None:
    """No recovery codes any more."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.operator_id == operator_id))


def use(operator_id: int, code: str, now: datetime) -> bool:
    """Use up this code; ``False`` when there is no such, or it was used. Of two at once, one wins.

    ``code`` has neither blanks nor hyphens.
    """
    query = (
        update(RecoveryCode)
        .where(
            RecoveryCode.operator_id == operator_id,
            RecoveryCode.digest == _digest(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    return db.session.execute(query.returning(RecoveryCode.id)).first() is not None


def left(operator_id: int) -> int:
    """How many codes were not used yet."""
    query = select(func.count(RecoveryCode.id)).where(
        RecoveryCode.operator_id == operator_id, RecoveryCode.used_at.is_(None)
    )
    return db.session.scalar(query) or 0


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
