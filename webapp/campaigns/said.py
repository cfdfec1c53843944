"""What an operator is told after saving: not that it was sent, but what will become of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.campaigns import pending, queries
from webapp.campaigns.fields import LABELS
from webapp.campaigns.models import HELD, Campaign
from webapp.connections import queries as connections
from webapp.connections.models import PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.web.filters import absolute

BOOKED, SAVED = "Booked here.", "Saved here."
# Nothing that was changed is the ad server's business.
KEPT = "Saved here. There is nothing new to send."
ON_ITS_WAY = {
    BOOKED: "It is on its way to Megaphone.",
    SAVED: "What changed is on its way to Megaphone.",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing of a connection is sent. ``words`` name it, ``more`` is the reason given."""

    words: str
    more: str


def after_saving(campaign: Campaign, done: str = SAVED) -> tuple[str, str]:
    """The sentence, and its tone."""
    if done == KEPT:
        return KEPT, "ok"
    conflicts = queries.open_conflicts(campaign)
    waits = _why_it_waits(campaign)
    if conflicts:
        names = joined(LABELS[conflict.field_group] for conflict in conflicts)
        return f"{done} Not sent until it is decided: {names}, in conflict with Megaphone.", "warn"
    if waits:
        return f"{done} {waits}", "warn"
    if not pending.waiting_changes(campaign):
        return f"{done} There is nothing new to send.", "ok"
    return f"{done} {ON_ITS_WAY[done]}", "ok"


def stop_of(campaign: Campaign) -> Stop | None:
    """Whether an operator or an error keeps the campaign's connection from sending."""
    connection = connection_of(campaign)
    if connection is None:
        return None
    if connection.held_at:
        words = f"all sending was paused by {connection.held_by}"
        return Stop(words, connection.hold_reason or "No reason was given.")
    return _pause_of(connection, "nothing is sent while Megaphone is paused")


def stop_of_asking(campaign: Campaign) -> Stop | None:
    """The same of asking the ad server, which goes on while an operator keeps it from sending."""
    connection = connection_of(campaign)
    return _pause_of(connection, "nothing is asked while Megaphone is paused")


def _pause_of(connection: Connection | None, words: str) -> Stop | None:
    if connection is None or connection.state != PAUSED:
        return None
    return Stop(words, connection.state_reason or "Its connection has to be mended.")


def connection_of(campaign: Campaign) -> Connection | None:
    return next(
        (c for c in connections.shown_connections() if c.id == campaign.connection_id), None
    )


def joined(names: Iterable[str]) -> str:
    """``title, budget and ad copy``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _why_it_waits(campaign: Campaign) -> str | None:
    waiting = pending.waiting_changes(campaign)
    if not waiting:
        return None
    held = next((change for change in waiting if change.state == HELD), None)
    if held:
        return f"It joins a change that {held.held_by} has put on hold, and is sent when released."
    if campaign.remote_id is None and queries.unknown_create(campaign):
        return "It is sent when it is settled whether the booking arrived."
    stop = stop_of(campaign)
    if stop:
        return f"It waits: {stop.words}. {stop.more}"
    later = [change.not_before for change in waiting if change.not_before]
    if later and max(later) > utc_now():
        return f"It is sent at {absolute(max(later))}, as was set before."
    return None
