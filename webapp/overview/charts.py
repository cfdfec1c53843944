"""The overview's charts, as ``components/chart.html`` draws them; each title states a finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from webapp.core.money import format_amount
from webapp.overview.queries import Day, Hour, Portfolio, Ranking

MOST_CURRENCIES = 4
WITHOUT = "No advertiser"
# A limit so many times as high as the highest column would leave nothing of the columns.
FAR_ABOVE = 8

Row = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Chart:
    """``marked`` is the part of each column that has another colour, and a word in its text."""

    id: str
    title: str
    caption: str
    rows: Sequence[Row]
    columns: tuple[str, str]
    marked: Sequence[int] = ()
    limit: int | None = None
    limit_text: str = ""


def rankings(portfolio: Portfolio) -> list[Chart]:
    """Campaigns by advertiser, then a budget chart for each of the most used currencies."""
    charts = [
        _bars(
            "campaigns",
            portfolio.campaigns,
            "of the active campaigns",
            "Active campaigns",
            lambda number: f"{number:,}",
        )
    ]
    for currency, ranking in list(portfolio.budgets.items())[:MOST_CURRENCIES]:
        charts.append(
            _bars(
                f"budget-{currency.lower()}",
                ranking,
                f"of the {currency} budget",
                f"Active budget, {currency}",
                partial(_money, currency),
            )
        )
    return charts


def left_out(portfolio: Portfolio) -> list[str]:
    """Currencies that have no chart of their own."""
    return list(portfolio.budgets)[MOST_CURRENCIES:]


def _money(currency: str, minor: int) -> str:
    return f"{currency} {format_amount(minor, currency)}"


def _bars(
    id_: str, ranking: Ranking, part: str, measure: str, write: Callable[[int], str]
) -> Chart:
    rows = [(share.name or WITHOUT, share.value, write(share.value)) for share in ranking.shares]
    title = f"Nothing yet {part}"
    if rows and ranking.total:
        title = f"{rows[0][0]} holds {_percent(rows[0][1], ranking.total)} {part}"
    shown = f"The {len(rows)} largest of {ranking.advertisers:,} advertisers"
    if ranking.advertisers <= len(rows):
        shown = "All advertisers" if len(rows) > 1 else "One advertiser"
    caption = f"{shown}; {write(ranking.total)} in all."
    return Chart(f"chart-{id_}", title, caption, rows, ("Advertiser", measure))


def _percent(part: int, total: int) -> str:
    share = 100 * part / total
    return f"{share:.0f} %" if share >= 1 else "less than 1 %"


def daily(days: Sequence[Day]) -> list[Chart]:
    """Campaigns booked and changed each day."""
    return [
        _columns("booked", "booked", [(day, day.booked) for day in days]),
        _columns("changed", "last changed", [(day, day.changed) for day in days]),
    ]


def _columns(id_: str, verb: str, counts: Sequence[tuple[Day, int]]) -> Chart:
    rows = [(f"{day.day:%-d %b}", number, f"{number:,}") for day, number in counts]
    total = sum(number for _, number in counts)
    title = f"No campaign was {verb} in {len(rows)} days"
    if total:
        best = max(rows, key=lambda row: row[1])
        title = f"{total:,} campaigns {verb} in {len(rows)} days, most on {best[0]} ({best[2]})"
    return Chart(f"chart-{id_}", title, "", rows, ("Day", f"Campaigns {verb}"))


def hourly(hours: Sequence[Hour], most_a_minute: int | None, zone: ZoneInfo) -> list[Chart]:
    """Sync runs, and calls against what may be made in an hour, if there is a limit."""
    names = [f"{hour.start.astimezone(zone):%H:%M}" for hour in hours]
    return [_runs(hours, names), _calls(hours, names, 60 * most_a_minute if most_a_minute else 0)]


def _runs(hours: Sequence[Hour], names: Sequence[str]) -> Chart:
    rows = [
        (name, hour.runs, f"{hour.runs:,}" + (f", {hour.short:,} fell short" if hour.short else ""))
        for name, hour in zip(names, hours, strict=True)
    ]
    caption = "A run falls short when it ends without having read everything."
    marked = [hour.short for hour in hours]
    title = _runs_title(sum(hour.runs for hour in hours), len(hours), marked, names)
    return Chart("chart-runs", title, caption, rows, ("Hour from", "Sync runs"), marked)


def _runs_title(total: int, hours: int, short: Sequence[int], names: Sequence[str]) -> str:
    if not total:
        return f"No sync run in {hours} hours"
    if not any(short):
        runs = "sync run" if total == 1 else "sync runs"
        return f"{total:,} {runs} in {hours} hours, none fell short"
    last = [name for name, number in zip(names, short, strict=True) if number][-1]
    return f"{sum(short):,} of {total:,} sync runs in {hours} hours fell short, last after {last}"


def _calls(hours: Sequence[Hour], names: Sequence[str], limit: int) -> Chart:
    rows = [(name, h.calls, f"{h.calls:,}") for name, h in zip(names, hours, strict=True)]
    best = max(rows, key=lambda row: row[1])
    is_near = limit and FAR_ABOVE * best[1] >= limit
    title = f"No request in {len(hours)} hours"
    if best[1]:
        share = f", {_percent(best[1], limit)} of the limit" if limit else ""
        title = f"{best[2]} requests in the busiest hour, from {best[0]}{share}"
    caption = "There is no limit."
    if limit:
        far = "" if is_near else ", far above what is drawn"
        caption = f"At most {limit:,} may be made in an hour{far}."
    drawn = (limit, f"limit {limit:,}") if is_near else (None, "")
    return Chart("chart-calls", title, caption, rows, ("Hour from", "Requests"), (), *drawn)
