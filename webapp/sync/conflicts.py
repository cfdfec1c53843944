"""Conflicts as rows: opened, redrawn when theirs moves on, closed when both agree again."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.campaigns.models import Conflict
from webapp.core.db import db
from webapp.sync.merge import Merged

AGREED, REDRAWN = "agreed", "redrawn"


def open_by_campaign(campaign_ids: Iterable[int]) -> dict[int, dict[str, Conflict]]:
    """Open conflicts by campaign and group: one statement for a page of campaigns."""
    query = select(Conflict).where(
        Conflict.campaign_id.in_(list(campaign_ids)), Conflict.decided_at.is_(None)
    )
    found: dict[int, dict[str, Conflict]] = {}
    for conflict in db.session.scalars(query):
        found.setdefault(conflict.campaign_id, {})[conflict.field_group] = conflict
    return found


def apply(
    campaign_id: int,
    merged: Merged,
    base: Mapping[str, Any] | None,
    known: Mapping[str, Conflict],
    observation: int,
    now: datetime,
) -> list[str]:
    """Bring the rows in line with a merge. Returns the groups whose conflict is new or redrawn.

    A decision names the row it was drawn from, so a redrawn conflict gets a new one.
    """
    fresh, closed = [], False
    for group, conflict in known.items():
        if group not in merged.conflicts:
            conflict.decided_at, conflict.decision = now, AGREED
            closed = True
        elif conflict.theirs != merged.conflicts[group]:
            conflict.decided_at, conflict.decision = now, REDRAWN
            closed = True
    if closed:
        # The unique index allows one open row a group: the old one has to go first.
        db.session.flush()
    for group, theirs in merged.conflicts.items():
        if group in known and known[group].decided_at is None:
            continue
        fresh.append(group)
        db.session.add(
            Conflict(
                campaign_id=campaign_id,
                field_group=group,
                base=(base or {}).get(group),
                theirs=theirs,
                observation=observation,
                seen_at=now,
            )
        )
    return fresh
