"""Reading what a connection's page shows beside the connection itself: calls, and what waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from webapp.advertisers import queries as advertisers
from webapp.audit.service import FieldChange
from webapp.auth.models import Operator
from webapp.campaigns.fields import Snapshot, changed_groups, field_changes, snapshot
from webapp.campaigns.models import CREATE, HELD, IN_FLIGHT, READY, Campaign, Change
from webapp.connections.models import RETRY_TOKENS, Connection
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.sync import breaker, forecast, request_log
from webapp.sync.budget import most_a_minute
from webapp.sync.forecast import Forecast

WAITING_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Health:
    """How the calls of a connection go. ``most`` is how many a minute may have, 0 any number.

    ``hours`` are the beginnings of the last 24 hours, with the calls of each.
    """

    used: int
    hours: Sequence[tuple[datetime, int]]
    most: int
    is_broken: bool
    failures: int
    trial_at: datetime | None
    retry_tokens: float
    most_tokens: float


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """One change that would go out, as people read it."""

    uuid: str
    title: str
    kind: str
    changes: Sequence[FieldChange]
    by: str | None
    created_at: datetime
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes out as soon as nothing keeps it: how many, how long it takes, and the first.

    ``put_off`` are those that go out later, each at its time.
    """

    total: int
    put_off: int
    forecast: Forecast
    shown: Sequence[WaitingChange]


def health_of(connection: Connection, settings: Settings, now: datetime) -> Health:
    return Health(
        used=request_log.used_in_last_minute(connection.id, now),
        hours=request_log.per_hour([connection.id], now),
        most=most_a_minute(settings) or 0,
        is_broken=connection.failures >= breaker.OPENS_AFTER,
        failures=connection.failures,
        trial_at=connection.trial_at,
        retry_tokens=connection.retry_tokens,
        most_tokens=RETRY_TOKENS,
    )


def counts_of(connection: Connection) -> Mapping[str, int]:
    """Its unfinished changes by state."""
    query = (
        select(Change.state, func.count().label("number"))
        .where(Change.connection_id == connection.id, Change.state.in_((READY, HELD, *IN_FLIGHT)))
        .group_by(Change.state)
    )
    return {row.state: row.number for row in db.session.execute(query)}


def outgoing(connection: Connection, now: datetime) -> Outgoing:
    """What releasing or resuming the connection lets out, oldest first. Held changes stay."""
    conditions = (Change.connection_id == connection.id, Change.state == READY)
    is_put_off = Change.not_before > now
    counted = select(
        func.count(),
        func.count().filter(Change.kind == CREATE, is_put_off.is_not(True)),
        func.count().filter(is_put_off),
    )
    everything, creates, put_off = db.session.execute(counted.where(*conditions)).one()
    total = everything - put_off
    query = (
        select(Change, Campaign, Operator.email)
        .join(Campaign, Change.campaign_id == Campaign.id)
        .outerjoin(Operator, Change.operator_id == Operator.id)
        .where(*conditions)
        .order_by(Change.id)
        .limit(WAITING_SHOWN)
    )
    rows = db.session.execute(query).all()
    return Outgoing(total, put_off, forecast.for_changes(total, creates), _shown(rows))


def _shown(rows: Sequence[Any]) -> list[WaitingChange]:
    # Values are read from the campaign when it is sent: this is what would go out now.
    sides = [(row.Campaign.base or {}, snapshot(row.Campaign)) for row in rows]
    names = advertisers.names_of([side.get("advertiser") for pair in sides for side in pair])
    return [
        WaitingChange(
            uuid=str(row.Campaign.uuid),
            title=row.Campaign.title,
            kind=row.Change.kind,
            changes=field_changes(_differing(row.Change, agreed, wanted), agreed, wanted, names),
            by=row.email,
            created_at=row.Change.created_at,
            not_before=row.Change.not_before,
        )
        for row, (agreed, wanted) in zip(rows, sides, strict=True)
    ]


def _differing(change: Change, agreed: Snapshot, wanted: Snapshot) -> list[str]:
    return [group for group in changed_groups(agreed, wanted) if group in change.fields]
