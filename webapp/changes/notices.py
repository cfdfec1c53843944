"""What stands above the list of changes: how long it takes, and what keeps all of it waiting."""

from collections.abc import Sequence

from flask import current_app

from webapp.changes.queries import Sending
from webapp.connections.models import ACTIVE, PAUSED, Connection
from webapp.core.clock import utc_now
from webapp.core.config import Settings
from webapp.sync import breaker, forecast
from webapp.web.filters import absolute, duration


def forecast_line(sending: Sequence[Sending]) -> str:
    """Such as ``212 waiting, about 8 min at 54 requests a minute; 3 on hold``."""
    settings: Settings = current_app.config["SETTINGS"]
    going = [each for each in sending if _goes_out(each.connection)]
    number = sum(each.waiting for each in going)
    parts = []
    if number:
        estimate = forecast.estimate(
            number,
            sum(each.bookings for each in going),
            settings.megaphone_requests_per_minute,
            is_pulling=any(each.is_pulling for each in going),
        )
        parts.append(f"{number:,} waiting, {estimate.words}")
    kept = sum(each.waiting for each in sending) - number
    counts = (
        (kept, "waiting while nothing is sent"),
        (sum(each.on_hold for each in sending), "on hold"),
        (sum(each.later for each in sending), "to be sent later"),
    )
    parts += [f"{count:,} {words}" for count, words in counts if count]
    return "; ".join(parts) or "Nothing waits to be sent"


def notices(sending: Sequence[Sending]) -> list[str]:
    """A sentence for each connection that sends nothing now. A pause is said on every page."""
    found = (_on_hold(each.connection) or _in_trouble(each.connection) for each in sending)
    return [text for text in found if text]


def _goes_out(connection: Connection) -> bool:
    is_answering = connection.failures < breaker.OPENS_AFTER
    return connection.state == ACTIVE and connection.held_at is None and is_answering


def _on_hold(connection: Connection) -> str | None:
    if connection.held_at is None:
        return None
    who = f" by {connection.held_by}" if connection.held_by else ""
    reason = f": {connection.hold_reason.rstrip('.')}" if connection.hold_reason else ""
    since = absolute(connection.held_at)
    return (
        f"All sending to {connection.name} was paused {since}{who}{reason}. "
        "Changes wait; none is lost."
    )


def _in_trouble(connection: Connection) -> str | None:
    if connection.state == PAUSED or connection.failures < breaker.OPENS_AFTER:
        return None
    left = (connection.trial_at - utc_now()).total_seconds() if connection.trial_at else 0
    when = f"in {duration(max(1, round(left)))}" if left > 0 else "in a moment"
    return (
        f"{connection.name} failed {connection.failures} times in a row. One call a minute tries "
        f"it, the next {when}. Changes wait; none is lost."
    )
