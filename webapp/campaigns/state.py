"""What a campaign's sync state says, worked out from its conflicts and its changes."""

from webapp.audit import queries as audit
from webapp.campaigns import queries
from webapp.campaigns.fields import LABELS, changed_groups, snapshot
from webapp.campaigns.models import (
    CANCELLED,
    CHECKING,
    CLAIMED,
    CONFIRMED,
    CONFLICT,
    GONE,
    PARKED,
    PROBING,
    REFUSED,
    REJECTED,
    SENDING,
    SENT,
    SETTLING,
    STUCK,
    SUPERSEDED,
    WAITING,
    Campaign,
    Change,
)

NEVER_SENT = "Cancelled before it was sent."
NOT_THERE = (404, 410)


def refresh_sync_state(campaign: Campaign) -> None:
    """Make the campaign's sync state say what its conflicts and changes are."""
    conflicts = queries.open_conflicts(campaign)
    if conflicts:
        campaign.sync_state = CONFLICT
        campaign.sync_detail = ", ".join(LABELS[c.field_group] for c in conflicts)
        return
    unknown = None if campaign.remote_id else queries.unknown_create(campaign)
    states = queries.unfinished_states(campaign)
    trouble = unknown or (None if states else _trouble(campaign))
    campaign.sync_detail = trouble.last_error if trouble else None
    if trouble:
        campaign.sync_state = REFUSED if trouble.state == REJECTED else PARKED
    elif states:
        campaign.sync_state = _under_way(states)
    else:
        campaign.sync_state, campaign.sync_detail = _at_rest(campaign)


def _under_way(states: set[str]) -> str:
    # What is furthest on its way is what people wait for.
    shown = (SETTLING, CHECKING), (PROBING, CHECKING), (SENT, SENDING), (CLAIMED, SENDING)
    return next((words for state, words in shown if state in states), WAITING)


def _trouble(campaign: Campaign) -> Change | None:
    """The latest change that ended badly, while what it should have sent is still not agreed."""
    if not changed_groups(campaign.base or {}, snapshot(campaign)):
        return None
    ends = {REJECTED, STUCK} if campaign.remote_id else {REJECTED, STUCK, CANCELLED}
    ended = next((c for c in queries.changes_of(campaign) if c.state in ends), None)
    return None if ended is None or ended.state == CANCELLED else ended


def _at_rest(campaign: Campaign) -> tuple[str, str | None]:
    if campaign.remote_id is None:
        return GONE, NEVER_SENT
    return (GONE if _is_gone(campaign) else CONFIRMED), None


def _is_gone(campaign: Campaign) -> bool:
    """Whether the ad server was last seen without it."""
    back = audit.latest_action("campaign", campaign.id, "came back")
    heard = (c for c in queries.changes_of(campaign) if c.state not in (CANCELLED, SUPERSEDED))
    latest = next(heard, None)
    if latest and latest.state == STUCK and latest.last_status in NOT_THERE:
        ended = latest.finished_at
        return back is None or ended is None or back.at < ended
    if not campaign.missed_runs:
        return False
    gone = audit.latest_action("campaign", campaign.id, "gone")
    return gone is not None and (back is None or back.id < gone.id)
