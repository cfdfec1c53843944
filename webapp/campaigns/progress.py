"""Where a campaign's changes are, as its page shows it: the sync line, and what waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.advertisers import queries as advertisers
from webapp.audit import queries as audit
from webapp.audit.service import FieldChange
from webapp.campaigns import queries, sync_line
from webapp.campaigns.fields import (
    GROUPS,
    Snapshot,
    changed_groups,
    field_changes,
    readable,
    snapshot,
)
from webapp.campaigns.models import (
    APPLIED,
    CHECKING,
    CONFLICT,
    CREATE,
    GONE,
    HELD,
    NOT_SENT,
    WAITING,
    Campaign,
    Change,
    Conflict,
)
from webapp.campaigns.said import connection_of, stop_of, stop_of_asking
from webapp.campaigns.sync_line import Situation, SyncLine
from webapp.core.clock import utc_now
from webapp.web.settings import zone

# From so many failed calls in a row on, only one trial a minute is made.
SILENT_AFTER = 5


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One change with what it does. ``is_waiting``: it can still be held or taken back."""

    change: Change
    effects: Sequence[FieldChange]
    is_waiting: bool
    is_held: bool
    is_booking: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """``unconfirmed`` maps a group to what the ad server has there, where ours is another value."""

    line: SyncLine
    waiting: Sequence[Outgoing]
    confirmed: Outgoing | None
    unconfirmed: Mapping[str, str | None]


def progress_of(campaign: Campaign, conflicts: Sequence[Conflict]) -> Progress:
    """``conflicts`` are the campaign's open ones."""
    changes = queries.changes_of(campaign)
    waiting = [change for change in changes if change.state in NOT_SENT]
    applied = next((c for c in changes if c.state == APPLIED and c.before), None)
    ours, base = snapshot(campaign), campaign.base or {}
    # What was agreed, but for what the ad server changed itself since.
    there = {**base, **{each.field_group: each.theirs for each in conflicts}}
    open_groups = changed_groups(there, ours) if campaign.remote_id else []
    sides = [ours, base, there, *((applied.before or {}, applied.after or {}) if applied else ())]
    names = _names(campaign, sides)
    return Progress(
        _line(campaign, changes),
        [_outgoing(c, base, ours, names) for c in waiting],
        _confirmed(applied, names) if applied and not waiting else None,
        {group: readable(group, there.get(group), names) for group in open_groups},
    )


def line_of(campaign: Campaign) -> SyncLine:
    """The sync line alone."""
    return _line(campaign, queries.changes_of(campaign))


def _line(campaign: Campaign, changes: Sequence[Change]) -> SyncLine:
    stop, is_silent, gone = None, False, None
    now = utc_now()
    if campaign.sync_state == CONFLICT:
        stop = stop_of(campaign)
    elif campaign.sync_state == WAITING:
        stop = stop_of(campaign)
        connection = connection_of(campaign)
        is_silent = bool(connection and connection.failures >= SILENT_AFTER)
    elif campaign.sync_state == CHECKING:
        stop = stop_of_asking(campaign)
    elif campaign.sync_state == GONE and campaign.remote_id:
        gone = audit.latest_action("campaign", campaign.id, "gone")
    return sync_line.describe(
        Situation(
            campaign,
            latest={change.state: change for change in reversed(changes)},
            now=now,
            zone=zone(),
            stop=stop,
            is_silent=is_silent,
            gone_at=gone.at if gone else None,
        )
    )


def _outgoing(change: Change, base: Snapshot, ours: Snapshot, names: Mapping[int, str]) -> Outgoing:
    """Values are read when it is sent: what it does is the way from what is agreed to ours."""
    is_booking = change.kind == CREATE and not base
    groups = [g for g in GROUPS if g in change.fields and base.get(g) != ours[g]]
    return Outgoing(
        change,
        [each for each in field_changes(groups, base, ours, names) if each.after or not is_booking],
        is_waiting=True,
        is_held=change.state == HELD,
        is_booking=is_booking,
    )


def _confirmed(change: Change, names: Mapping[int, str]) -> Outgoing:
    before, after = change.before or {}, change.after or {}
    groups = [group for group in GROUPS if group in before]
    effects = field_changes(groups, before, after, names)
    return Outgoing(change, effects, is_waiting=False, is_held=False, is_booking=False)


def _names(campaign: Campaign, sides: Sequence[Snapshot]) -> Mapping[int, str]:
    own = campaign.advertiser
    known = {own.id: own.name} if own else {}
    ids = {each["advertiser"] for each in sides if each.get("advertiser")}
    return {**known, **advertisers.names_of(ids - known.keys())}
