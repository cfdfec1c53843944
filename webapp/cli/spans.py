"""Arguments that are lengths of time (``30m``, ``24h``, ``7d``), or say when something ends."""

import re
from datetime import UTC, datetime, timedelta

import click

from webapp.api.tokens import LATEST
from webapp.core.clock import utc_now

UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_SPAN = re.compile(r"(\d{1,3})([mhdwy])")


class Span(click.ParamType[timedelta]):
    """A length of time; 0 is none."""

    name = "span"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = _SPAN.fullmatch(value)
        if found is None and value != "0":
            self.fail(f"“{value}” is no length of time such as 30m, 24h or 7d.", param, ctx)
        return int(found[1]) * UNITS[found[2]] if found else timedelta(0)


class Expiry(click.ParamType["datetime | None"]):
    """When something ends: after a length of time, at the end of a day (UTC), or never."""

    name = "expiry"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | None:
        if isinstance(value, datetime) or value == "never":
            return None if isinstance(value, str) else value
        try:
            day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            return utc_now() + Span().convert(value, param, ctx)
        if day > LATEST:
            self.fail(f"The latest day is {LATEST:%Y-%m-%d}. Or say never.", param, ctx)
        return day + UNITS["d"]
