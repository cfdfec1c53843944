"""How fast the campaign list answers, signed in, over HTTP, from one gunicorn worker."""

from benchmarks import options
from benchmarks.instance import ADVERTISERS, Instance, instance
from benchmarks.options import Options
from benchmarks.report import Cell, Report, Table
from benchmarks.visits import Visit, visits
from benchmarks.web import Visitor, middle_and_slow, serving

ABOUT = (
    "The campaign list, 50 rows a page, asked for one at a time over a kept-alive connection by "
    "somebody who is signed in; gunicorn with one worker of four threads. Milliseconds from asking "
    "to having the whole answer, so what the client itself needs is in them. *Floor* is a bare "
    "Flask page that renders 50 such rows from memory, *naive* the plainest list on the same "
    "tables (`ilike`, `count()`, `offset`), both served alike and in the same run. Floor, page and "
    "fragment (what a change of filter asks for) are asked for in turn, so that other work on the "
    "machine slows all three. *Times floor* is p50 of the whole page over that of the floor."
)
COLUMNS = (
    *("request", "p50", "p95", "floor p50", "times floor", "fragment p50", "naive p50"),
    "KiB on the wire",
)
WARM_UP = 3
# The naive list takes seconds: a few times tell.
NAIVE_REPEATS = 3
NAIVE_PATIENCE_MS = 3_000


def main() -> None:
    with options.read(__doc__ or "", sizes=[1_000, 10_000, 100_000], repeats=40) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"list_page{wish.results}",
        "The campaign list",
        f"{ABOUT} {ADVERTISERS} advertisers; {wish.repeats} requests of each kind.",
        wish.database,
    )
    for campaigns in wish.sizes:
        with instance(wish, "list", campaigns, empty=False, pulled=False) as made:
            made.fill()
            report.tables.append(_measure_one(made, wish.repeats))
    report.finish()


def _measure_one(made: Instance, repeats: int) -> Table:
    table = Table(f"{made.campaigns:,} campaigns: milliseconds", COLUMNS)
    with made.reading():
        found = visits()
    with (
        serving(made, "benchmarks.peers:floor()") as floor_address,
        serving(made, "benchmarks.peers:naive()") as naive_address,
        serving(made) as address,
    ):
        floor, naive, visitor = (Visitor(a) for a in (floor_address, naive_address, address))
        visitor.sign_in()
        table.rows += [_row(each, floor, visitor, naive, repeats) for each in found]
    return table


def _row(
    visit: Visit, floor: Visitor, visitor: Visitor, naive: Visitor, repeats: int
) -> list[Cell]:
    path = visit.ours
    turns = [
        (floor.time("/campaigns"), visitor.time(path), visitor.time(path, fragment=True))
        for _ in range(WARM_UP + repeats)
    ]
    floors, pages, parts = zip(*turns[WARM_UP:], strict=True)
    least, _ = middle_and_slow(floors)
    middle, slow = middle_and_slow(pages)
    part, _ = middle_and_slow(parts)
    other = _naive(naive, visit.naive) if visit.naive else ""
    size = visitor.size(path) / 1024
    return [visit.name, middle, slow, least, middle / least, part, other, round(size, 1)]


def _naive(naive: Visitor, path: str) -> Cell:
    first = naive.time(path)
    if first > NAIVE_PATIENCE_MS:
        return round(first, 1)
    return middle_and_slow([naive.time(path) for _ in range(NAIVE_REPEATS)])[0]


if __name__ == "__main__":
    main()
