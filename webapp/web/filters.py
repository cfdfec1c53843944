"""Template filters: money and time as people read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request
from markupsafe import Markup, escape

from webapp.core.clock import utc_now
from webapp.core.money import format_amount

MINUTE, HOUR, DAY = 60, 3600, 86_400
HALF_A_YEAR = timedelta(days=180)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# What an address may hold as it is.
KEPT_PLAIN = "!$'()*,/:;?@"


def init_app(app: Flask) -> None:
    app.add_template_filter(amount)
    app.add_template_filter(relative)
    app.add_template_filter(absolute)
    app.add_template_filter(count)
    app.add_template_filter(options)
    app.add_template_filter(duration)
    app.add_template_filter(sentence)
    app.add_template_filter(at_this_address)
    app.add_template_test(over)


def at_this_address(arguments: Mapping[str, Any]) -> str:
    """The page being shown, with these arguments: a list has dozens of such links."""
    path = quote(f"{request.root_path}{request.path}")
    given = {name: value for name, value in arguments.items() if value is not None}
    return f"{path}?{urlencode(given, safe=KEPT_PLAIN)}" if given else path


def amount(minor: int, currency: str | None) -> str:
    """Minor units as ``1,234.56``."""
    return format_amount(minor, currency or "USD")


def options(choices: Iterable[tuple[int, str]], chosen: int) -> Markup:
    """The options of a select in one piece.

    Of hundreds, a template's loop would take as long as the rest of the page.
    """
    parts = (
        f'<option value="{value}"{" selected" if value == chosen else ""}>{escape(words)}</option>'
        for value, words in choices
    )
    return Markup("\n".join(parts))  # noqa: S704  # nosec B704


def count(number: int) -> str:
    return f"{number:,}"


def duration(seconds: float | None) -> str:
    """``95`` as ``1 min 35 s``."""
    if seconds is None:
        return "–"
    if 0 < seconds < 10 and not float(seconds).is_integer():
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s"


@dataclass(frozen=True, slots=True)
class Reader:
    """Where and when somebody reads: asked once for the fifty times of a list."""

    zone: ZoneInfo
    now: datetime


def reader() -> Reader:
    return Reader(current_app.config["ZONE"], utc_now())


def relative(when: datetime, of: Reader | None = None) -> str:
    """``2 h ago``, ``in 3 days``, ``yesterday``; a date beyond a month."""
    of = of or reader()
    zone, now = of.zone, of.now
    seconds = (now - when).total_seconds()
    if abs(seconds) < MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    days = (now.astimezone(zone).date() - when.astimezone(zone).date()).days
    if abs(seconds) < HOUR:
        text = f"{int(abs(seconds) // MINUTE)} min"
    elif abs(seconds) < 12 * HOUR or days == 0:
        text = f"{int(abs(seconds) // HOUR)} h"
    elif days == 1:
        return "yesterday"
    elif days == -1:
        return "tomorrow"
    elif abs(days) <= 30:
        text = f"{abs(days)} days"
    else:
        return f"{when.astimezone(zone):%-d %b %Y}"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def over(when: datetime) -> bool:
    """Whether a moment is over: what was to happen then is due."""
    return when <= utc_now()


def absolute(when: datetime, of: Reader | None = None, *, seconds: bool = False) -> str:
    """``12 Dec 09:00 EST``, with the year when it is not this one."""
    of = of or reader()
    local = when.astimezone(of.zone)
    year = "" if abs(of.now - when) < HALF_A_YEAR else f" {local.year}"
    second = f":{local.second:02}" if seconds else ""
    # Put together here: strftime takes three times as long, and a list has fifty of these.
    time = f"{local.hour:02}:{local.minute:02}{second} {local.tzname()}"
    return f"{local.day} {MONTHS[local.month - 1]}{year} {time}"


def sentence(words: str) -> str:
    """A capital at the beginning, and all that follows as it is: ``External ID``."""
    return words[:1].upper() + words[1:]
