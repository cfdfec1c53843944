"""Whether the work is done: people who can sign in, a worker that leads, connections in order."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from webapp.auth.models import Operator
from webapp.auth.permissions import Permission, role_may
from webapp.connections.models import PAUSED
from webapp.core.config import Settings
from webapp.core.db import db
from webapp.ops import locked
from webapp.ops.doctor.database import clock
from webapp.ops.doctor.findings import Finding, broken, ok, warning
from webapp.ops.readiness import LATE
from webapp.sync import figures, lead, queries
from webapp.sync.breaker import OPENS_AFTER
from webapp.sync.models import Lease
from webapp.sync.queries import Freshness

CREATE = "Run: flask operators create EMAIL --role manager"
LOST_KEY = (
    "Put the key that locked them into ENCRYPTION_KEY, behind the newest. If it is lost: enter "
    "tokens anew on their connections' pages, and reset second factors (flask operators)."
)
FIRST_ADMIN = "Run: flask operators first-admin"


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Reads our tables: for a database that is at our migration."""
    return [*_people(), *_secrets(), *_worker(now), *_connections(settings, now)]


def _people() -> list[Finding]:
    number = func.count().label("number")
    active = select(Operator.role, number).where(Operator.active).group_by(Operator.role)
    by_role = {row.role: row.number for row in db.session.execute(active)}
    if not by_role:
        return [broken("people", "nobody can sign in", CREATE)]
    if not any(role_may(role, Permission.ADMINISTER) for role in by_role):
        words = "nobody who can sign in may administer"
        return [warning("people", words, FIRST_ADMIN)]
    return [ok("people", f"{sum(by_role.values())} can sign in")]


def _secrets() -> list[Finding]:
    closed = locked.closed()
    if not closed:
        return [ok("stored secrets", "the keys here open them")]
    more = f", and {len(closed) - 1:,} more" if len(closed) > 1 else ""
    words = f"no key of this installation opens {closed[0]}{more}"
    return [broken("stored secrets", words, LOST_KEY)]


def _worker(now: datetime) -> list[Finding]:
    expires = db.session.scalar(select(Lease.expires_at).where(Lease.name == lead.NAME))
    if expires is None or expires <= now:
        words = "no worker leads, so nothing is read and nothing is sent"
        return [broken("worker", words, "Start one: flask worker")]
    # Given for so long from the worker's now, and renewed every few seconds.
    ahead = expires - lead.LASTS - now
    found = [ok("worker", "one leads")]
    return [*found, clock("the worker's clock", ahead)] if ahead > timedelta(0) else found


def _connections(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.uses_sandbox:
        words = "no ad server is connected: the bundled sandbox stands in"
        fix = "Set MEGAPHONE_API_TOKEN and MEGAPHONE_ORG_ID, and start again."
        yield warning("connection", words, fix)
    shown = queries.freshness(timedelta(minutes=settings.sync_interval_minutes))
    if not shown and not settings.uses_sandbox:
        words = "the settings name a connection, and it was never made"
        yield warning("connection", words, "Start a worker, which makes it: flask worker")
    ages = figures.oldest_due(now)
    for each in shown:
        yield from _sending(each)
        yield _freshness(each)
        yield _oldest(each, ages.get(each.connection.id, timedelta(0)), now)


def _sending(found: Freshness) -> Iterator[Finding]:
    connection = found.connection
    part, resume = f"connection {connection.id}", f"flask connections resume {connection.id}"
    if connection.state == PAUSED:
        words = f"it is paused: {connection.state_reason}"
        yield broken(part, words, f"Mend that, then run: {resume}")
    if connection.held_at:
        words = f"{connection.held_by} keeps it from sending: {connection.hold_reason}"
        yield warning(part, words, f"When that is over, run: {resume}")
    if connection.failures >= OPENS_AFTER:
        words = f"the last {connection.failures} calls failed, so one a minute is tried"
        fix = (
            f"Is the ad server up, and reachable from here? flask connections check {connection.id}"
        )
        yield broken(part, words, fix)


def _freshness(found: Freshness) -> Finding:
    part = f"sync {found.connection.id}"
    if found.age is None:
        fix = "Start a worker, or run: flask sync pull"
        return warning(part, "it was never read completely", fix)
    minutes = int(found.age.total_seconds() / 60)
    if found.late:
        fix = "Look at the last runs: flask sync runs; then read now: flask sync pull"
        return warning(part, f"it was last read completely {minutes:,} minutes ago", fix)
    return ok(part, f"read completely {minutes:,} minutes ago")


def _oldest(found: Freshness, age: timedelta, now: datetime) -> Finding:
    part, minutes = f"changes {found.connection.id}", int(age.total_seconds() / 60)
    if age <= LATE:
        return ok(part, "none has been due for long")
    words = f"the oldest has been due for {minutes:,} minutes"
    if figures.has_pushed(found.connection.id, now - LATE):
        return warning(part, f"{words}, while others go out", "Wait: many are ahead of it.")
    fix = "Is a worker running? Look for its errors in flightdeck-error.log."
    return broken(part, f"{words}, and nothing goes out", fix)
