"""The whole examination, in an order in which what is found first may explain what comes after.

It only looks. What lies behind something broken is not asked, for the answer would mislead.
"""

import os
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from webapp.core.config import Settings
from webapp.core.db import db, reading
from webapp.core.ratelimit import RateLimiter
from webapp.ops.doctor import adserver, database, surroundings, work
from webapp.ops.doctor.findings import Finding, broken, is_usable
from webapp.sync import budget


def of_problems(problems: Sequence[str]) -> list[Finding]:
    """Of settings that cannot be used: nothing else can be looked at."""
    return [
        *surroundings.problems(problems),
        *surroundings.names(os.environ),
        *surroundings.zones(),
    ]


def of_place(settings: Settings, now: datetime) -> list[Finding]:
    """What needs no application: surroundings, and the database as such."""
    return [
        *surroundings.names(os.environ),
        *surroundings.folders(settings),
        *surroundings.key(settings),
        *surroundings.disk(settings),
        *surroundings.address(settings),
        *surroundings.zones(),
        *database.examine(settings, now),
    ]


def of_everything(settings: Settings, now: datetime, *, ask_ad_server: bool) -> list[Finding]:
    """The same, and the work; within an application's context."""
    found = of_place(settings, now)
    parts = [each for each in found if each.part in ("database", "file", "migrations", "triggers")]
    has_database = is_usable(parts)
    if has_database:
        found += _work(settings, now)
    if ask_ad_server:
        found += adserver.examine(
            settings, _limiter(settings, has_database=has_database), has_database=has_database
        )
    return found


def _work(settings: Settings, now: datetime) -> list[Finding]:
    try:
        with reading():
            found = work.examine(settings, now)
            db.session.rollback()
    except SQLAlchemyError as error:
        words = f"our tables cannot be read ({type(error).__name__})"
        return [broken("records", words, "Are migrations and version of one release?")]
    return found


def _limiter(settings: Settings, *, has_database: bool) -> RateLimiter:
    if has_database:
        return budget.limiter(settings, db.engine)
    return RateLimiter(settings.megaphone_requests_per_minute)
