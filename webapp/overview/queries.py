"""The numbers of the overview: few statements, each answered by an index alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.advertisers import queries as advertisers
from webapp.campaigns.models import Campaign
from webapp.campaigns.queries import visible
from webapp.core.db import db
from webapp.sync import request_log
from webapp.sync.models import COMPLETE, OPEN_STATES, SyncRun

TOP = 10
DAYS = 30


@dataclass(frozen=True, slots=True)
class Share:
    """One advertiser's part of a total; ``name`` is ``None`` for campaigns without one."""

    name: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The ten largest shares, largest first, of ``total`` over ``advertisers`` advertisers."""

    shares: Sequence[Share]
    total: int
    advertisers: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Active and archived campaigns; budgets by currency, the most used one first."""

    active: int
    archived: int
    campaigns: Ranking
    budgets: dict[str, Ranking] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    booked: int
    changed: int


@dataclass(frozen=True, slots=True)
class Hour:
    """``short``: runs that ended and had not read everything."""

    start: datetime
    runs: int
    short: int
    calls: int


def portfolio() -> Portfolio:
    """What is booked now, by advertiser. Amounts of two currencies are never added."""
    shown = visible()
    columns = (Campaign.advertiser_id, Campaign.total_budget_currency)
    budget = func.sum(Campaign.total_budget_minor)
    rows = db.session.execute(
        select(*columns, func.count(), budget)
        .where(Campaign.archived_at.is_(None), *shown)
        .group_by(*columns)
    ).all()
    archived = db.session.scalar(
        select(func.count()).where(Campaign.archived_at.is_not(None), *shown)
    )
    counts: dict[int | None, int] = {}
    budgets: dict[str, dict[int | None, int]] = {}
    usage: dict[str, int] = {}
    for advertiser_id, currency, number, minor in rows:
        counts[advertiser_id] = counts.get(advertiser_id, 0) + number
        if currency and minor is not None:
            # PostgreSQL sums 64-bit integers as decimals.
            budgets.setdefault(currency, {})[advertiser_id] = int(minor)
            usage[currency] = usage.get(currency, 0) + number
    names = _names([counts, *budgets.values()])
    return Portfolio(
        active=sum(counts.values()),
        archived=archived or 0,
        campaigns=_ranking(counts, names),
        budgets={
            currency: _ranking(budgets[currency], names)
            for currency in sorted(usage, key=lambda code: (-usage[code], code))
        },
    )


def _largest(amounts: dict[int | None, int]) -> list[tuple[int | None, int]]:
    return sorted(amounts.items(), key=lambda item: (-item[1], item[0] or 0))[:TOP]


def _names(rankings: Sequence[dict[int | None, int]]) -> dict[int, str]:
    ids = {id_ for amounts in rankings for id_, _ in _largest(amounts)}
    return dict(advertisers.names_of(ids))


def _ranking(amounts: dict[int | None, int], names: dict[int, str]) -> Ranking:
    shares = [Share(names.get(id_ or 0), value) for id_, value in _largest(amounts)]
    return Ranking(shares, sum(amounts.values()), len(amounts))


def days(now: datetime, zone: ZoneInfo) -> list[Day]:
    """Campaigns booked and changed on each of the last 30 days of this zone, oldest first."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    # Midnights of the zone: a day on which the clock changes has 23 or 25 hours.
    edges = [datetime.combine(day, time(), zone) for day in [*dates, today + timedelta(days=1)]]
    spans = list(pairwise(edges))
    counts = [_count(Campaign.remote_created_at, *span) for span in spans]
    counts += [_count(Campaign.changed_at, *span) for span in spans]
    found: Sequence[int] = db.session.execute(select(*counts)).one()
    return [
        Day(day, booked, changed)
        for day, booked, changed in zip(dates, found[:DAYS], found[DAYS:], strict=True)
    ]


def hours(connection_ids: Sequence[int], now: datetime) -> list[Hour]:
    """Runs asked for and calls made in each of the last 24 hours, oldest first."""
    calls = request_log.per_hour(connection_ids, now)
    query = select(SyncRun.requested_at, SyncRun.state).where(
        SyncRun.connection_id.in_(connection_ids), SyncRun.requested_at >= calls[0][0]
    )
    runs, short = Counter[datetime](), Counter[datetime]()
    for at, state in db.session.execute(query):
        start = at.replace(minute=0, second=0, microsecond=0)
        runs[start] += 1
        short[start] += state not in (COMPLETE, *OPEN_STATES)
    return [Hour(start, runs[start], short[start], number) for start, number in calls]


def _count(column: InstrumentedAttribute[Any], start: datetime, end: datetime) -> ScalarSelect[int]:
    return select(func.count()).where(column >= start, column < end).scalar_subquery()
