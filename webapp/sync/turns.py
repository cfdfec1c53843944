"""Whose turn it is: which changes may be sent or asked about now, and which of them goes first.

Each statement is built once, and carried out with ``moments.at`` the moment that it is about.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from webapp.adservers.errors import ContractChanged, PermissionDenied
from webapp.campaigns import queries as campaigns
from webapp.campaigns.models import HELD, IN_FLIGHT, READY, SETTLING, Campaign, Change
from webapp.connections.models import ACTIVE, PAUSED, Connection
from webapp.sync import breaker
from webapp.sync.moments import NOW, later

# The longest that an ad server may ask for, and how long a request that was sent is waited for.
LONGEST_WAIT = timedelta(hours=1)
LONGEST_SETTLING = timedelta(seconds=120)
LATEST_ATTEMPT, LATEST_SETTLING = later(2 * LONGEST_WAIT), later(2 * LONGEST_SETTLING)
# Of one record perhaps: the connection pauses, and reading lifts the pause each time.
HOPELESS = (PermissionDenied.code, ContractChanged.code)
# An operator who saves locks the campaign first and its changes then: waiting for the campaign with
# a change in hand would end in a deadlock. What is busy is left for the next look.
BOTH_OR_NEITHER: Any = {"of": (Change, Campaign), "skip_locked": True, "key_share": True}
FREE_ONLY: Any = {"of": Change, "skip_locked": True, "key_share": True}
# Another change of the same campaign. Made once: each alias has all its columns made anew.
OTHER = aliased(Change)


@cache
def to_send() -> Select[int]:
    """Changes that may be sent now."""
    return select(Change.id).where(*_may_be_sent())


@cache
def to_probe() -> Select[int]:
    """Changes whose outcome may be asked for now."""
    return select(Change.id).join(Connection).where(*_may_be_asked())


@cache
def next_to_send() -> Select[Change]:
    """The one change to send next, locked with its campaign.

    Lanes take turns, the one whose change was claimed longest ago first: however many changes a
    bulk edit has waiting, a single edit is behind one of them at most. A claim is a turn, also when
    nothing had to be sent after it.
    """
    lanes = select(Change.lane).where(campaigns.is_in(Change, READY)).distinct().subquery()
    # One in the future is of a clock that was set back since: it must not keep its lane waiting.
    served = select(func.max(Change.claimed_at)).where(
        Change.lane == lanes.c.lane, Change.claimed_at <= NOW
    )
    served_at = served.correlate(lanes).scalar_subquery().label("served_at")
    turns = select(lanes.c.lane, served_at).subquery()
    # One that may not be changed pauses the connection: the others go before it.
    last = case((Change.error_code.in_(HOPELESS), 1), else_=0)
    return (
        select(Change)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .join(turns, turns.c.lane == Change.lane)
        .where(*_may_be_sent())
        .order_by(last, turns.c.served_at.nulls_first(), Change.next_attempt_at, Change.id)
        .limit(1)
        .with_for_update(**BOTH_OR_NEITHER)
    )


@cache
def next_to_probe() -> Select[Change]:
    """The one change to ask about next, locked with its campaign."""
    return (
        select(Change)
        .join(Connection)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .where(*_may_be_asked())
        .order_by(Change.settle_until, Change.id)
        .limit(1)
        .with_for_update(**BOTH_OR_NEITHER)
    )


def is_far_ahead() -> ColumnElement[bool]:
    """Waits that no rule makes so long: the clock was set back since they began."""
    return or_(
        and_(campaigns.is_in(Change, READY, SETTLING), Change.next_attempt_at > LATEST_ATTEMPT),
        and_(campaigns.is_in(Change, SETTLING), Change.settle_until > LATEST_SETTLING),
    )


@cache
def failing_while_it_waits() -> Select[int]:
    """Changes whose day of failing does not count on: nothing of their connection is sent.

    One that was forbidden by itself counts on, or it would pause and resume for ever.
    """
    return (
        select(Change.id)
        .join(Connection)
        .where(
            Change.failing_since.is_not(None),
            campaigns.is_in(Change, READY, HELD, SETTLING),
            or_(Connection.state == PAUSED, Connection.held_at.is_not(None)),
            or_(Change.error_code.is_(None), Change.error_code.not_in(HOPELESS)),
        )
    )


def _may_be_sent() -> tuple[ColumnElement[bool], ...]:
    # Connections and campaigns are found once for a statement, not for each change anew: a bulk
    # edit has thousands waiting, of which PostgreSQL has not counted any yet.
    is_first = and_(Change.attempts == 0, Change.connection_id.in_(_sending(breaker.may_call())))
    return (
        campaigns.is_in(Change, READY),
        Change.next_attempt_at <= NOW,
        or_(is_first, Change.connection_id.in_(_sending(breaker.may_call_again()))),
        Change.campaign_id.not_in(_campaigns_with(campaigns.is_in(OTHER, *IN_FLIGHT))),
        Change.campaign_id.not_in(_campaigns_with(campaigns.is_unknown_create(OTHER))),
        # What is sent is all that the campaign has to send: one that is on hold, or put off (this
        # one included), holds the others.
        Change.campaign_id.not_in(_campaigns_with(campaigns.is_in(OTHER, HELD))),
        Change.campaign_id.not_in(
            _campaigns_with(campaigns.is_in(OTHER, READY), OTHER.not_before > NOW)
        ),
    )


def _sending(may_call: ColumnElement[bool]) -> Select[int]:
    active = (Connection.state == ACTIVE, Connection.held_at.is_(None))
    return select(Connection.id).where(*active, may_call)


def _campaigns_with(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(OTHER.campaign_id).where(*conditions)


def _may_be_asked() -> tuple[ColumnElement[bool], ...]:
    return (
        campaigns.is_in(Change, SETTLING),
        Change.settle_until <= NOW,
        Change.next_attempt_at <= NOW,
        Connection.state == ACTIVE,
        breaker.may_call(),
    )
