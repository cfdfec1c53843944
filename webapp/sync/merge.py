"""Three-way merge of a campaign's field groups. Pure: no database, no clock.

*ours* is what the operator wants, *theirs* what the ad server has, *base* what both last agreed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webapp.campaigns.fields import GROUPS, Snapshot


@dataclass(frozen=True)
class Merged:
    """``take``: theirs replaces ours. ``conflicts``: both moved apart. ``base``: now agreed."""

    base: Snapshot
    take: Snapshot = field(default_factory=dict)
    conflicts: Snapshot = field(default_factory=dict)


def merge(base: Mapping[str, Any] | None, ours: Snapshot, theirs: Snapshot) -> Merged:
    """Merge group by group; a group in conflict keeps ours and its old base.

    Without a base nothing was ever agreed: a difference then counts as changed on both sides.
    """
    known = base or {}
    merged = Merged(base=dict(known))
    for group in GROUPS:
        mine, other = ours[group], theirs[group]
        if other == mine:
            merged.base[group] = other
        elif group in known and other == known[group]:
            continue
        elif group in known and mine == known[group]:
            merged.take[group] = merged.base[group] = other
        else:
            merged.conflicts[group] = other
    return merged


def still_to_send(base: Mapping[str, Any], ours: Snapshot, in_conflict: set[str]) -> Snapshot:
    """Our groups that differ from what was agreed and are in no conflict."""
    return {
        group: ours[group]
        for group in GROUPS
        if group not in in_conflict and (group not in base or base[group] != ours[group])
    }
