"""A lease: a row that says who may act alone, and until when."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from webapp.core.db import db
from webapp.sync.models import Lease


def take_or_renew(name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Whether ``holder`` has the lease from now on. The caller commits."""
    # One that lasts much longer than any lease is of a clock that was set back since.
    over = (Lease.expires_at < now) | (Lease.expires_at > now + 3 * lasts)
    renewed = db.session.execute(
        update(Lease)
        .where(Lease.name == name, (Lease.holder == holder) | over)
        .values(holder=holder, expires_at=now + lasts)
    )
    if renewed.rowcount:  # type: ignore[attr-defined]
        return True
    if db.session.get(Lease, name):
        return False
    try:
        with db.session.begin_nested():
            db.session.add(Lease(name=name, holder=holder, expires_at=now + lasts))
    except IntegrityError:
        return False
    return True


def holder_of(name: str, now: datetime) -> str | None:
    """Who has the lease now."""
    query = select(Lease.holder).where(Lease.name == name, Lease.expires_at > now)
    return db.session.scalar(query)


def give_up(name: str, holder: str) -> None:
    """Let the next one have it at once."""
    db.session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
