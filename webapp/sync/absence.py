"""What a complete listing says of records that were not in it.

Absence is weak evidence: rows can be hidden, filtered or shifted. So one miss only counts, the
second one makes us read the record by its id, and only a 404 there means that it is gone. When too
much is missing at once, nothing is concluded at all (the brake), nor that a booking was not made.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from webapp.adservers.errors import AdServerError, AuthFailed, NotFound
from webapp.audit.models import AuditEvent
from webapp.audit.service import Subject, event_rows
from webapp.campaigns.models import CONFIRMED, GONE, Campaign
from webapp.core.db import db, reading, transaction
from webapp.sync import breaker, runs
from webapp.sync.models import PulledChange
from webapp.sync.observations import leave_database
from webapp.sync.page import GONE_THERE, MEGAPHONE, whole_record
from webapp.sync.reading import Pull

MISSING_SHARE = 0.20
GONE_SHARE = 0.05
GONE_LEAST = 3
MISSES_BEFORE_LOOKING = 2


@dataclass(frozen=True, slots=True)
class Missing:
    """A campaign of ours that a complete listing did not have."""

    id: int
    remote_id: str
    title: str
    misses: int
    sync_state: str

    @property
    def may_be_gone(self) -> bool:
        """Whether it is time to look for it. One that needs somebody says so, and goes on to."""
        return self.misses >= MISSES_BEFORE_LOOKING and self.sync_state == CONFIRMED


def find_missing(
    connection_id: int, before: int, was_listed: Callable[[str], bool]
) -> tuple[list[Missing], int]:
    """Campaigns last written before observation ``before`` and not listed; and how many we hold.

    Those already known to be gone are neither.
    """
    query = (
        select(
            Campaign.id,
            Campaign.remote_id,
            Campaign.title,
            Campaign.missed_runs,
            Campaign.observed,
            Campaign.sync_state,
        )
        .where(
            Campaign.connection_id == connection_id,
            Campaign.remote_id.is_not(None),
            Campaign.sync_state != GONE,
        )
        .execution_options(yield_per=2000)
    )
    held, missing = 0, []
    with reading():
        for id_, remote_id, title, misses, observed, state in db.session.execute(query):
            held += 1
            if remote_id and observed < before and not was_listed(remote_id):
                missing.append(Missing(id_, remote_id, title, misses + 1, state))
        db.session.rollback()
    return missing, held


def brake(
    missing: Sequence[Missing], held: int, listed: int, approved: Collection[int] = ()
) -> str | None:
    """Why nothing may be concluded from this listing, or ``None``.

    ``approved`` are campaigns that somebody has accepted as missing: they do not count.
    """
    rest = [each for each in missing if each.id not in approved]
    if held and not listed and (rest or not missing):
        return f"Megaphone listed no campaign at all, and we hold {held:,}."
    if len(rest) > MISSING_SHARE * held:
        return f"{len(rest):,} of {held:,} campaigns were missing from Megaphone's list at once."
    due = sum(1 for each in rest if each.may_be_gone)
    most = max(GONE_LEAST, int(GONE_SHARE * held))
    if due > most:
        return f"{due:,} campaigns would be marked as gone at once; the most is {most:,}."
    return None


def too_short(connection_id: int, listed: int) -> str | None:
    """Why a listing of so many campaigns proves nothing of one that it did not have, or ``None``.

    Those that the last whole listing did not have either are not expected in this one.
    """
    expected = db.session.scalar(
        select(func.count())
        .select_from(Campaign)
        .where(
            Campaign.connection_id == connection_id,
            Campaign.remote_id.is_not(None),
            Campaign.sync_state != GONE,
            Campaign.missed_runs == 0,
        )
    )
    if not expected or expected - listed <= MISSING_SHARE * expected:
        return None
    return f"Megaphone listed {listed:,} campaigns, and we hold {expected:,}: that proves nothing."


def count_misses(campaign_ids: Sequence[int]) -> None:
    """Remember one more miss of each, in one statement."""
    if campaign_ids:
        miss = (
            update(Campaign)
            .where(Campaign.id == bindparam("campaign"))
            .values(missed_runs=Campaign.missed_runs + 1)
        )
        in_order = [{"campaign": id_} for id_ in sorted(campaign_ids)]
        db.session.connection().execute(miss, in_order)


def look_for_gone(missing: list[Missing], pull: Pull, before_each: Callable[[], None]) -> int:
    """Read each campaign missed twice by its id; mark those not there. Returns how many.

    Those that it does not come to are looked for when they are missed again.
    """
    gone = 0
    for each in missing:
        if not each.may_be_gone:
            continue
        before_each()
        with transaction():
            may_look = breaker.may_start(pull.connection_id, pull.clock())
        if not may_look:
            break
        gone += _look(each, pull)
    return gone


def _look(each: Missing, pull: Pull) -> bool:
    """Whether it is gone. Raises ``AuthFailed``: no other would be found either."""
    leave_database()
    marked = False
    try:
        pull.remote.get_campaign(each.remote_id)
    except AuthFailed:
        raise
    except AdServerError as error:
        # Only this one error is evidence; not knowing is none.
        with transaction():
            if isinstance(error, NotFound):
                marked = _mark_gone(each, pull.clock(), pull.run_id)
            breaker.heard(pull.connection_id, error, pull.clock())
    else:
        with transaction():
            breaker.succeeded(pull.connection_id)
    return marked


def _mark_gone(each: Missing, now: datetime, run_id: int) -> bool:
    marked = db.session.execute(
        update(Campaign)
        .where(
            Campaign.id == each.id,
            Campaign.remote_id == each.remote_id,
            Campaign.sync_state == CONFIRMED,
            # Seen again in between, it starts anew.
            Campaign.missed_runs >= MISSES_BEFORE_LOOKING,
        )
        .values(sync_state=GONE, changed_at=now, version=Campaign.version + 1)
        .returning(Campaign.id)
    )
    if marked.scalar() is None:
        return False
    subject = Subject("campaign", each.id, each.title)
    db.session.execute(insert(AuditEvent), event_rows(MEGAPHONE, "gone", subject, at=now))
    db.session.execute(insert(PulledChange), [whole_record(run_id, each.id, GONE_THERE, now)])
    runs.progress(run_id, now, gone_count=1)
    return True
