"""Whether everything that Flightdeck is made of does its part: a verdict on each, for machines.

Cheap enough to be asked every few seconds, and public: no names, addresses or errors in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache

import structlog
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.core.config import Settings
from webapp.core.db import db
from webapp.sync import figures, lead, queries

# A change that was due for so long, while nothing at all went out, will not go out by itself.
LATE = timedelta(minutes=15)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Part:
    """One part's verdict. ``seconds`` is an age, ``connection`` whose it is."""

    name: str
    ok: bool
    state: str
    connection: int | None = None
    seconds: int | None = None

    def told(self) -> Mapping[str, object]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def parts_of(settings: Settings, now: datetime, names: Sequence[str]) -> list[Part]:
    """The verdicts on the parts asked for. Without a database, it is the only one to be judged."""
    reachable = _database()
    if not reachable.ok:
        return [reachable]
    found = [reachable] if reachable.name in names else []
    for name in names:
        if name in LOOKS:
            found += LOOKS[name](settings, now)
    return found


def _database() -> Part:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        log.exception("database_unreachable")
        return Part(DATABASE, ok=False, state="unreachable")
    return Part(DATABASE, ok=True, state="answers")


def _migrations(_settings: Settings, _now: datetime) -> list[Part]:
    """A database that is ahead is fine: the next release is being brought in, and this one goes on.

    See "Without a break" in docs/deploy.md.
    """
    try:
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        db.session.rollback()
        found = None
    known, head = _revisions(current_app.extensions["migrate"].directory)
    if found == head:
        return [Part("migrations", ok=True, state="at head")]
    if found is not None and found not in known:
        return [Part("migrations", ok=True, state="ahead")]
    return [Part("migrations", ok=False, state="behind")]


@cache
def _revisions(directory: str) -> tuple[frozenset[str], str | None]:
    scripts = ScriptDirectory(directory)
    return frozenset(each.revision for each in scripts.walk_revisions()), scripts.get_current_head()


def _worker(_settings: Settings, _now: datetime) -> list[Part]:
    leads = lead.is_somebody_leading()
    return [Part("worker", ok=leads, state="leads" if leads else "nobody leads")]


def _changes(settings: Settings, now: datetime) -> list[Part]:
    """Many that wait are no fault: a bulk edit takes its time. That none goes out is one."""
    return [_oldest(connection, age, now) for connection, age in _ages(settings, now).items()]


def _ages(settings: Settings, now: datetime) -> dict[int, timedelta]:
    ages = figures.oldest_due(now)
    shown = [each.connection.id for each in queries.freshness(_interval(settings))]
    return {each: ages.get(each, timedelta(0)) for each in shown}


def _oldest(connection: int, age: timedelta, now: datetime) -> Part:
    stuck = age > LATE and not figures.has_pushed(connection, now - LATE)
    state = "stuck" if stuck else "waiting" if age else "none due"
    return Part("changes", not stuck, state, connection, int(age.total_seconds()))


def _connections(settings: Settings, _now: datetime) -> list[Part]:
    return [_fresh(each) for each in queries.freshness(_interval(settings))]


def _fresh(found: queries.Freshness) -> Part:
    state = "paused" if found.paused else "late" if found.late else "fresh"
    if state == "fresh" and found.age is None:
        state = "not read yet"
    age = None if found.age is None else int(found.age.total_seconds())
    return Part("connection", not found.late, state, found.connection.id, age)


def _interval(settings: Settings) -> timedelta:
    return timedelta(minutes=settings.sync_interval_minutes)


DATABASE = "database"
LOOKS: Mapping[str, Callable[[Settings, datetime], list[Part]]] = {
    "migrations": _migrations,
    "worker": _worker,
    "changes": _changes,
    "connections": _connections,
}
NAMES = (DATABASE, *LOOKS)
