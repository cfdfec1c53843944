"""What merging one page of listed campaigns works with, and what it collects to write at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from webapp.audit.models import AuditEvent
from webapp.audit.service import Actor
from webapp.campaigns.fields import Snapshot
from webapp.campaigns.models import Campaign, Change
from webapp.core.db import db
from webapp.sync.directory import IN_ONE, Directory
from webapp.sync.models import PulledChange

MEGAPHONE = Actor(label="Megaphone", source="sync")
# What a campaign says whose change found nothing to change there.
NOT_THERE = "It is no longer in Megaphone, so this could not be changed there."
CHANGED, IN_CONFLICT, GONE_THERE, BACK = "changed", "conflict", "gone", "back"


@dataclass
class PageResult:
    """Counts of one page; the first three and what was set aside add up to the rows read."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    set_aside: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class PageContext:
    """What every row of a page is merged with; ``run_id`` is ``None`` when no run asks."""

    connection_id: int
    observation: int
    directory: Directory
    now: datetime
    run_id: int | None = None


@dataclass
class Collected:
    """What the rows of a page come to, in one statement each."""

    updates: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, object]] = field(default_factory=list)
    pulled: list[dict[str, Any]] = field(default_factory=list)

    def write(self) -> None:
        if self.updates:
            db.session.execute(update(Campaign), self.updates)
        if self.changes:
            db.session.execute(insert(Change), self.changes)
        if self.events:
            db.session.execute(insert(AuditEvent).execution_options(**IN_ONE), self.events)
        if self.pulled:
            db.session.execute(insert(PulledChange).execution_options(**IN_ONE), self.pulled)


def pulled_rows(
    context: PageContext,
    campaign_id: int,
    kind: str,
    groups: Iterable[str],
    before: Snapshot,
    after: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """What a run's page shows of these groups, as rows for :class:`Collected`."""
    common = whole_record(context.run_id, campaign_id, kind, context.now)
    return [
        common | {"field_group": group, "before": before.get(group), "after": after.get(group)}
        for group in groups
    ]


def whole_record(run_id: int | None, campaign_id: int, kind: str, now: datetime) -> dict[str, Any]:
    """The same of a record as a whole."""
    return {
        "run_id": run_id,
        "campaign_id": campaign_id,
        "at": now,
        "kind": kind,
        "field_group": None,
        "before": None,
        "after": None,
    }
