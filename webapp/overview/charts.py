"""The overview's charts, as ``components/chart.html`` draws them; each title states a finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from webapp.core.money import format_amount
from webapp.overview.queries import Day, Portfolio, Ranking

MOST_CURRENCIES = 4
WITHOUT = "No advertiser"

Row = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Chart:
    id: str
    title: str
    caption: str
    rows: Sequence[Row]
    columns: tuple[str, str]


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
