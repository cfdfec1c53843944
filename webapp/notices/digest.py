"""Yesterday's numbers, once a day, to those who want them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import structlog
from flask import render_template
from sqlalchemy import String, cast, distinct, func, literal, select
from sqlalchemy.exc import IntegrityError

from webapp.audit.models import AuditEvent
from webapp.auth.models import Operator
from webapp.core.config import Settings
from webapp.core.db import db, reading, transaction
from webapp.notices import kinds, wording
from webapp.notices.models import Message, NoticeChoice
from webapp.notices.telling import MAIL
from webapp.sync.models import OPEN_STATES, SyncRun

BOOKED = ("booked", "booked anew", "booked after all")
# By what it is called: the entries of the record that are counted.
COUNTED: Mapping[str, Sequence[str]] = {
    "booked": BOOKED,
    "edited": ("edited",),
    "sent": ("created", "confirmed"),
    "refused": ("refused",),
    "in conflict": ("conflict",),
}
DAY = timedelta(days=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Numbers:
    """One day: campaigns by what was done with them, who did it, and sync runs by outcome."""

    day: date
    campaigns: Mapping[str, int]
    people: Sequence[tuple[str, int]]
    runs: Mapping[str, int]


def queue(settings: Settings, now: datetime) -> None:
    """Write down the digests of this day that are not there yet, from their hour on."""
    local = now.astimezone(settings.zone)
    if local.hour < settings.digest_hour:
        return
    with reading():
        lacking = _lacking(local.date())
        numbers = numbers_of(settings, local.date() - DAY) if lacking else None
        db.session.rollback()
    if numbers is None:
        return
    message = _message(settings, numbers)
    with transaction():
        for operator_id, email in lacking:
            _add(_key(local.date(), operator_id), email, message, now)


def _key(today: date, operator_id: int) -> str:
    return f"digest-{today:%Y%m%d}-{operator_id}"


def _lacking(today: date) -> list[tuple[int, str]]:
    """Who wants one and has none of today yet."""
    key = literal(f"digest-{today:%Y%m%d}-") + cast(Operator.id, String)
    query = (
        select(Operator.id, Operator.email)
        .join(NoticeChoice, NoticeChoice.operator_id == Operator.id)
        .where(NoticeChoice.kind == kinds.DIGEST, NoticeChoice.by_mail, Operator.active)
        .where(~select(Message.id).where(Message.key == key).exists())
        .order_by(Operator.id)
    )
    return [(row.id, row.email) for row in db.session.execute(query)]


def numbers_of(settings: Settings, day: date) -> Numbers:
    """Three questions, each about the rows of that day alone."""
    since, until = _bounds(settings, day)
    is_that_day = (AuditEvent.at >= since, AuditEvent.at < until)
    of_campaigns = (*is_that_day, AuditEvent.object_type == "campaign")
    number = func.count(distinct(AuditEvent.object_id)).label("number")
    actions = [action for names in COUNTED.values() for action in names]
    by_action = (
        select(AuditEvent.action, number)
        .where(*of_campaigns, AuditEvent.action.in_(actions))
        .group_by(AuditEvent.action)
    )
    found = {row.action: row.number for row in db.session.execute(by_action)}
    by_person = (
        select(AuditEvent.actor, number)
        .where(*of_campaigns, AuditEvent.operator_id.is_not(None))
        .where(AuditEvent.action.in_((*BOOKED, "edited")))
        .group_by(AuditEvent.actor)
        .order_by(number.desc(), AuditEvent.actor)
    )
    people = [(row.actor, row.number) for row in db.session.execute(by_person)]
    campaigns = {name: sum(found.get(a, 0) for a in names) for name, names in COUNTED.items()}
    return Numbers(day, campaigns, people, _runs(since, until))


def _runs(since: datetime, until: datetime) -> Mapping[str, int]:
    query = (
        select(SyncRun.state, func.count().label("number"))
        # By when they were asked for there is an index; one that waited for a day is left out.
        .where(SyncRun.requested_at >= since - DAY, SyncRun.requested_at < until)
        .where(SyncRun.finished_at >= since, SyncRun.finished_at < until)
        .where(SyncRun.state.not_in(OPEN_STATES))
        .group_by(SyncRun.state)
        .order_by(SyncRun.state)
    )
    return {row.state: row.number for row in db.session.execute(query)}


def _bounds(settings: Settings, day: date) -> tuple[datetime, datetime]:
    """The day from midnight to midnight where people work: at times 23 or 25 hours."""
    begin = datetime.combine(day, time(), settings.zone)
    end = datetime.combine(day + DAY, time(), settings.zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def _message(settings: Settings, numbers: Numbers) -> Mapping[str, str]:
    values = {"numbers": numbers, "base": wording.base_url(settings)}
    booked, sent = numbers.campaigns["booked"], numbers.campaigns["sent"]
    return {
        "subject": f"[Flightdeck] {numbers.day:%-d %b %Y}: {booked:,} booked, {sent:,} sent",
        "text": render_template("notices/digest.txt", **values),
        "html": render_template("notices/digest.html", **values),
    }


def _add(key: str, email: str, message: Mapping[str, str], now: datetime) -> None:
    parts = {name: message[name] for name in ("text", "html")}
    row = Message(
        key=key,
        channel=MAIL,
        recipient=email,
        subject=message["subject"],
        body=json.dumps({"notices": [], **parts}),
        created_at=now,
        due_at=now,
        attempts=0,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        log.info("digest_already_there", key=key)
