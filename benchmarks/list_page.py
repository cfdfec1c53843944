"""How fast the campaign list answers, signed in, over HTTP, from one gunicorn worker."""

from sqlalchemy import func, select

from benchmarks import options
from benchmarks.instance import ADVERTISERS, Instance, instance
from benchmarks.options import Options
from benchmarks.pull import one_pull
from benchmarks.report import Report, Table
from benchmarks.visits import visits
from benchmarks.web import Visitor, middle_and_slow, serving
from webapp.campaigns.models import Campaign
from webapp.core.db import db

ABOUT = (
    "The campaign list, 50 rows a page, asked for one at a time over a kept-alive connection by "
    "somebody who is signed in; gunicorn with one worker of four threads. Milliseconds from asking "
    "to having the whole answer, so what the client itself needs is in them: compare with the "
    "reference rows, measured in the same run. *Page* is the whole page, *fragment* what htmx asks "
    "for when a filter changes."
)
COLUMNS = ("request", "page p50", "page p95", "fragment p50", "fragment p95", "page KiB")
WARM_UP = 10


def main() -> None:
    with options.read(__doc__ or "", sizes=[100_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"list_page{wish.suffix}",
        "The campaign list",
        f"{ABOUT} {ADVERTISERS} advertisers; {wish.repeats} requests of each kind.",
        wish.database,
    )
    for campaigns in wish.sizes:
        with instance(wish, "list", campaigns, empty=False) as made:
            fill(made)
            report.tables.append(_measure_one(made, wish.repeats))
    report.finish()


def fill(made: Instance) -> None:
    """Pull all campaigns, unless they are there already."""
    with made.reading():
        held = db.session.scalar(select(func.count()).select_from(Campaign))
    if held != made.campaigns:
        one_pull(made)


def _measure_one(made: Instance, repeats: int) -> Table:
    table = Table(f"{made.campaigns:,} campaigns: milliseconds", COLUMNS)
    with made.reading():
        found = visits()
    with serving(made) as address:
        visitor = Visitor(address)
        table.rows += [
            _reference(visitor, f"reference: {path}", path, repeats)
            for path in ("/healthz", "/sign-in")
        ]
        visitor.sign_in()
        table.rows += [_time(visitor, name, path, repeats) for name, path in found]
    return table


def _reference(visitor: Visitor, name: str, path: str, repeats: int) -> list[str | int | float]:
    size = len(visitor.get(path).content)
    times = _times(visitor, path, repeats, fragment=False)
    return [name, *middle_and_slow(times), "", "", round(size / 1024, 1)]


def _time(visitor: Visitor, name: str, path: str, repeats: int) -> list[str | int | float]:
    size = len(visitor.get(path).content)
    whole = _times(visitor, path, repeats, fragment=False)
    fragment = _times(visitor, path, repeats, fragment=True)
    return [name, *middle_and_slow(whole), *middle_and_slow(fragment), round(size / 1024, 1)]


def _times(visitor: Visitor, path: str, repeats: int, *, fragment: bool) -> list[float]:
    for _ in range(WARM_UP):
        visitor.get(path, fragment=fragment)
    return [visitor.time(path, fragment=fragment) for _ in range(repeats)]


if __name__ == "__main__":
    main()
