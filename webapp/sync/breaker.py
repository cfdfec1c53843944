"""When a connection in trouble is called again: the breaker and the budget for repeated sending.

Five failures in a row open the breaker: one trial a minute is made then, and everything else
waits. Sending something again costs one of at most ten tokens and each success pays a fifth of
one, so that repeats add a fifth to the load at most; without a token, too, one goes a minute.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import ColumnElement, Update, and_, bindparam, case, null, or_, select, update

from webapp.adservers.errors import (
    AdServerError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    Unreachable,
)
from webapp.connections.models import RETRY_TOKENS, Connection
from webapp.core.db import UNSEEN, db
from webapp.sync.moments import NOW, Moment, later

OPENS_AFTER = 5
TRIAL_EVERY = timedelta(seconds=60)
LATEST_TRIAL = later(TRIAL_EVERY)
RETRY_COSTS = 1.0
SUCCESS_PAYS = 0.2

# Nobody answered, or it broke while answering.
FAILURES = (Unavailable, OutcomeUnknown, Unreachable)
# A verdict on one record: the other side is well.
VERDICTS = (Rejected, NotFound)


def succeeded(connection_id: int) -> None:
    """It answered: the breaker closes. In the caller's transaction, as the last row it locks."""
    db.session.execute(_success(), {"connection_id": connection_id})


@cache
def _success() -> Update:
    richer = Connection.retry_tokens + SUCCESS_PAYS
    return (
        update(Connection)
        .where(
            Connection.id == bindparam("connection_id"),
            or_(Connection.failures > 0, Connection.retry_tokens < RETRY_TOKENS),
        )
        .values(
            failures=0,
            # Of a closed breaker it only says when the next may go that cannot pay.
            trial_at=case((is_open(), null()), else_=Connection.trial_at),
            retry_tokens=case((richer < RETRY_TOKENS, richer), else_=RETRY_TOKENS),
        )
        .execution_options(**UNSEEN)
    )


def failed(connection_id: int, now: datetime) -> None:
    """It did not answer, or said that it is broken. In the caller's transaction, as above."""
    opens = Connection.failures >= OPENS_AFTER - 1
    db.session.execute(
        update(Connection)
        .where(Connection.id == connection_id)
        .values(
            failures=Connection.failures + 1,
            trial_at=case((opens, now + TRIAL_EVERY), else_=Connection.trial_at),
        )
    )


def heard(connection_id: int, error: AdServerError, now: datetime) -> None:
    """Count what a failed call says of the ad server's health, which may be nothing."""
    if isinstance(error, FAILURES):
        failed(connection_id, now)
    elif isinstance(error, VERDICTS):
        succeeded(connection_id)


def is_open() -> ColumnElement[bool]:
    return Connection.failures >= OPENS_AFTER


def may_call() -> ColumnElement[bool]:
    """Whether something may be sent for the first time, or asked."""
    return or_(~is_open(), _trial_is_due(NOW, LATEST_TRIAL))


def may_call_again() -> ColumnElement[bool]:
    """Whether something may be sent again."""
    can_pay = and_(~is_open(), Connection.retry_tokens >= RETRY_COSTS)
    return or_(can_pay, _trial_is_due(NOW, LATEST_TRIAL))


def _trial_is_due(now: Moment, latest: Moment) -> ColumnElement[bool]:
    # One further ahead than any trial is of a clock that was set back since.
    return or_(
        Connection.trial_at.is_(None), Connection.trial_at <= now, Connection.trial_at > latest
    )


def may_retry(connection_id: int, now: datetime) -> bool:
    """Pay for one more call after a failed one, in the caller's transaction; ``False``: wait."""
    can_pay = and_(~is_open(), Connection.retry_tokens >= RETRY_COSTS)
    paid = {"retry_tokens": Connection.retry_tokens - RETRY_COSTS}
    return _take(connection_id, can_pay, paid) or take_trial(connection_id, now)


def may_start(connection_id: int, now: datetime) -> bool:
    """Whether something new may be sent or asked; uses the minute's trial where that is needed."""
    is_closed = select(Connection.id).where(Connection.id == connection_id, ~is_open())
    return db.session.scalar(is_closed) is not None or take_trial(connection_id, now)


def take_trial(connection_id: int, now: datetime) -> bool:
    """Use this minute's trial; ``False`` when somebody else was first."""
    following = now + TRIAL_EVERY
    return _take(connection_id, _trial_is_due(now, following), {"trial_at": following})


def _take(connection_id: int, condition: ColumnElement[bool], values: Mapping[str, object]) -> bool:
    query = update(Connection).where(Connection.id == connection_id, condition).values(values)
    return db.session.scalar(query.returning(Connection.id)) is not None
