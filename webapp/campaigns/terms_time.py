"""Times in a query: ages (``<7d``), days, months and years, moments, ``today`` and ``yesterday``.

A text is read as a stretch of time first; what is asked for is a stretch too, from its first moment
to the first one after it, either of which may be open.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.core.query_errors import BadValue, nearest
from webapp.core.query_terms import RANGE, Value, quoted

Stretch = tuple[datetime | None, datetime | None]
EARLIEST_YEAR, LATEST_YEAR = 1900, 2999
LONGEST_AGE = timedelta(days=36_500)

UNITS = {
    "min": (timedelta(minutes=1), "minute"),
    "h": (timedelta(hours=1), "hour"),
    "d": (timedelta(days=1), "day"),
    "w": (timedelta(weeks=1), "week"),
    "mo": (timedelta(days=30), "month"),
    "y": (timedelta(days=365), "year"),
}
_DAYS_BACK = {"today": 0, "yesterday": 1}
_AGE = re.compile(r"(\d{1,5})([a-z]+)")
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)([Zz]|[+-]\d{2}:\d{2})?"
)
_OTHER_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Age:
    """So and so long ago: ``7d``."""

    number: int
    unit: str

    @property
    def length(self) -> timedelta:
        return self.number * UNITS[self.unit][0]

    @property
    def words(self) -> str:
        return f"{self.number} {UNITS[self.unit][1]}{'s' if self.number != 1 else ''}"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch that begins where the clock of a zone says so; ``words`` is how people read it."""

    words: str
    bounds: Callable[[datetime, ZoneInfo], tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Times:
    """A value as read: one end for a comparison, two for a range."""

    op: str
    ends: tuple[Age, ...] | tuple[Period, ...]

    def stretch(self, now: datetime, zone: ZoneInfo) -> Stretch:
        """The times asked for, from the first to the one after the last."""
        ages = [end.length for end in self.ends if isinstance(end, Age)]
        if ages:
            younger = self.op.startswith("<") or self.op == RANGE
            older = self.op.startswith(">") or self.op == RANGE
            return now - max(ages) if younger else None, now - min(ages) if older else None
        bounds = [end.bounds(now, zone) for end in self.ends if isinstance(end, Period)]
        (start, _), (_, end) = bounds[0], bounds[-1]
        return {
            ">": (end, None),
            ">=": (start, None),
            "<": (None, start),
            "<=": (None, end),
        }.get(self.op, (start, end))


def read_times(value: Value) -> Times:
    """Raises ``BadValue``."""
    ends = [_end(text, value) for text in (value.text, value.high) if text]
    ages = tuple(end for end in ends if isinstance(end, Age))
    periods = tuple(end for end in ends if isinstance(end, Period))
    if ages and periods:
        raise BadValue("A range goes between two dates or two ages, not one of each.")
    if ages and not value.op:
        words = ages[0].words
        message = f"{value.text} can be less or more than {words} ago. Type one of them."
        raise BadValue(message, f"<{value.text}", f">{value.text}")
    if len(periods) == 2:
        _refuse_backwards(periods, value)
    return Times(value.op, ages or periods)


def _end(text: str, value: Value) -> Age | Period:
    spelling = text.strip().lower()
    if spelling in _DAYS_BACK:
        return _day_back(spelling)
    for pattern, read in ((_AGE, _age), (_PERIOD, _period), (_MOMENT, _moment)):
        found = pattern.fullmatch(spelling) if spelling.isascii() else None
        if found:
            return read(found, value)
    other = _OTHER_DATE.fullmatch(spelling)
    meant = _dates_meant(other) if other else nearest(spelling, _DAYS_BACK)
    message = f"“{text}” is no time. Type a date such as 2026-01-31, or <7d for the last 7 days."
    raise BadValue(message, *[_instead(value, text, words) for words in meant])


def _age(found: re.Match[str], value: Value) -> Age:
    number, unit = int(found[1]), found[2]
    if unit == "m":
        meant = [_instead(value, found[0], f"{number}{unit}") for unit in ("min", "mo")]
        raise BadValue(f"{found[0]} can be minutes or months. Type min or mo.", *meant)
    known = {"hours": "h", "days": "d", "weeks": "w", "months": "mo", "years": "y"} | {
        u: u for u in UNITS
    }
    unit = known.get(unit) or known.get(f"{unit}s", unit)
    if unit not in UNITS:
        units = ", ".join(UNITS)
        near = [_instead(value, found[0], f"{number}{known[n]}") for n in nearest(unit, known)]
        raise BadValue(f"“{found[2]}” is no unit of time. Type one of {units}.", *near)
    if number * UNITS[unit][0] > LONGEST_AGE:
        raise BadValue(f"{found[0]} is longer ago than anything here. Type less.")
    return Age(number, unit)


def _period(found: re.Match[str], _value: Value) -> Period:
    year, month, day = (int(part) if part else None for part in found.groups())
    first = _date(found[0], year or 0, month or 1, day or 1)
    if day:
        return _days(first, first + timedelta(days=1), f"{first:%-d %b %Y}")
    if month:
        return _days(first, (first + timedelta(days=31)).replace(day=1), f"{first:%b %Y}")
    return _days(first, first.replace(year=first.year + 1), f"{first:%Y}")


def _date(text: str, year: int, month: int, day: int) -> date:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise BadValue(f"{text}: years go from {EARLIEST_YEAR} to {LATEST_YEAR} here.")
    try:
        return date(year, month, day)
    except ValueError:
        raise BadValue(f"There is no such date as {text}.") from None


def _days(first: date, after: date, words: str) -> Period:
    return Period(words, lambda _now, zone: (_midnight(first, zone), _midnight(after, zone)))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _day_back(spelling: str) -> Period:
    def bounds(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        day = now.astimezone(zone).date() - timedelta(days=_DAYS_BACK[spelling])
        return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)

    return Period(spelling, bounds)


def _moment(found: re.Match[str], _value: Value) -> Period:
    day, clock, seconds, fraction, offset = found.groups()
    _date(day, *[int(part) for part in day.split("-")])
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
    except ValueError:
        raise BadValue(f"There is no such time as {found[0].upper()}.") from None
    length = timedelta(microseconds=1) if fraction else timedelta(seconds=1)
    length = length if seconds else timedelta(minutes=1)

    def bounds(_now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        start = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        return start, start + length

    return Period(f"{moment:%-d %b %Y} {clock}{(offset or '').upper()}", bounds)


def _dates_meant(found: re.Match[str]) -> list[str]:
    """The dates that 31.1.2026, 1/2/2026 or 2026-1-5 may mean, as they are typed here."""
    first, sign, second, third = found.groups()
    orders = [(first, second, third)] if len(first) == 4 else [(third, second, first)]
    if len(first) < 4 and sign == "/":
        orders.append((third, first, second))
    meant = [f"{int(y):04d}-{int(m):02d}-{int(d):02d}" for y, m, d in orders if int(y) > 999]
    return [words for words in dict.fromkeys(meant) if _is_date(words)]


def _is_date(words: str) -> bool:
    try:
        return EARLIEST_YEAR <= date.fromisoformat(words).year <= LATEST_YEAR
    except ValueError:
        return False


def _refuse_backwards(periods: tuple[Period, ...], value: Value) -> None:
    # Which of two days comes first is the same in every zone, and from any day on.
    now, zone = datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC")
    is_dated = not {value.text.lower(), value.high.lower()} & _DAYS_BACK.keys()
    if is_dated and periods[0].bounds(now, zone)[0] > periods[1].bounds(now, zone)[0]:
        message = f"{value.text} is later than {value.high}. Type the earlier one first."
        raise BadValue(message, Value(value.high, RANGE, value.text).written())


def _instead(value: Value, text: str, words: str) -> str:
    """The whole value with other words for one of its ends."""
    low, high = (words if end == text else end for end in (value.text, value.high))
    return Value(low, value.op, high).written() if low else quoted(text)
