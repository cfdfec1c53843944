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
    "tables (`ilike`, `count()`, `offset`), both served alike and in the same run. *Times floor* "
    "is p50 of the whole page over that of the floor; the *fragment* is what a change of filter "
    "asks for."
)
COLUMNS = ("request", "p50", "p95", "times floor", "fragment p50", "naive p50", "KiB on the wire")
WARM_UP = 5
# The naive list takes seconds: a few times tell.
NAIVE_REPEATS = 3
NAIVE_PATIENCE_MS = 3_000


def main() -> None:
    with options.read(__doc__ or "", sizes=[1_000, 10_000, 100_000], repeats=40) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"list_page{wish.suffix}",
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
        least, _ = middle_and_slow(_times(floor, "/campaigns", repeats, fragment=False))
        size = len(floor.get("/campaigns").content)
        table.rows.append(["floor", least, "", 1.0, "", "", round(size / 1024, 1)])
        table.rows += [_row(each, visitor, naive, least, repeats) for each in found]
        again, _ = middle_and_slow(_times(floor, "/campaigns", repeats, fragment=False))
        table.rows.append(["floor, at the end", again, "", again / least, "", "", ""])
    return table


def _row(visit: Visit, visitor: Visitor, naive: Visitor, least: float, repeats: int) -> list[Cell]:
    middle, slow = middle_and_slow(_times(visitor, visit.ours, repeats, fragment=False))
    part, _ = middle_and_slow(_times(visitor, visit.ours, repeats, fragment=True))
    size = visitor.size(visit.ours) / 1024
    other = _naive(naive, visit.naive) if visit.naive else ""
    return [visit.name, middle, slow, middle / least, part, other, round(size, 1)]


def _naive(naive: Visitor, path: str) -> Cell:
    first = naive.time(path)
    if first > NAIVE_PATIENCE_MS:
        return round(first, 1)
    return middle_and_slow([naive.time(path) for _ in range(NAIVE_REPEATS)])[0]


def _times(visitor: Visitor, path: str, repeats: int, *, fragment: bool) -> list[float]:
    for _ in range(WARM_UP):
        visitor.get(path, fragment=fragment)
    return [visitor.time(path, fragment=fragment) for _ in range(repeats)]


if __name__ == "__main__":
    main()
