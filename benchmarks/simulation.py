"""How many schedules of faults the simulation plays and judges in a second, on one core."""

import tempfile
import time
from pathlib import Path

from benchmarks import options
from benchmarks.options import Options
from benchmarks.report import Report, Table, percentile
from tests.proof.schedule import run
from tests.proof.stage import PostgresRows, SqliteCopy, open_stage
from tests.support.databases import PostgresDatabase, SqliteTemplate
from tests.support.sizes import SHORT_SEED

ABOUT = (
    "Each schedule is made from its number: operators, two workers, the ad server's own people, a "
    "network that loses and delays, crashes between any two steps. Then faults end, what is open "
    "is finished, and every invariant is checked. The real code, no socket and no waiting; the "
    "database lies in memory."
)
COLUMNS = ("schedules", "a second", "p50 ms", "p95 ms", "violations")
MEMORY = Path("/dev", "shm")


def main() -> None:
    with options.read(__doc__ or "", sizes=[200]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(f"simulation{wish.results}", "Schedules of faults", ABOUT, wish.database)
    where = MEMORY if MEMORY.is_dir() else wish.folder
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        report.tables += [_measure_one(wish, folder, number) for number in wish.sizes]
    report.finish()


def _measure_one(wish: Options, folder: Path, number: int) -> Table:
    table = Table("Played and judged", COLUMNS)
    times: list[float] = []
    violations = 0
    with open_stage(_database(wish, folder), folder) as stage:
        for seed in range(SHORT_SEED, SHORT_SEED + number):
            began = time.perf_counter()
            violations += len(run(stage, seed).violations)
            times.append(time.perf_counter() - began)
    milliseconds = [each * 1000 for each in times]
    spread = (percentile(milliseconds, 0.5), percentile(milliseconds, 0.95))
    table.rows.append((number, number / sum(times), *spread, violations))
    return table


def _database(wish: Options, folder: Path) -> SqliteCopy | PostgresRows:
    if wish.postgres:
        return PostgresRows(PostgresDatabase(wish.postgres, folder))
    return SqliteCopy(SqliteTemplate(folder), folder)


if __name__ == "__main__":
    main()
