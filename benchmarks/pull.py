"""How long a pull takes, and how many statements and how much memory: first, unchanged, changed."""

from typing import Any

from benchmarks import options
from benchmarks.instance import ADVERTISERS, AGENCIES, Instance, instance
from benchmarks.options import Options
from benchmarks.report import Report, Table

ABOUT = (
    "A pull from the sandbox over a socket, with its rate limit off, done by the worker's own code "
    "in a fresh process each. *Wall* is the whole pull, the sandbox's own time included; *CPU* is "
    "the pull's process alone. *Peak* is the process's largest resident size, *at start* what it "
    "had before the pull (interpreter, libraries, application). With SQLite that holds the pages "
    "of the database file that are mapped into memory, which are the system's to take back; *own* "
    "leaves out all files. Statements leave out BEGIN and COMMIT; there are 500 campaigns to a "
    "page."
)
COLUMNS = (
    "pull",
    "campaigns",
    "created",
    "updated",
    "wall s",
    "CPU s",
    "pages",
    "statements",
    "per page",
    "MiB at start",
    "peak MiB",
    "own at start",
    "own peak",
)
CHANGED_SHARE = 0.01
PAGE_SIZE = 500
MEMORY = ("baseline_mib", "peak_mib", "own_before_mib", "peak_own_mib")


def main() -> None:
    with options.read(__doc__ or "", sizes=[10_000, 100_000]) as wish:
        measure(wish)


def measure(wish: Options) -> None:
    report = Report(
        f"pull{wish.results}",
        "Pulling campaigns",
        f"{ABOUT} {ADVERTISERS} advertisers, {AGENCIES} agencies.",
        wish.database,
    )
    table = Table("Pulls", COLUMNS)
    for campaigns in wish.sizes:
        with instance(wish, "pull", campaigns) as made:
            _measure_one(made, table)
    report.tables.append(table)
    report.finish()


def _measure_one(made: Instance, table: Table) -> None:
    for name in ("first", "unchanged", "1 % changed"):
        if name.endswith("changed") and name != "unchanged":
            churn(made, int(made.campaigns * CHANGED_SHARE))
        outcome = one_pull(made)
        if outcome["created"] and name != "first":
            raise SystemExit(f"The {name} pull created rows: {outcome}")
        table.rows.append(_row(name, outcome))


def churn(made: Instance, edits: int) -> None:
    """Edit so many campaigns on Megaphone's side, scattered over the whole list."""
    made.sandbox.control("POST", "churn", {"edit": edits, "pick": "any", "seed": edits})


def one_pull(made: Instance) -> dict[str, Any]:
    outcome: dict[str, Any] = made.run("benchmarks.one_pull")
    if outcome["state"] != "complete":
        raise SystemExit(f"The pull did not complete: {outcome}")
    return outcome


def _row(name: str, outcome: dict[str, Any]) -> list[str | int | float]:
    pages = -(-outcome["read"] // PAGE_SIZE)
    return [
        name,
        outcome["read"],
        outcome["created"],
        outcome["updated"],
        round(outcome["seconds"], 2),
        round(outcome["cpu_seconds"], 2),
        pages,
        outcome["statements"],
        round(outcome["statements"] / pages, 1),
        *(round(outcome[name], 1) for name in MEMORY),
    ]


if __name__ == "__main__":
    main()
