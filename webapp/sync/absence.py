"""What a complete listing says of records that were not in it.

Absence is weak evidence: rows can be hidden, filtered or shifted. So one miss only counts, the
second one makes us read the record by its id, and only a 404 there means that it is gone. When too
much is missing at once, nothing is concluded at all (the brake).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from webapp.adservers.base import AdServer
from webapp.adservers.errors import AdServerError, NotFound
from webapp.audit.models import AuditEvent
from webapp.audit.service import Subject, event_rows
from webapp.campaigns.models import CONFIRMED, GONE, Campaign
from webapp.core.clock import Clock
from webapp.core.db import db, reading, transaction
from webapp.sync.campaign_pages import MEGAPHONE
from webapp.sync.observations import leave_database

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


def brake(missing: list[Missing], held: int, listed: int) -> str | None:
    """Why nothing may be concluded from this listing, or ``None``."""
    if held and not listed:
        return f"Megaphone listed no campaign at all, and we hold {held:,}."
    if len(missing) > MISSING_SHARE * held:
        return f"{len(missing):,} of {held:,} campaigns were missing from Megaphone's list at once."
    due = sum(1 for each in missing if each.may_be_gone)
    most = max(GONE_LEAST, int(GONE_SHARE * held))
    if due > most:
        return f"{due:,} campaigns would be marked as gone at once; the most is {most:,}."
    return None


def count_misses(campaign_ids: Sequence[int]) -> None:
    """Remember one more miss of each, in one statement."""
    if campaign_ids:
        miss = (
            update(Campaign)
            .where(Campaign.id == bindparam("campaign"))
            .values(missed_runs=Campaign.missed_runs + 1)
        )
        db.session.connection().execute(miss, [{"campaign": id_} for id_ in campaign_ids])


def look_for_gone(
    missing: list[Missing], remote: AdServer, clock: Clock, before_each: Callable[[], None]
) -> int:
    """Read each campaign missed twice by its id; mark those not there. Returns how many."""
    gone = 0
    for each in missing:
        if not each.may_be_gone:
            continue
        before_each()
        leave_database()
        try:
            remote.get_campaign(each.remote_id)
        except NotFound:
            with transaction():
                gone += _mark_gone(each, clock())
        except AdServerError:
            # Not knowing is no evidence: it is looked for again when it is missed again.
            continue
    return gone


def _mark_gone(each: Missing, now: datetime) -> int:
    marked = db.session.execute(
        update(Campaign)
        .where(Campaign.id == each.id, Campaign.sync_state == CONFIRMED)
        .values(sync_state=GONE, changed_at=now, version=Campaign.version + 1)
    )
    if marked.rowcount:  # type: ignore[attr-defined]
        subject = Subject("campaign", each.id, each.title)
        db.session.add_all(
            AuditEvent(**row) for row in event_rows(MEGAPHONE, "gone", subject, at=now)
        )
    return int(marked.rowcount)  # type: ignore[attr-defined]
