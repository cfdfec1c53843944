"""The words of a campaign's sync line: where its latest change is, and what to do, if anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.campaigns.models import (
    CHECKING,
    CONFIRMED,
    CONFLICT,
    GONE,
    PARKED,
    PROBING,
    READY,
    REFUSED,
    REJECTED,
    SENDING,
    SETTLING,
    STUCK,
    WAITING,
    Campaign,
    Change,
)

SOON = timedelta(seconds=10)
# How long an unknown outcome is left to settle before it is looked for.
CHECK_TIME = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class SyncLine:
    """``words`` name the state, ``more`` is a sentence about it. ``live``: it changes by itself."""

    state: str
    words: str
    more: str | None = None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the line depends on. ``latest`` is the newest change in each state.

    ``paused`` is why the connection waits, if it does.
    """

    campaign: Campaign
    latest: Mapping[str, Change]
    now: datetime
    zone: ZoneInfo
    paused: str | None = None
    gone_at: datetime | None = None


def describe(situation: Situation) -> SyncLine:
    return _LINES[situation.campaign.sync_state](situation)


def _confirmed(it: Situation) -> SyncLine:
    return SyncLine(CONFIRMED, f"Confirmed by Megaphone{_at(it, it.campaign.synced_at)}")


def _waiting(it: Situation) -> SyncLine:
    if it.paused:
        words = "Waiting, nothing is sent while Megaphone is paused"
        return SyncLine(WAITING, words, it.paused, live=True)
    change = it.latest.get(READY)
    left = change.next_attempt_at - it.now if change else timedelta(0)
    soon = "a moment" if left < SOON else _about(left)
    why = change.last_error if change else None
    return SyncLine(WAITING, f"Waiting, sends in {soon}", why, live=True)


def _sending(_it: Situation) -> SyncLine:
    return SyncLine(SENDING, "Sending to Megaphone", live=True)


def _checking(it: Situation) -> SyncLine:
    change = it.latest.get(SETTLING) or it.latest.get(PROBING)
    until = change.settle_until if change else None
    left = max(until - it.now, timedelta(0)) if until else CHECK_TIME
    words = f"Checking with Megaphone whether it arrived, about {_about(left)}"
    return SyncLine(CHECKING, words, live=True)


def _refused(it: Situation) -> SyncLine:
    reason = _reason(it, REJECTED, "Megaphone gave no reason")
    return SyncLine(REFUSED, "Refused", f"{reason} Edit to mend it.")


def _conflict(it: Situation) -> SyncLine:
    return SyncLine(CONFLICT, f"Conflict in {it.campaign.sync_detail or 'a field'}")


def _parked(it: Situation) -> SyncLine:
    return SyncLine(PARKED, "Needs you", _reason(it, STUCK, "Megaphone never confirmed this"))


def _gone(it: Situation) -> SyncLine:
    since = _at(it, it.gone_at or it.campaign.changed_at)
    return SyncLine(GONE, f"Gone from Megaphone since{since}")


_LINES: dict[str, Callable[[Situation], SyncLine]] = {
    CONFIRMED: _confirmed,
    WAITING: _waiting,
    SENDING: _sending,
    CHECKING: _checking,
    REFUSED: _refused,
    CONFLICT: _conflict,
    PARKED: _parked,
    GONE: _gone,
}


def _at(it: Situation, when: datetime | None) -> str:
    """A blank and ``14:02``, with the day where it is not today."""
    if when is None:
        return ""
    local = when.astimezone(it.zone)
    if local.date() == it.now.astimezone(it.zone).date():
        return f" {local:%H:%M}"
    return f" {local:%-d %b %Y %H:%M}"


def _about(left: timedelta) -> str:
    return f"{max(1, round(left.total_seconds() / 60))} min"


def _reason(it: Situation, state: str, otherwise: str) -> str:
    change = it.latest.get(state)
    reason = (change.last_error if change else None) or it.campaign.sync_detail or otherwise
    return reason.rstrip(".") + "."
