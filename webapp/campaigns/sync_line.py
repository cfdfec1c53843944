"""The words of a campaign's sync line: where its latest change is, and what to do, if anything.

``verbs`` of a line are what can be done there and then: undo, release, find out, settle, book.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.campaigns.models import (
    CHECKING,
    CONFIRMED,
    CONFLICT,
    GONE,
    HELD,
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
from webapp.campaigns.queries import MADE_THERE
from webapp.campaigns.said import Stop
from webapp.campaigns.state import NEVER_SENT

SOON = timedelta(seconds=10)
# How long an unknown outcome is left to settle before it is looked for.
CHECK_TIME = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class SyncLine:
    """``words`` name the state, ``more`` is a sentence about it. ``live``: look again soon.

    ``is_stopped``: nothing comes of it until somebody acts, who may do so at any moment.
    ``change_id`` is the change that ``verbs`` are about.
    """

    state: str
    words: str
    more: str | None = None
    live: bool = False
    verbs: tuple[str, ...] = ()
    change_id: int | None = None
    is_stopped: bool = False

    @property
    def is_moving(self) -> bool:
        """Whether it changes by itself."""
        return self.live and not self.is_stopped


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the line depends on. ``latest`` is the newest change in each state.

    ``stop`` is why nothing of the connection is sent, if so. ``is_silent``: it does not answer, and
    is tried once a minute only.
    """

    campaign: Campaign
    latest: Mapping[str, Change]
    now: datetime
    zone: ZoneInfo
    stop: Stop | None = None
    is_silent: bool = False
    gone_at: datetime | None = None


def describe(situation: Situation) -> SyncLine:
    return _LINES[situation.campaign.sync_state](situation)


def _confirmed(it: Situation) -> SyncLine:
    return SyncLine(CONFIRMED, f"Confirmed by Megaphone{_at(it, it.campaign.synced_at)}")


def _waiting(it: Situation) -> SyncLine:
    held = it.latest.get(HELD)
    if held:
        words = f"On hold by {held.held_by}" if held.held_by else "On hold"
        more = "Nothing of this campaign is sent until it is released."
        return SyncLine(WAITING, words, more, True, ("release", "undo"), held.id, True)
    change = it.latest.get(READY)
    words, why = _wait(it, change)
    verbs, change_id = (("undo",), change.id) if change else ((), None)
    is_stopped = it.stop is not None
    return SyncLine(WAITING, f"Waiting, {words}", why, True, verbs, change_id, is_stopped)


def _wait(it: Situation, change: Change | None) -> tuple[str, str | None]:
    if it.stop:
        return it.stop.words, it.stop.more
    why = change.last_error if change else None
    if it.is_silent:
        return "Megaphone does not answer", why or "It is tried once a minute; nothing is lost."
    due = change.next_attempt_at if change else it.now
    put_off = change.not_before if change else None
    if put_off and put_off > max(due, it.now):
        return f"sends at{_at(it, put_off)}", why
    left = due - it.now
    return f"sends in {'a moment' if left < SOON else _about(left)}", why


def _sending(_it: Situation) -> SyncLine:
    return SyncLine(SENDING, "Sending to Megaphone", live=True)


def _checking(it: Situation) -> SyncLine:
    change = it.latest.get(SETTLING) or it.latest.get(PROBING)
    until = change.settle_until if change else None
    left = max(until - it.now, timedelta(0)) if until else CHECK_TIME
    words = f"Checking with Megaphone whether it arrived, about {_about(left)}"
    settling = it.latest.get(SETTLING)
    if settling is None:
        return SyncLine(CHECKING, words, live=True)
    verbs = ("find out",)
    if it.stop:
        words = f"To be checked, {it.stop.words}"
        return SyncLine(CHECKING, words, it.stop.more, True, verbs, settling.id, True)
    return SyncLine(CHECKING, words, None, True, verbs, settling.id)


def _refused(it: Situation) -> SyncLine:
    reason = _reason(it, REJECTED, "Megaphone gave no reason")
    return SyncLine(REFUSED, "Refused", f"{reason} Edit to mend it.")


def _conflict(it: Situation) -> SyncLine:
    words = f"Conflict in {it.campaign.sync_detail or 'a field'}"
    return SyncLine(CONFLICT, words, is_stopped=it.stop is not None or HELD in it.latest)


def _parked(it: Situation) -> SyncLine:
    reason = _reason(it, STUCK, "Megaphone never confirmed this")
    if it.campaign.archived_at is None:
        return SyncLine(PARKED, "Needs you", reason, verbs=("settle",), is_stopped=True)
    change = it.latest.get(STUCK)
    # Of one that is there as another campaign, the archive is the end.
    is_settled = change is not None and change.error_code == MADE_THERE
    verbs = () if is_settled else ("settle",)
    return SyncLine(PARKED, "Parked", reason, verbs=verbs, is_stopped=True)


def _gone(it: Situation) -> SyncLine:
    if it.campaign.remote_id is None:
        why = it.campaign.sync_detail or NEVER_SENT
        return SyncLine(GONE, "Not in Megaphone", why, verbs=("book",))
    since = _at(it, it.gone_at or it.campaign.changed_at)
    return SyncLine(GONE, f"Gone from Megaphone since{since}", verbs=("settle",))


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
